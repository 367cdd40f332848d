/** The network that predicts from a noised row and its time: a residual MLP for points. */
import { z } from "zod";
import { InputError } from "../../errors.ts";
import type { Layout, ParameterTree } from "../../nets/parameters.ts";
import { type ResidualMlp, residualMlp, residualMlpSpecs } from "../../nets/residual-mlp.ts";
import type { np } from "../../runtime/jax.ts";
import { type LabShape, rowLength } from "./lab-model.ts";

const count = z.number().int().positive();

export const denoiserSettings = {
  /** Width of the network. */
  hidden: count.default(256),
  /** Residual blocks. */
  blocks: count.default(3),
  /** Sines and cosines of the time. */
  timeFeatures: count.default(64),
};

export interface DenoiserNetwork {
  readonly layout: Layout;
  /** Takes ownership. z [B, D], t [B] → [B, D] */
  readonly apply: (parameters: ParameterTree, z: np.Array, t: np.Array) => np.Array;
}

export interface DenoiserSettings {
  readonly hidden: number;
  readonly blocks: number;
  readonly timeFeatures: number;
}

/** @throws InputError for symbols, which take a network that tells them apart */
export function denoiserNetwork(settings: DenoiserSettings, shape: LabShape): DenoiserNetwork {
  if (shape.kind === "symbols") throw new InputError("takes points or images, not symbols");
  const D = rowLength(shape);
  const config = { inputs: D, outputs: D, ...settings };
  return {
    layout: residualMlpSpecs("network", config),
    apply: (parameters, zt, t) =>
      residualMlp(config, (parameters as unknown as { readonly network: ResidualMlp }).network, zt, t),
  };
}

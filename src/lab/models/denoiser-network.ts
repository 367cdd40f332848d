/**
 * The network that predicts from a noised row and its time: a residual MLP for points; for images one too, which sees all
 * pixels at once and learns fastest what digits are, or an MLP-Mixer, which shares its weights over the image.
 */
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { count, depth, width } from "../../models/limits.ts";
import { type Mixer, mixer, mixerSpecs } from "../../nets/layers/mixer.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import { type ResidualMlp, residualMlp, residualMlpSpecs } from "../../nets/layers/residual-mlp.ts";
import type { ParameterTree } from "../../nets/layers/tensors.ts";
import type { np } from "../../platform/jax.ts";
import { type LabModelKind, type LabShape, rowLength } from "./lab-model.ts";

export const denoiserSettings = {
  /** Width of the network. */
  hidden: width.default(128),
  /** Residual blocks. */
  blocks: depth.default(3),
  /** Sines and cosines of the time. */
  timeFeatures: width.default(64),
  /** What sees images. */
  network: z.enum(["mlp", "mixer"]).default("mlp"),
  /** Side of the patches that the mixer cuts images into. */
  patch: count.default(4),
};

export interface DenoiserSettings {
  readonly hidden: number;
  readonly blocks: number;
  readonly timeFeatures: number;
  readonly network: "mlp" | "mixer";
  readonly patch: number;
}

/** What suits these networks. */
export const denoiserPresets = {
  points: { "training.learningRate": 3e-3, "training.emaDecay": 0.99, "training.epochs": 60 },
  images: {
    hidden: 512,
    "training.learningRate": 1e-3,
    "training.batchSize": 128,
    "training.epochs": 5,
    "training.emaDecay": 0.995,
    "training.clipping": "none",
    "training.validateEvery": 500,
  },
} satisfies LabModelKind["presets"];

/** Of points, for kinds that choose their sampler: its noise makes good for errors of earlier steps. */
export const fewNoisySteps = (presets: typeof denoiserPresets): NonNullable<LabModelKind["presets"]> => ({
  ...presets,
  points: { ...presets.points, sampler: "sde-dpm-solver", sampleSteps: 50 },
});

export interface DenoiserNetwork {
  readonly layout: Layout;
  /** Takes ownership. z [B, D], t [B] → [B, D] */
  readonly apply: (parameters: ParameterTree, z: np.Array, t: np.Array) => np.Array;
}

type Parameters = { readonly network: ResidualMlp & Mixer };

/** @throws InputError for symbols, and for images that the patches do not fill */
export function denoiserNetwork(settings: DenoiserSettings, shape: LabShape): DenoiserNetwork {
  const networkOf = (parameters: ParameterTree): Parameters["network"] =>
    (parameters as unknown as Parameters).network;
  if (shape.kind === "symbols")
    throw new InputError("a Gaussian diffusion takes points or images, not symbols");
  if (shape.kind === "points" || settings.network === "mlp") {
    const config = { ...settings, inputs: rowLength(shape), outputs: rowLength(shape) };
    return {
      layout: residualMlpSpecs("network", config),
      apply: (parameters, zt, t) => residualMlp(config, networkOf(parameters), zt, t),
    };
  }
  const { height, width } = shape;
  if (height % settings.patch !== 0 || width % settings.patch !== 0)
    throw new InputError(`patch = ${settings.patch} does not divide the ${height} × ${width} of the images`);
  const config = { ...settings, height, width };
  return {
    layout: mixerSpecs("network", config),
    apply: (parameters, zt, t) => mixer(config, networkOf(parameters), zt, t),
  };
}

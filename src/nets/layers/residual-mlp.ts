/**
 * A residual multilayer perceptron for rows, told a time: x and sinusoidal features of t enter a first layer, blocks
 * h ← h + W silu(h) + b follow, and a last layer leaves. All matrix products are over whole batches.
 */
import { np } from "../../platform/jax.ts";
import { silu } from "./mlp.ts";
import { type Layout, linearSpecs } from "./parameters.ts";
import { type Linear, linear } from "./tensors.ts";

export interface ResidualMlpConfig {
  readonly inputs: number;
  readonly outputs: number;
  readonly hidden: number;
  readonly blocks: number;
  /** Sines and cosines of the time; 0: the network is told no time. */
  readonly timeFeatures: number;
}

export type ResidualMlp = {
  readonly data: Linear;
  readonly time?: Linear;
  readonly blocks: readonly Linear[];
  readonly out: Linear;
};

export const residualMlpSpecs = (name: string, config: ResidualMlpConfig): Layout => [
  ...linearSpecs(`${name}.data`, config.inputs, config.hidden),
  ...(config.timeFeatures > 0 ? linearSpecs(`${name}.time`, config.timeFeatures, config.hidden) : []),
  ...Array.from({ length: config.blocks }, (_, k) =>
    linearSpecs(`${name}.blocks.${k}`, config.hidden, config.hidden),
  ).flat(),
  ...linearSpecs(`${name}.out`, config.hidden, config.outputs),
];

/** Takes ownership. x [B, inputs], t [B] of times in [0, 1], absent where the network is told none → [B, outputs] */
export function residualMlp(
  config: ResidualMlpConfig,
  network: ResidualMlp,
  x: np.Array,
  t?: np.Array,
): np.Array {
  let h = linear(network.data, x);
  if (network.time && t) h = h.add(linear(network.time, timeFeatures(t, config.timeFeatures)));
  for (const block of network.blocks) h = h.ref.add(linear(block, silu(h)));
  return linear(network.out, silu(h));
}

/**
 * Sines and cosines of t with frequencies from 1 to 1000 in equal ratios (Vaswani et al. 2017; Ho et al. 2020, with
 * their 1 … T as t T). Takes ownership. [B] → [B, count]
 */
export function timeFeatures(t: np.Array, count: number): np.Array {
  const half = Math.floor(count / 2);
  const frequencies = Float32Array.from({ length: half }, (_, k) => 1000 ** (k / Math.max(half - 1, 1)));
  const angles = t.reshape([t.shape[0], 1]).mul(np.array(frequencies, { shape: [1, half] }));
  return np.concatenate([np.sin(angles.ref), np.cos(angles)], 1);
}

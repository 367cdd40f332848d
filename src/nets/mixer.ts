/**
 * MLP-Mixer (Tolstikhin et al. 2021) for images, told a time: patches become tokens, and blocks mix them over the
 * image and over channels in turn. All of it is matrix products, which the CPU does best.
 */
import { nn, type np } from "../runtime/jax.ts";
import { silu } from "./mlp.ts";
import { type Layout, type Linear, linear, linearSpecs } from "./parameters.ts";
import { timeFeatures } from "./residual-mlp.ts";

export interface MixerConfig {
  readonly height: number;
  readonly width: number;
  /** Side of a patch; divides height and width. */
  readonly patch: number;
  /** Channels of a token. */
  readonly hidden: number;
  readonly blocks: number;
  readonly timeFeatures: number;
}

type MixerBlock = {
  readonly time: Linear;
  readonly tokens: readonly [Linear, Linear];
  readonly channels: readonly [Linear, Linear];
};

export type Mixer = {
  readonly patches: Linear;
  readonly position: np.Array;
  readonly blocks: readonly MixerBlock[];
  readonly out: Linear;
};

const tokenCount = ({ height, width, patch }: MixerConfig): number => (height / patch) * (width / patch);

export function mixerSpecs(name: string, config: MixerConfig): Layout {
  const { hidden: C, patch } = config;
  const N = tokenCount(config);
  return [
    ...linearSpecs(`${name}.patches`, patch * patch, C),
    { name: `${name}.position`, shape: [N, C], bound: 0.02 },
    ...Array.from({ length: config.blocks }, (_, k) => [
      ...linearSpecs(`${name}.blocks.${k}.time`, config.timeFeatures, C),
      ...linearSpecs(`${name}.blocks.${k}.tokens.0`, N, 2 * N),
      ...linearSpecs(`${name}.blocks.${k}.tokens.1`, 2 * N, N),
      ...linearSpecs(`${name}.blocks.${k}.channels.0`, C, 2 * C),
      ...linearSpecs(`${name}.blocks.${k}.channels.1`, 2 * C, C),
    ]).flat(),
    ...linearSpecs(`${name}.out`, C, patch * patch),
  ];
}

/** Takes ownership. x [B, height · width], t [B] in [0, 1] → [B, height · width] */
export function mixer(config: MixerConfig, network: Mixer, x: np.Array, t: np.Array): np.Array {
  const { height, width, patch, hidden: C } = config;
  const [rows, columns, B] = [height / patch, width / patch, x.shape[0]];
  const N = rows * columns;
  const time = timeFeatures(t, config.timeFeatures);
  const patches = x
    .reshape([B, rows, patch, columns, patch])
    .transpose([0, 1, 3, 2, 4])
    .reshape([B, N, patch * patch]);
  let h = linear(network.patches, patches).add(network.position); // [B, N, C]
  for (const block of network.blocks) {
    h = h.add(linear(block.time, time.ref).reshape([B, 1, C]));
    const across = nn.standardize(h.ref, -1).transpose([0, 2, 1]); // [B, C, N]
    const mixed = linear(block.tokens[1], silu(linear(block.tokens[0], across)));
    h = h.add(mixed.transpose([0, 2, 1]));
    const along = nn.standardize(h.ref, -1);
    h = h.add(linear(block.channels[1], silu(linear(block.channels[0], along))));
  }
  time.dispose();
  return linear(network.out, nn.standardize(h, -1))
    .reshape([B, rows, columns, patch, patch])
    .transpose([0, 1, 3, 2, 4])
    .reshape([B, height * width]);
}

/**
 * MLP-Mixer (Tolstikhin et al. 2021) for images, told a time: patches become tokens, and blocks mix them over the
 * image and over channels in turn. All of it is matrix products, which the CPU does best. Tokens come first, [N, B, C],
 * so that both mixings are one product without a transposition, and blank tokens make N a multiple of four: the
 * tensor library's gradients are twenty times slower where it is not.
 */
import { nn, np } from "../../platform/jax.ts";
import { silu } from "./mlp.ts";
import { type Layout, linearSpecs } from "./parameters.ts";
import { timeFeatures } from "./residual-mlp.ts";
import { type Linear, linear } from "./tensors.ts";

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

const patchCount = ({ height, width, patch }: MixerConfig): number => (height / patch) * (width / patch);
/** N: the patches and up to three blanks. */
const tokenCount = (config: MixerConfig): number => 4 * Math.ceil(patchCount(config) / 4);

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

/** A linear layer over the first axis. [inputs, n] → [outputs, n] */
const linearOfRows = ({ weight, bias }: Linear, x: np.Array): np.Array =>
  np.matmul(weight, x).add(bias.reshape([-1, 1]));

/** Takes ownership. x [B, height · width], t [B] in [0, 1] → [B, height · width] */
export function mixer(config: MixerConfig, network: Mixer, x: np.Array, t: np.Array): np.Array {
  const { height, width, patch, hidden: C } = config;
  const [rows, columns, B] = [height / patch, width / patch, x.shape[0]];
  const [P, N] = [patchCount(config), tokenCount(config)];
  const time = timeFeatures(t, config.timeFeatures);
  const patches = x
    .reshape([B, rows, patch, columns, patch])
    .transpose([1, 3, 0, 2, 4])
    .reshape([P, B, patch * patch]);
  const blanks = np.zeros([N - P, B, patch * patch], { dtype: patches.dtype });
  const tokens = N === P ? patches : np.concatenate([patches, blanks], 0);
  let h = linear(network.patches, tokens).add(network.position.reshape([N, 1, C])); // [N, B, C]
  for (const block of network.blocks) {
    h = h.add(linear(block.time, time.ref).reshape([1, B, C]));
    const across = nn.standardize(h.ref, -1).reshape([N, B * C]);
    const mixed = linearOfRows(block.tokens[1], silu(linearOfRows(block.tokens[0], across)));
    h = h.add(mixed.reshape([N, B, C]));
    const along = nn.standardize(h.ref, -1);
    h = h.add(linear(block.channels[1], silu(linear(block.channels[0], along))));
  }
  time.dispose();
  const patchesOut = N === P ? h : h.slice([0, P]);
  return linear(network.out, nn.standardize(patchesOut, -1))
    .reshape([rows, columns, B, patch, patch])
    .transpose([2, 0, 3, 1, 4])
    .reshape([B, height * width]);
}

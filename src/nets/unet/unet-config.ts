/** Sizes of the U-Net, and the order of its parameters. Needs no jax-js. */
import { glorotSpecs, type Layout, linearSpecs, type ParameterSpec } from "../layers/parameters.ts";

/** Sizes of a U-Net for images of one channel. */
export interface UnetConfig {
  readonly height: number;
  readonly width: number;
  /** Channels at each level, from the full size down; each level halves the image. Multiples of 16. */
  readonly channels: readonly number[];
  /** Sines and cosines of the time; a multiple of 16. */
  readonly timeFeatures: number;
  /** Width of the layers that read them; a multiple of 16. */
  readonly embedding: number;
}

/** Groups of the normalisations. */
export const UNET_GROUPS = 8;
/** Levels at most, as UNET_LEVELS in unet.h. */
export const MOST_LEVELS = 4;
/** What all widths are multiples of. */
export const WIDTH_UNIT = 16;

/** A residual block: the size of its image, its channels. */
export interface UnetBlock {
  readonly name: string;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
}

/** In the order in which they are computed: down, the middle, up with what was skipped beside it. */
export function unetBlocks({ height, width, channels }: UnetConfig): readonly UnetBlock[] {
  const last = channels.length - 1;
  const levels = channels.map((outputs, level) => ({
    level,
    outputs,
    size: { height: height >> level, width: width >> level },
  }));
  const down = levels.map(({ level, outputs, size }) => ({
    ...{ name: `down.${level}`, ...size, outputs },
    inputs: channels[Math.max(level - 1, 0)],
  }));
  const up = levels
    .map(({ level, outputs, size }) => ({
      ...{ name: `up.${last - level}`, ...size, outputs },
      inputs: channels[Math.min(level + 1, last)] + outputs,
    }))
    .reverse();
  const middle = { ...levels[last].size, inputs: channels[last], outputs: channels[last] };
  return [...down, { name: "middle", ...middle }, ...up];
}

const norm = (name: string, channels: number): ParameterSpec[] => [
  { name: `${name}.scale`, shape: [channels], bound: 0, center: 1 },
  { name: `${name}.shift`, shape: [channels], bound: 0 },
];

/** [taps · inputs, outputs], uniform in ±√(3 / (taps · inputs)): what enters keeps its variance. */
const kernel = (name: string, taps: number, inputs: number, outputs: number, gain = 1): ParameterSpec => ({
  name,
  shape: [taps * inputs, outputs],
  bound: gain * Math.sqrt(3 / (taps * inputs)),
});

/** Blocks begin as their shortcut, and the whole with 0 (Ho et al. 2020). */
export function unetLayout(config: UnetConfig): Layout {
  const { channels, timeFeatures, embedding: E } = config;
  const C = channels[0];
  return [
    ...linearSpecs("time.0", timeFeatures, E),
    ...linearSpecs("time.1", E, E),
    kernel("enter.weight", 9, 1, C),
    { name: "enter.bias", shape: [C], bound: 0 },
    ...unetBlocks(config).flatMap(({ name, inputs, outputs }) => [
      ...norm(`${name}.norm1`, inputs),
      kernel(`${name}.conv1`, 9, inputs, outputs),
      ...glorotSpecs(`${name}.time`, E, outputs),
      ...norm(`${name}.norm2`, outputs),
      kernel(`${name}.conv2`, 9, outputs, outputs, 0),
      { name: `${name}.bias2`, shape: [outputs], bound: 0 },
      ...(inputs === outputs ? [] : [kernel(`${name}.skip`, 1, inputs, outputs)]),
    ]),
    ...norm("norm", C),
    kernel("leave.weight", 9, C, 1, 0),
    { name: "leave.bias", shape: [1], bound: 0 },
  ];
}

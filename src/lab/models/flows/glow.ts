/**
 * Glow (Kingma & Dhariwal 2018): levels of squeeze, K steps of (actnorm, invertible 1 × 1 convolution, affine coupling)
 * and split, figure 2. Maps act on rows of H · W · C numbers. What a split factors out is standardised by a network of
 * what is kept, as in the published code, so that all noise is N(0, I).
 */
import { conv3x3, convSpecs } from "../../../nets/layers/conv.ts";
import { linearSpecs } from "../../../nets/layers/parameters.ts";
import { type Linear, linear, type ParameterTree } from "../../../nets/layers/tensors.ts";
import { nn, np } from "../../../platform/jax.ts";
import type { Bijection, Mapped } from "./bijection.ts";
import { boundedLogScale } from "./coupling.ts";
import { invertibleConvolution } from "./invertible-convolution.ts";

/** An image of C channels, row by row, channels together. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

const sizeOf = ({ height, width, channels }: Grid): number => height * width * channels;

/** A map of images [B, H, W, C] as one of rows; its volume change is of the whole image [B]. */
const onImages = (
  { height, width, channels }: Grid,
  map: (x: np.Array) => Mapped,
): ((rows: np.Array) => Mapped) => {
  return (rows) => {
    const { y, logDet } = map(rows.reshape([-1, height, width, channels]));
    return { y: y.reshape([-1, height * width * channels]), logDet };
  };
};

/** The map on the first n numbers of longer rows; the others stay. */
export function onFirst(n: number, map: Bijection): Bijection {
  const on =
    (direction: "forward" | "inverse") =>
    (parameters: ParameterTree, x: np.Array): Mapped => {
      if (x.shape[1] === n) return map[direction](parameters, x);
      const rest = x.ref.slice([], [n, x.shape[1]]);
      const { y, logDet } = map[direction](parameters, x.slice([], [0, n]));
      return { y: np.concatenate([y, rest], 1), logDet };
    };
  const { specs, initialise } = map;
  return {
    specs,
    forward: on("forward"),
    inverse: on("inverse"),
    ...(initialise && { initialise: (x) => initialise(x.slice([], [0, n])) }),
  };
}

/** 2 × 2 blocks of pixels become channels: [H, W, C] → [H/2, W/2, 4C]. */
export function squeeze({ height: H, width: W, channels: C }: Grid): Bijection {
  const none = (x: np.Array): np.Array => np.zeros([x.shape[0]], { dtype: x.dtype });
  return {
    specs: [],
    forward: (_, x) => ({
      logDet: none(x),
      y: x
        .reshape([-1, H / 2, 2, W / 2, 2, C])
        .transpose([0, 1, 3, 2, 4, 5])
        .reshape([-1, H * W * C]),
    }),
    inverse: (_, y) => ({
      logDet: none(y),
      y: y
        .reshape([-1, H / 2, W / 2, 2, 2, C])
        .transpose([0, 1, 3, 2, 4, 5])
        .reshape([-1, H * W * C]),
    }),
  };
}

/**
 * y = (x + b) · exp(s), one b and s for each channel, set so that the first batch comes out with mean 0 and variance 1
 * (section 3.1).
 */
export function actnorm(grid: Grid): Bijection {
  const { height, width, channels } = grid;
  const pixels = height * width;
  const volume = (s: np.Array, x: np.Array): np.Array => np.broadcastTo(s.sum().mul(pixels), [x.shape[0]]);
  return {
    specs: [
      { name: "b", shape: [channels], bound: 0 },
      { name: "s", shape: [channels], bound: 0 },
    ],
    initialise: async (x) => {
      const values = (await x.data()) as Float32Array;
      const mean = new Float64Array(channels);
      const square = new Float64Array(channels);
      values.forEach((value, i) => {
        mean[i % channels] += value;
        square[i % channels] += value * value;
      });
      const count = values.length / channels;
      return {
        b: mean.map((sum) => -sum / count),
        s: square.map((sum, c) => -0.5 * Math.log(sum / count - (mean[c] / count) ** 2 + 1e-6)),
      };
    },
    forward: (parameters, rows) => {
      const { b, s } = parameters as { b: np.Array; s: np.Array };
      return onImages(grid, (x) => ({ logDet: volume(s.ref, x), y: x.add(b).mul(np.exp(s)) }))(rows);
    },
    inverse: (parameters, rows) => {
      const { b, s } = parameters as { b: np.Array; s: np.Array };
      const back = np.negative(s);
      return onImages(grid, (y) => ({ logDet: volume(back.ref, y), y: y.mul(np.exp(back)).sub(b) }))(rows);
    },
  };
}

type ConvolutionNet = { readonly first: Linear; readonly middle: Linear; readonly last: Linear };

/** 3 × 3, 1 × 1 and 3 × 3 convolutions; the last starts at zero, so that a coupling starts as the identity. */
const networkSpecs = (inputs: number, hidden: number, outputs: number) => [
  ...convSpecs("first", inputs, hidden),
  ...linearSpecs("middle", hidden, hidden),
  ...convSpecs("last", hidden, outputs).map((spec) => ({ ...spec, bound: 0 })),
];
const network = ({ first, middle, last }: ConvolutionNet, x: np.Array): np.Array =>
  conv3x3(last, nn.relu(linear(middle, nn.relu(conv3x3(first, x)))));

/** The first channels decide how the others are scaled and moved; also what standardises the half that a split drops. */
export function convolutionalCoupling(grid: Grid, hidden: number): Bijection {
  const { channels } = grid;
  const kept = channels / 2;
  const halves = (x: np.Array): [np.Array, np.Array] => [
    x.ref.slice([], [], [], [0, kept]),
    x.slice([], [], [], [kept, channels]),
  ];
  const scaleAndShift = (parameters: ParameterTree, stays: np.Array): { s: np.Array; t: np.Array } => {
    const [s, t] = np.split(network(parameters as ConvolutionNet, stays), 2, -1);
    return { s: boundedLogScale(s), t };
  };
  return {
    specs: networkSpecs(kept, hidden, 2 * (channels - kept)),
    forward: (parameters, rows) =>
      onImages(grid, (x) => {
        const [stays, moves] = halves(x);
        const { s, t } = scaleAndShift(parameters, stays.ref);
        const moved = moves.mul(np.exp(s.ref)).add(t);
        return { y: np.concatenate([stays, moved], -1), logDet: s.sum([1, 2, 3]) };
      })(rows),
    inverse: (parameters, rows) =>
      onImages(grid, (y) => {
        const [stays, moved] = halves(y);
        const { s, t } = scaleAndShift(parameters, stays.ref);
        const moves = moved.sub(t).mul(np.exp(np.negative(s.ref)));
        return { y: np.concatenate([stays, moves], -1), logDet: np.negative(s.sum([1, 2, 3])) };
      })(rows),
  };
}

/** [H, W, C] → the first half of the channels of all pixels, then the second half. */
export function channelHalves({ height, width, channels }: Grid): Bijection {
  const none = (x: np.Array): np.Array => np.zeros([x.shape[0]], { dtype: x.dtype });
  const half = (height * width * channels) / 2;
  return {
    specs: [],
    forward: (_, x) => ({
      logDet: none(x),
      y: x
        .reshape([-1, height * width, 2, channels / 2])
        .transpose([0, 2, 1, 3])
        .reshape([-1, 2 * half]),
    }),
    inverse: (_, y) => ({
      logDet: none(y),
      y: y
        .reshape([-1, 2, height * width, channels / 2])
        .transpose([0, 2, 1, 3])
        .reshape([-1, 2 * half]),
    }),
  };
}

/** All maps of Glow for images of one channel, in order. */
export function glowMaps(
  height: number,
  width: number,
  levels: number,
  steps: number,
  hidden: number,
): readonly Bijection[] {
  const maps: Bijection[] = [];
  let grid: Grid = { height, width, channels: 1 };
  for (let level = 0; level < levels; level++) {
    const size = sizeOf(grid);
    maps.push(onFirst(size, squeeze(grid)));
    grid = { height: grid.height / 2, width: grid.width / 2, channels: 4 * grid.channels };
    for (let k = 0; k < steps; k++) {
      maps.push(onFirst(size, actnorm(grid)));
      maps.push(onFirst(size, invertibleConvolution(grid.channels, level * steps + k)));
      maps.push(onFirst(size, convolutionalCoupling(grid, hidden)));
    }
    if (level === levels - 1) break;
    maps.push(onFirst(size, convolutionalCoupling(grid, hidden))); // standardises what is dropped
    maps.push(onFirst(size, channelHalves(grid)));
    grid = { ...grid, channels: grid.channels / 2 };
  }
  return maps;
}

/** How often both sides can be halved. */
export function mostLevels(height: number, width: number): number {
  let levels = 0;
  while (height % 2 ** (levels + 1) === 0 && width % 2 ** (levels + 1) === 0) levels++;
  return levels;
}

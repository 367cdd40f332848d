/**
 * The planar data sets that generative models are shown on. Two moons and the swiss roll are scikit-learn's
 * `make_moons` and `make_swiss_roll` (the plane of it, divided by 5); eight Gaussians, checkerboard and pinwheel have
 * the sizes of Grathwohl et al. 2019 (FFJORD). Where the density is a mixture of Gaussians, it is given exactly.
 */
import { permutation, type Stream, stream } from "../../math/random.ts";
import { drawFromMixture, type GaussianMixture, isotropicMixture } from "./gaussian-mixture.ts";

/** A distribution over the plane. */
export interface PointSource {
  readonly description: string;
  /** n rows; a function of n and seed. [n, 2] */
  readonly draw: (n: number, seed: number) => Float32Array;
  /** The distribution as a mixture, where it is one. */
  readonly mixture?: GaussianMixture;
}

/** Points along a curve that stand for the whole of it: their spacing is far below the noise. */
const CURVE_POINTS = 400;

/** Each row from a stream of its own. */
const independent =
  (row: (random: Stream, out: Float32Array, index: number) => void, dimension = 2) =>
  (n: number, seed: number): Float32Array => {
    const rows = new Float32Array(n * dimension);
    for (let i = 0; i < n; i++)
      row(
        stream({ seed, purpose: "dataset", index: i }),
        rows.subarray(i * dimension, (i + 1) * dimension),
        i,
      );
    return rows;
  };

/** Rows from a mixture. */
export const mixtureSource = (description: string, mixture: GaussianMixture): PointSource => ({
  description,
  mixture,
  draw: independent((random, out) => drawFromMixture(mixture, random, out), mixture.dimension),
});

/** Point at angle t ∈ [0, π] of the outer or the inner moon; the mean of both moons is the origin. */
const onMoon = (outer: boolean, t: number): [number, number] =>
  outer ? [Math.cos(t) - 0.5, Math.sin(t) - 0.25] : [0.5 - Math.cos(t), 0.25 - Math.sin(t)];

/** scikit-learn's make_moons, centred. @param noise standard deviation */
export function twoMoons(noise = 0.05): PointSource {
  const angles = Array.from({ length: CURVE_POINTS }, (_, k) => ((k + 0.5) / CURVE_POINTS) * Math.PI);
  return {
    description: "two interleaved half circles",
    mixture: isotropicMixture(
      [true, false].flatMap((outer) => angles.map((t) => onMoon(outer, t))),
      noise,
    ),
    draw: (n, seed) => {
      const outer = Math.floor(n / 2);
      const order = permutation(n, stream({ seed, purpose: "dataset", index: 0xffffffff }));
      return independent((random, out, i) => {
        const k = order[i] < outer ? order[i] : order[i] - outer;
        const size = order[i] < outer ? outer : n - outer;
        const [x, y] = onMoon(order[i] < outer, (Math.PI * k) / Math.max(size - 1, 1));
        out[0] = x + noise * random.normal();
        out[1] = y + noise * random.normal();
      })(n, seed);
    },
  };
}

const eightGaussians = mixtureSource(
  "eight Gaussians on a circle",
  isotropicMixture(
    Array.from({ length: 8 }, (_, k) => {
      const angle = (k * Math.PI) / 4;
      return [2 * Math.SQRT2 * Math.cos(angle), 2 * Math.SQRT2 * Math.sin(angle)];
    }),
    0.5 / Math.SQRT2,
  ),
);

const rollAngle = (u: number): number => 1.5 * Math.PI * (1 + 2 * u);
const onRoll = (t: number): [number, number] => [(t * Math.cos(t)) / 5, (t * Math.sin(t)) / 5];

/** @param noise standard deviation */
export function swissRoll(noise = 0.2): PointSource {
  return {
    description: "a spiral",
    mixture: isotropicMixture(
      Array.from({ length: CURVE_POINTS }, (_, k) => onRoll(rollAngle((k + 0.5) / CURVE_POINTS))),
      noise,
    ),
    draw: independent((random, out) => {
      const [x, y] = onRoll(rollAngle(random.uniform()));
      out[0] = x + noise * random.normal();
      out[1] = y + noise * random.normal();
    }),
  };
}

const checkerboard: PointSource = {
  description: "eight squares of a checkerboard, uniform",
  draw: independent((random, out) => {
    const x = 4 * random.uniform() - 2;
    const y = random.uniform() - 2 * random.integer(2) + (Math.abs(Math.floor(x)) % 2);
    out[0] = 2 * x;
    out[1] = 2 * y;
  }),
};

const pinwheel: PointSource = {
  description: "five curved arms",
  draw: independent((random, out) => {
    const along = 1 + 0.3 * random.normal();
    const across = 0.1 * random.normal();
    const angle = (2 * Math.PI * random.integer(5)) / 5 + 0.25 * Math.exp(along);
    out[0] = 2 * (along * Math.cos(angle) + across * Math.sin(angle));
    out[1] = 2 * (across * Math.cos(angle) - along * Math.sin(angle));
  }),
};

/** By name; `noise` replaces the usual one where there is one to choose. */
export const POINT_SOURCES: Readonly<Record<string, (noise?: number) => PointSource>> = {
  "two-moons": twoMoons,
  "eight-gaussians": () => eightGaussians,
  checkerboard: () => checkerboard,
  "swiss-roll": swissRoll,
  pinwheel: () => pinwheel,
};

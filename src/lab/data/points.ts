/**
 * The planar data sets that generative models are shown on. Two moons and the swiss roll are scikit-learn's
 * `make_moons` and `make_swiss_roll` (the plane of it, divided by 5); eight Gaussians, checkerboard and pinwheel have
 * the sizes of Grathwohl et al. 2019 (FFJORD). Where the density is a mixture of Gaussians, it is given exactly.
 */
import { permutation, type Stream, stream } from "../../math/random.ts";
import { drawFromMixture, type GaussianMixture, isotropicMixture } from "./gaussian-mixture.ts";

/** A distribution over the plane, or over more dimensions. */
export interface PointSource {
  readonly description: string;
  /** n rows; a function of n and seed. [n, 2] */
  readonly draw: (n: number, seed: number) => Float32Array;
  /** Numbers in a row; 2 when absent. */
  readonly dimension?: number;
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

/** A bent chain with sides 1 and its centre at the origin. */
const CHAIN = [
  [-0.85, -0.35, -0.2],
  [-0.35, 0.35, 0.3],
  [0.35, -0.35, 0.3],
  [0.85, 0.35, -0.4],
];

/** A chain of four points turned in every direction, its centre at the origin. @param noise standard deviation */
export function fourPoints(noise = 0.1): PointSource {
  return {
    description: "four points in space: a bent chain in any orientation, for equivariant models",
    dimension: 12,
    draw: independent((random, out) => {
      const turn = randomRotation(random);
      CHAIN.forEach((point, i) => {
        for (let k = 0; k < 3; k++)
          out[3 * i + k] =
            turn[k].reduce((sum, value, j) => sum + value * point[j], 0) + noise * random.normal();
      });
      for (let k = 0; k < 3; k++) {
        const centre = (out[k] + out[3 + k] + out[6 + k] + out[9 + k]) / 4;
        for (let i = 0; i < 4; i++) out[3 * i + k] -= centre;
      }
    }, 12),
  };
}

/** The rotation of a uniform unit quaternion. */
function randomRotation(random: Stream): readonly (readonly number[])[] {
  const q = Array.from({ length: 4 }, random.normal);
  const [w, x, y, z] = q.map((value) => value / Math.hypot(...q));
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
}

/** By name; `noise` replaces the usual one where there is one to choose. */
export const POINT_SOURCES: Readonly<Record<string, (noise?: number) => PointSource>> = {
  "two-moons": twoMoons,
  "eight-gaussians": () => eightGaussians,
  checkerboard: () => checkerboard,
  "swiss-roll": swissRoll,
  pinwheel: () => pinwheel,
  "four-points": fourPoints,
};

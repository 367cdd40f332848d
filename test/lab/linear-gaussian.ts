/**
 * A linear-Gaussian latent variable model, z ~ N(0, I), x ~ N(Wz + b, σ²I), in which everything is known: with
 * M = I + WᵀW/σ² the posterior is N(M⁻¹Wᵀ(x − b)/σ², M⁻¹), and x ~ N(b, WWᵀ + σ²I).
 */
import { symmetricEigen } from "../../src/math/eigen.ts";
import type { Layout } from "../../src/nets/layers/parameters.ts";
import { namedViews } from "../../src/nets/layers/parameters.ts";

export const W = [
  [1.1, -0.4],
  [0.3, 0.8],
  [-0.7, 0.5],
]; // [D, Z]
export const BIAS = [0.2, -0.5, 1];
export const LOG_SCALE = -0.4;
const VARIANCE = Math.exp(2 * LOG_SCALE);
const [D, Z] = [3, 2];

type Matrix = readonly (readonly number[])[];

export const determinant = (a: Matrix): number =>
  symmetricEigen(a).values.reduce((product, value) => product * value, 1);

/** f of a symmetric matrix. */
export const matrixFunction = (a: Matrix, f: (value: number) => number): number[][] => {
  const { values, vectors } = symmetricEigen(a);
  return a.map((_, i) =>
    a.map((_, j) => values.reduce((s, l, k) => s + f(l) * vectors[k][i] * vectors[k][j], 0)),
  );
};
export const inverse = (a: Matrix): number[][] => matrixFunction(a, (value) => 1 / value);

const times = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));
const transpose = (a: Matrix): number[][] => a[0].map((_, j) => a.map((row) => row[j]));
const plusScaled = (a: Matrix, scale: number, b: Matrix): number[][] =>
  a.map((row, i) => row.map((value, j) => value + scale * b[i][j]));
const identity = (n: number): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));

/** M [Z, Z] */
export const POSTERIOR_PRECISION = plusScaled(identity(Z), 1 / VARIANCE, times(transpose(W), W));
/** WWᵀ + σ²I [D, D] */
export const COVARIANCE = plusScaled(times(W, transpose(W)), VARIANCE, identity(D));

/** μ = GAIN (x − b), [Z, D] */
export const GAIN = times(inverse(POSTERIOR_PRECISION), transpose(W)).map((row) =>
  row.map((v) => v / VARIANCE),
);
export const posteriorMean = (x: readonly number[]): number[] =>
  GAIN.map((row) => row.reduce((sum, g, d) => sum + g * (x[d] - BIAS[d]), 0));

export const logDensity = (x: readonly number[]): number => {
  const precision = inverse(COVARIANCE);
  const r = x.map((value, d) => value - BIAS[d]);
  const quadratic = r.reduce(
    (sum, ri, i) => sum + r.reduce((s, rj, j) => s + ri * precision[i][j] * rj, 0),
    0,
  );
  return -0.5 * (quadratic + Math.log(determinant(COVARIANCE)) + D * Math.log(2 * Math.PI));
};

/** Lower Cholesky factor of a 2 × 2 matrix. */
export const cholesky2 = (a: Matrix): number[][] => {
  const l00 = Math.sqrt(a[0][0]);
  const l10 = a[1][0] / l00;
  return [
    [l00, 0],
    [l10, Math.sqrt(a[1][1] - l10 * l10)],
  ];
};

/**
 * Parameters of a VAE without hidden layers whose decoder is this model and whose encoder gives mean
 * GAIN (x − b) + `shift`, and the constants `rest` for the other outputs.
 */
export function vaeParameters(layout: Layout, rest: readonly number[], shift = [0, 0]): Float64Array {
  const flat = new Float64Array(layout.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0));
  const views = namedViews(layout, flat);
  views.get("encoder.0.weight")?.set(GAIN.flat());
  views
    .get("encoder.0.bias")
    ?.set([...GAIN.map((row, k) => shift[k] - row.reduce((s, g, d) => s + g * BIAS[d], 0)), ...rest]);
  views.get("decoder.0.weight")?.set(W.flat());
  views.get("decoder.0.bias")?.set(BIAS);
  views.get("observation.logScale")?.set([LOG_SCALE]);
  return flat;
}

/** ±√Z e_k: their mean of a quadratic function of ε is its mean under N(0, I). [2Z, Z] */
export const SIGMA_POINTS = [0, 1].flatMap((k) =>
  [-1, 1].map((sign) => [0, 1].map((j) => (j === k ? sign * Math.SQRT2 : 0))),
);

/**
 * How far two sets of points are from each other: sliced Wasserstein distance (Rabin et al. 2012) and maximum mean
 * discrepancy (Gretton et al. 2012); and the kernel density estimate, the likelihood that models are compared with.
 */
import { LOG_SQRT_2PI } from "../math/normal.ts";
import { stream } from "../math/random.ts";

/** Rows of numbers, one after the other. [n, D] */
type Rows = Float32Array | Float64Array;

/**
 * Sliced Wasserstein distance of rows a [n, D] and b [m, D] (Rabin et al. 2012): √(mean over random directions of W₂² of the projections). Sets of different sizes are compared at the quantiles of
 * the smaller one. In the unit of the data.
 */
export function slicedWasserstein(
  a: Rows,
  b: Rows,
  dimension: number,
  { directions = 128, seed = 0 }: { readonly directions?: number; readonly seed?: number } = {},
): number {
  let sum = 0;
  for (let k = 0; k < directions; k++) {
    const direction = stream({ seed, purpose: "likelihoodTime", index: k }).normals(
      new Float64Array(dimension),
    );
    const length = Math.hypot(...direction);
    const [p, q] = [a, b].map((rows) => projected(rows, direction, length).sort());
    const n = Math.min(p.length, q.length);
    let squared = 0;
    for (let i = 0; i < n; i++) squared += (quantile(p, i, n) - quantile(q, i, n)) ** 2;
    sum += squared / n;
  }
  return Math.sqrt(sum / directions);
}

function projected(rows: Rows, direction: Float64Array, length: number): Float64Array {
  const D = direction.length;
  const out = new Float64Array(rows.length / D);
  for (let i = 0; i < rows.length; i++) out[Math.floor(i / D)] += (rows[i] * direction[i % D]) / length;
  return out;
}

/** Value at quantile (i + ½)/n of sorted values. */
const quantile = (sorted: Float64Array, i: number, n: number): number =>
  sorted.length === n ? sorted[i] : sorted[Math.floor(((i + 0.5) * sorted.length) / n)];

/** Kernels, and how many rows they see. */
export interface MmdOptions {
  /** Standard deviations of the kernels. */
  readonly widths?: readonly number[];
  /** At most so many rows of each set are used: the time grows with their square. */
  readonly limit?: number;
}

/**
 * Unbiased estimate of MMD² with the mean of Gaussian kernels of the given widths; near zero, of either sign, for two
 * sets of one distribution, so that ratios of it mean nothing.
 */
export function squaredMmd(a: Rows, b: Rows, dimension: number, options: MmdOptions = {}): number {
  const { withinA, withinB, between } = kernelMeans(a, b, dimension, options);
  return withinA.distinct + withinB.distinct - 2 * between;
}

/**
 * MMD of the two sets as they are (the V-statistic of Gretton et al. 2012): a distance, zero only for equal sets.
 * For two sets of n rows of one distribution its square is 2 (1 − E k)/n in expectation.
 */
export function mmd(a: Rows, b: Rows, dimension: number, options: MmdOptions = {}): number {
  const { withinA, withinB, between } = kernelMeans(a, b, dimension, options);
  return Math.sqrt(Math.max(0, withinA.all + withinB.all - 2 * between));
}

/** Means of the kernel over pairs of rows: in each set, with and without those of a row with itself, and between them. */
function kernelMeans(
  a: Rows,
  b: Rows,
  dimension: number,
  { widths = [0.1, 0.2, 0.5, 1], limit = 2000 }: MmdOptions,
) {
  const rates = widths.map((width) => -0.5 / (width * width));
  const kernel = (p: Rows, i: number, q: Rows, j: number): number => {
    let squared = 0;
    for (let d = 0; d < dimension; d++) squared += (p[i * dimension + d] - q[j * dimension + d]) ** 2;
    let sum = 0;
    for (const rate of rates) sum += Math.exp(rate * squared);
    return sum / rates.length;
  };
  const [n, m] = [a, b].map((rows) => Math.min(limit, rows.length / dimension));
  const within = (p: Rows, size: number): { readonly all: number; readonly distinct: number } => {
    let sum = 0;
    for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) sum += 2 * kernel(p, i, p, j);
    return { all: (sum + size) / (size * size), distinct: sum / (size * (size - 1)) };
  };
  let sum = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) sum += kernel(a, i, b, j);
  return { withinA: within(a, n), withinB: within(b, m), between: sum / (n * m) };
}

/**
 * log of a kernel density estimate with isotropic Gaussian kernels, at each row of `at`.
 * @param width standard deviation of the kernels
 */
export function kernelLogDensity(data: Rows, at: Rows, dimension: number, width: number): Float64Array {
  const n = data.length / dimension;
  const constant = -Math.log(n) - dimension * (Math.log(width) + LOG_SQRT_2PI);
  const rate = -0.5 / (width * width);
  const result = new Float64Array(at.length / dimension);
  for (let i = 0; i < result.length; i++) {
    let largest = -Infinity;
    let sum = 0;
    for (let j = 0; j < n; j++) {
      let squared = 0;
      for (let d = 0; d < dimension; d++) squared += (at[i * dimension + d] - data[j * dimension + d]) ** 2;
      const log = rate * squared;
      if (log <= largest) {
        if (log > largest - 40) sum += Math.exp(log - largest);
      } else {
        sum = sum * Math.exp(largest - log) + 1;
        largest = log;
      }
    }
    result[i] = constant + largest + Math.log(sum);
  }
  return result;
}

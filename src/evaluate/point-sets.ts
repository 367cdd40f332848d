/**
 * How far two sets of points are from each other: sliced Wasserstein distance (Rabin et al. 2012) and maximum mean
 * discrepancy (Gretton et al. 2012); and the kernel density estimate, the likelihood that models are compared with.
 */
import { LOG_SQRT_2PI } from "../math/normal.ts";
import { stream } from "../math/random.ts";

type Rows = Float32Array | Float64Array;

/**
 * √(mean over random directions of W₂² of the projections). Sets of different sizes are compared at the quantiles of
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

/**
 * Unbiased estimate of MMD² with the mean of Gaussian kernels of the given widths; near zero, of either sign, for two
 * sets of one distribution. At most `limit` rows of each set are used.
 */
export function squaredMmd(
  a: Rows,
  b: Rows,
  dimension: number,
  {
    widths = [0.1, 0.2, 0.5, 1],
    limit = 2000,
  }: { readonly widths?: readonly number[]; readonly limit?: number } = {},
): number {
  const rates = widths.map((width) => -0.5 / (width * width));
  const mean = (p: Rows, q: Rows, same: boolean): number => {
    const [n, m] = [p, q].map((rows) => Math.min(limit, rows.length / dimension));
    let sum = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        if (same && i === j) continue;
        let squared = 0;
        for (let d = 0; d < dimension; d++) squared += (p[i * dimension + d] - q[j * dimension + d]) ** 2;
        for (const rate of rates) sum += Math.exp(rate * squared);
      }
    }
    return sum / (rates.length * n * (same ? m - 1 : m));
  };
  return mean(a, a, true) + mean(b, b, true) - 2 * mean(a, b, false);
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

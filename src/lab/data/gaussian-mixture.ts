/**
 * Mixtures of Gaussians: the data whose density and score are known exactly. Curves with Gaussian noise around them
 * (moons, rolls) are such mixtures, too, with components strung along the curve.
 */
import { cholesky } from "../../math/cholesky.ts";
import { LOG_SQRT_2PI } from "../../math/normal.ts";
import type { Stream } from "../../math/random.ts";

/** One Gaussian with its weight. */
export interface GaussianComponent {
  readonly weight: number;
  /** [D] */
  readonly mean: readonly number[];
  /** L of the covariance L Lᵀ, row by row, zero above the diagonal. [D, D] */
  readonly cholesky: readonly number[];
}

/** A mixture of Gaussians, with exact density and score. */
export interface GaussianMixture {
  readonly dimension: number;
  /** Weights sum to 1. */
  readonly components: readonly GaussianComponent[];
}

/**
 * A mixture from means and covariances; weights are normalised.
 * @throws RangeError for shapes that do not fit, a covariance that is not positive definite or a weight below zero
 */
export function gaussianMixture(
  parts: readonly {
    readonly weight?: number;
    readonly mean: readonly number[];
    readonly covariance: readonly (readonly number[])[];
  }[],
): GaussianMixture {
  const dimension = parts[0]?.mean.length ?? 0;
  const total = parts.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return {
    dimension,
    components: parts.map(({ weight = 1, mean, covariance }, k) => {
      if (mean.length !== dimension || !(weight >= 0 && total > 0))
        throw new RangeError(`component ${k}: expected ${dimension} means and a weight of at least 0`);
      return { weight: weight / total, mean, cholesky: choleskyOf(covariance, dimension, k) };
    }),
  };
}

/** Equal weights and covariance σ² I. */
export const isotropicMixture = (
  means: readonly (readonly number[])[],
  deviation: number,
): GaussianMixture => {
  const D = means[0].length;
  const L = Array.from({ length: D * D }, (_, i) => (i % (D + 1) === 0 ? deviation : 0));
  return {
    dimension: D,
    components: means.map((mean) => ({ weight: 1 / means.length, mean, cholesky: L })),
  };
};

/** Draws a row in place. */
export function drawFromMixture(
  { dimension: D, components }: GaussianMixture,
  random: Stream,
  out: Float32Array | Float64Array,
): void {
  let rest = random.uniform();
  const chosen = components.find(({ weight }) => {
    rest -= weight;
    return rest < 0;
  });
  const { mean, cholesky: L } = chosen ?? components[components.length - 1];
  const noise = random.normals(new Float64Array(D));
  for (let i = 0; i < D; i++) {
    out[i] = mean[i];
    for (let j = 0; j <= i; j++) out[i] += L[i * D + j] * noise[j];
  }
}

/** log p(x) of each row. [n, D] → [n] */
export const mixtureLogDensity = (
  mixture: GaussianMixture,
  rows: Float32Array | Float64Array,
): Float64Array => evaluate(mixture, rows).logDensity;

/** ∇ log p(x) of each row. [n, D] → [n, D] */
export const mixtureScore = (mixture: GaussianMixture, rows: Float32Array | Float64Array): Float64Array =>
  evaluate(mixture, rows).score;

function evaluate(
  { dimension: D, components }: GaussianMixture,
  rows: Float32Array | Float64Array,
): { readonly logDensity: Float64Array; readonly score: Float64Array } {
  const n = rows.length / D;
  const K = components.length;
  const logDensity = new Float64Array(n);
  const score = new Float64Array(n * D);
  const constants = components.map(({ weight, cholesky: L }) => {
    let logDeterminant = 0;
    for (let i = 0; i < D; i++) logDeterminant += Math.log(L[i * D + i]);
    return Math.log(weight) - logDeterminant - D * LOG_SQRT_2PI;
  });
  const logs = new Float64Array(K);
  const whitened = new Float64Array(K * D); // L⁻¹ (x − μ)
  const own = new Float64Array(D);
  for (let r = 0; r < n; r++) {
    let largest = -Infinity;
    components.forEach(({ mean, cholesky: L }, k) => {
      let squared = 0;
      for (let i = 0; i < D; i++) {
        let value = rows[r * D + i] - mean[i];
        for (let j = 0; j < i; j++) value -= L[i * D + j] * whitened[k * D + j];
        whitened[k * D + i] = value / L[i * D + i];
        squared += whitened[k * D + i] ** 2;
      }
      logs[k] = constants[k] - 0.5 * squared;
      largest = Math.max(largest, logs[k]);
    });
    let sum = 0;
    for (let k = 0; k < K; k++) sum += Math.exp(logs[k] - largest);
    logDensity[r] = largest + Math.log(sum);
    components.forEach(({ cholesky: L }, k) => {
      const share = Math.exp(logs[k] - logDensity[r]);
      if (share < 1e-20) return;
      for (let i = D - 1; i >= 0; i--) {
        let value = whitened[k * D + i];
        for (let j = i + 1; j < D; j++) value -= L[j * D + i] * own[j];
        own[i] = value / L[i * D + i]; // Σ⁻¹ (x − μ)
      }
      for (let i = 0; i < D; i++) score[r * D + i] -= share * own[i];
    });
  }
  return { logDensity, score };
}

function choleskyOf(covariance: readonly (readonly number[])[], D: number, component: number): number[] {
  const square = covariance.length === D && covariance.every((row) => row.length === D);
  const L = square ? cholesky(covariance) : undefined;
  if (L !== undefined) return L;
  throw new RangeError(
    `component ${component}: the covariance must be a symmetric, positive definite ${D} × ${D} matrix`,
  );
}

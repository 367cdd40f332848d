/**
 * Gaussians over the last axis of device arrays: densities, divergences from N(0, I), Cholesky factors by their
 * entries, and the product of two Gaussians. `logScale` is log σ. Functions take ownership of their arguments.
 */
import { LOG_SQRT_2PI } from "../../math/normal.ts";
import { np } from "../../platform/jax.ts";

/** A diagonal Gaussian; both arrays [..., D]. */
export interface DiagonalGaussian {
  readonly mean: np.Array;
  readonly logScale: np.Array;
}

/** log N(z; 0, I). [..., D] → [...] */
export function logStandardNormal(z: np.Array): np.Array {
  const D = z.shape[z.ndim - 1];
  return np
    .square(z)
    .sum(-1)
    .mul(-0.5)
    .sub(D * LOG_SQRT_2PI);
}

/** log N(z; mean, σ²). The mean and log σ broadcast against z. [..., D] → [...] */
export function logNormal(z: np.Array, { mean, logScale }: DiagonalGaussian): np.Array {
  const standardised = z.sub(mean).mul(np.exp(np.negative(logScale.ref)));
  return np.square(standardised).mul(-0.5).sub(logScale).sub(LOG_SQRT_2PI).sum(-1);
}

/** KL(N(mean, σ²) ‖ N(0, I)) = Σ ½(μ² + σ² − 1) − log σ. [..., D] → [...] */
export function klFromStandard({ mean, logScale }: DiagonalGaussian): np.Array {
  const variance = np.exp(logScale.ref.mul(2));
  return np.square(mean).add(variance).sub(1).mul(0.5).sub(logScale).sum(-1);
}

/** KL(q ‖ p) of diagonal Gaussians. [..., D] → [...] */
export function klDiagonal(q: DiagonalGaussian, p: DiagonalGaussian): np.Array {
  const scale = np.exp(np.negative(p.logScale.ref));
  const logRatio = q.logScale.sub(p.logScale); // log σ_q/σ_p
  return klFromStandard({ mean: q.mean.sub(p.mean).mul(scale), logScale: logRatio });
}

/**
 * L ε for a strictly lower triangular L given by its entries row by row: pairs (i, j < i), L_ij ε_j summed into i.
 * @param entries [B, 1, D(D − 1)/2]
 * @param noise ε [B, K, D]
 * @returns [B, K, D]
 */
export function strictlyLowerTimes(entries: np.Array, noise: np.Array): np.Array {
  const D = noise.shape[2];
  const pairs = (D * (D - 1)) / 2;
  const gather = new Float32Array(D * pairs); // [D, pairs]: ε_j to its pairs
  const sum = new Float32Array(pairs * D); // [pairs, D]: pairs to their i
  let pair = 0;
  for (let i = 0; i < D; i++) {
    for (let j = 0; j < i; j++, pair++) {
      gather[j * pairs + pair] = 1;
      sum[pair * D + i] = 1;
    }
  }
  const constant = (values: Float32Array, shape: number[]): np.Array =>
    np.array(values as Float32Array<ArrayBuffer>, { shape }).astype(entries.dtype);
  const right = np.matmul(noise, constant(gather, [D, pairs])); // [B, K, pairs]
  return np.matmul(right.mul(entries), constant(sum, [pairs, D]));
}

/**
 * The normalised product of two Gaussians: precisions add, means are weighted by precision.
 * log σ² = −log(e^{−2a} + e^{−2b}) with a, b the logs of the scales.
 */
export function mergeGaussians(a: DiagonalGaussian, b: DiagonalGaussian): DiagonalGaussian {
  const precisionA = np.exp(a.logScale.mul(-2));
  const precisionB = np.exp(b.logScale.mul(-2));
  const precision = precisionA.ref.add(precisionB.ref);
  const mean = a.mean.mul(precisionA).add(b.mean.mul(precisionB)).div(precision.ref);
  return { mean, logScale: np.log(precision).mul(-0.5) };
}

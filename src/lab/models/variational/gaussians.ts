/** One or more weighted Gaussians in ℝᴰ with parameters to be fitted, diagonal or with any covariance, in jax-js. */

import { LOG_SQRT_2PI } from "../../../math/normal.ts";
import { fixed } from "../../../nets/layers/masked.ts";
import type { Layout } from "../../../nets/layers/parameters.ts";
import { nn, np } from "../../../platform/jax.ts";

/** Precisions are L Lᵀ with L lower triangular: exp(logDiagonal) on the diagonal, `below` under it. */
export type Gaussians = {
  /** [M] */
  readonly logits: np.Array;
  /** [M, D] */
  readonly means: np.Array;
  /** [M, D] */
  readonly logDiagonal: np.Array;
  /** [M, D, D], used under the diagonal; absent for diagonal covariances. */
  readonly below?: np.Array;
};

/** Means start uniform in ± `reach` about `center`. */
export function gaussiansLayout(
  M: number,
  D: number,
  diagonal: boolean,
  center: number,
  reach: number,
): Layout {
  return [
    { name: "logits", shape: [M], bound: 0 },
    { name: "means", shape: [M, D], bound: reach, center },
    { name: "logDiagonal", shape: [M, D], bound: 0 },
    ...(diagonal ? [] : [{ name: "below", shape: [M, D, D], bound: 0 }]),
  ];
}

/** log q(x); takes ownership. [G, D] → [G] */
export function logGaussians({ logits, means, logDiagonal, below }: Gaussians, x: np.Array): np.Array {
  const [M, D] = means.shape;
  const offsets = x.reshape([1, -1, D]).sub(means.reshape([M, 1, D])); // [M, G, D]
  let standardised = offsets.ref.mul(np.exp(logDiagonal.ref).reshape([M, 1, D]));
  if (below === undefined) offsets.dispose();
  else {
    const strict = fixed([D, D], (i, j) => Number(i > j), below.dtype);
    standardised = standardised.add(np.matmul(offsets, below.mul(strict))); // (Lᵀ (x − μ))_j = Σ_i L_ij (x − μ)_i
  }
  const log = np
    .square(standardised)
    .sum(-1)
    .mul(-0.5)
    .add(logDiagonal.sum(-1).reshape([M, 1]))
    .sub(D * LOG_SQRT_2PI); // [M, G]
  return nn.logsumexp(log.add(nn.logSoftmax(logits).reshape([M, 1])), 0);
}

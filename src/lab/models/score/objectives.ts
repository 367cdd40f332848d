/**
 * Four ways to fit s(x) to ∇ log p(x): with the score known (Fisher divergence), by integration by parts with the exact
 * trace (Hyvärinen 2005, theorem 1), with random projections in place of the trace (Song et al. 2019, eq. 8), and by
 * denoising (Vincent 2011, eq. 11). Each gives the loss of each row; arguments are taken over.
 */
import { jax, np } from "../../../platform/jax.ts";
import { jacobianTrace } from "./divergence.ts";

/** The model's score; may be called many times; takes its argument over. [B, D] → [B, D] */
export type ScoreFunction = (x: np.Array) => np.Array;

const halfSquaredNorm = (s: np.Array): np.Array => np.square(s).sum(1).mul(0.5);

// docs: begin explicit
/** ½ ‖s(x) − ∇ log p(x)‖². x [B, D], target [B, D] → [B] */
export const explicitScoreMatching = (score: ScoreFunction, x: np.Array, target: np.Array): np.Array =>
  halfSquaredNorm(score(x).sub(target));
// docs: end explicit

// docs: begin hyvarinen
/** ½ ‖s(x)‖² + tr ∂s/∂x. x [B, D] → [B] */
export const hyvarinenScoreMatching = (score: ScoreFunction, x: np.Array): np.Array =>
  halfSquaredNorm(score(x.ref)).add(jacobianTrace(score, x));
// docs: end hyvarinen

// docs: begin sliced
/** ½ ‖s(x)‖² + vᵀ (∂s/∂x) v with E v vᵀ = I. x [B, D], v [B, D] → [B] */
export function slicedScoreMatching(score: ScoreFunction, x: np.Array, v: np.Array): np.Array {
  const [s, derivative] = jax.jvp(score, [x], [v.ref]); // (∂s/∂x) v
  return halfSquaredNorm(s).add(v.mul(derivative).sum(1));
}
// docs: end sliced

// docs: begin denoising
/** ½ ‖σ s(x + σ ε) + ε‖²: σ² times the loss of eq. 11. x [B, D], ε [B, D] → [B] */
export const denoisingScoreMatching = (
  score: ScoreFunction,
  x: np.Array,
  sigma: number,
  epsilon: np.Array,
): np.Array =>
  halfSquaredNorm(
    score(x.add(epsilon.ref.mul(sigma)))
      .mul(sigma)
      .add(epsilon),
  );
// docs: end denoising

/**
 * Divergences between two densities on a grid, for fits of simple densities to known ones (Bishop 2006, section 10.1.2
 * and figures 10.2-10.3; Minka 2005). Forward KL(p ‖ q) covers all of p, reverse KL(q ‖ p) stays where p is; Amari's
 * D_α = 4/(1 − α²) (1 − ∫ p^{(1+α)/2} q^{(1−α)/2} dx) joins them: α → 1 is the forward one, α → −1 the reverse one.
 */
import { np } from "../../../platform/jax.ts";

export type Divergence = "forward" | "reverse" | { readonly alpha: number };

/**
 * In nats for the two KL; takes ownership.
 * @param logP, logQ log densities at the points of a grid [G]
 * @param area of a cell of the grid
 */
export function divergence(kind: Divergence, logP: np.Array, logQ: np.Array, area: number): np.Array {
  const logRatio = logP.ref.sub(logQ.ref);
  if (kind === "forward") {
    logQ.dispose();
    return np.exp(logP).mul(logRatio).sum().mul(area);
  }
  if (kind === "reverse") {
    logP.dispose();
    return np.exp(logQ).mul(logRatio).sum().mul(-area);
  }
  const { alpha } = kind;
  logRatio.dispose();
  const overlap = np
    .exp(logP.mul((1 + alpha) / 2).add(logQ.mul((1 - alpha) / 2)))
    .sum()
    .mul(area);
  return overlap
    .mul(-1)
    .add(1)
    .mul(4 / (1 - alpha * alpha));
}

/**
 * Harmonic terms of beads' distances, Σ_p k_p(γ) u_p² with u = (d − αm)/√(α²s² + 2σ²): each distance less its mean over
 * the width that it has at noise level γ. With them a network need not learn that bonds are stiff at low noise.
 */
import { sigmoid } from "../../diffusion/schedule.ts";
import { type BeadNetworkConfig, pairCount, pairsOf } from "./beads-config.ts";

export interface BeadSprings {
  /**
   * u of a configuration and ∂(u²)/∂z of each.
   * @param z [B, N, 3]; the configuration begins at `at`
   * @param u written [P]
   * @param pulls written, 2u ∂u/∂z [P, N, 3]
   */
  readonly measure: (
    z: Float64Array,
    at: number,
    gamma: number,
    u: Float64Array,
    pulls: Float64Array,
  ) => void;
}

export function beadSprings(
  config: Pick<BeadNetworkConfig, "beads" | "distanceMeans" | "distanceDeviations">,
): BeadSprings {
  const { beads: N, distanceMeans, distanceDeviations } = config;
  const pairs = pairsOf(N);
  return {
    measure: (z, at, gamma, u, pulls) => {
      const [alpha2, sigma2] = [sigmoid(-gamma), sigmoid(gamma)];
      const alpha = Math.sqrt(alpha2);
      pulls.fill(0, 0, 3 * N * pairCount(N));
      pairs.forEach(([i, j], p) => {
        const [x, y] = [at + 3 * i, at + 3 * j];
        const [dx, dy, dz] = [z[y] - z[x], z[y + 1] - z[x + 1], z[y + 2] - z[x + 2]];
        const length = Math.sqrt(dx * dx + dy * dy + dz * dz + 1e-10);
        const width = 1 / Math.sqrt(alpha2 * distanceDeviations[p] ** 2 + 2 * sigma2);
        u[p] = (length - alpha * distanceMeans[p]) * width;
        const pull = (2 * u[p] * width) / length;
        const row = 3 * N * p;
        pulls[row + 3 * j] = pull * dx;
        pulls[row + 3 * j + 1] = pull * dy;
        pulls[row + 3 * j + 2] = pull * dz;
        pulls[row + 3 * i] = -pull * dx;
        pulls[row + 3 * i + 1] = -pull * dy;
        pulls[row + 3 * i + 2] = -pull * dz;
      });
    },
  };
}

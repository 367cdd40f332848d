/**
 * The probability-flow ODE (Song et al. 2021, section 4.3) in γ = −log SNR, where every schedule is the same:
 * dz/dγ = ½ σ (ε̂ − σ z). Its divergence gives the exact likelihood of what it generates (eq. 39).
 */
import { square } from "../math/elementary.ts";
import { LOG_SQRT_2PI } from "../math/normal.ts";
import { type NoiseSchedule, sigmaOf } from "./schedule.ts";
import { timeOfGamma } from "./sde.ts";

/** ε̂ and, for each row, its divergence Σ_d ∂ε̂_d/∂z_d at time t. */
export type DivergenceDenoiser = (
  z: Float64Array,
  t: number,
) => Promise<{ readonly epsilon: Float64Array; readonly divergence: Float64Array }>;

/** How a state is made of rows. */
export interface FlowRows {
  /** First value of each row, and the number of values at the end. [n + 1] */
  readonly offsets: ArrayLike<number>;
  /** Dimension of the space of each row: fewer than its values where it lives in a subspace. [n] */
  readonly dimensions: ArrayLike<number>;
}

/** n rows of D values, all free. */
export const equalRows = (n: number, D: number): FlowRows => ({
  offsets: Array.from({ length: n + 1 }, (_, i) => i * D),
  dimensions: new Array<number>(n).fill(D),
});

/**
 * log p of rows at t = 0 under the model that draws z_1 from N(0, I) and follows the ODE back to t = 0, in nats.
 * Runge–Kutta of fourth order, `steps` equal steps in γ.
 * @param z0 all rows, side by side
 * @returns of each row. [n]
 */
export async function flowLogDensity(
  denoiser: DivergenceDenoiser,
  schedule: NoiseSchedule,
  z0: Float64Array,
  { offsets, dimensions }: FlowRows,
  steps: number,
  onStep?: (done: number) => void,
): Promise<Float64Array> {
  const [start, end] = [schedule.gamma(0), schedule.gamma(1)];
  const h = (end - start) / steps;
  // docs: begin slope
  const slope = async (z: Float64Array, gamma: number) => {
    const sigma = sigmaOf(gamma);
    const { epsilon, divergence } = await denoiser(z, timeOfGamma(schedule, gamma));
    return {
      z: epsilon.map((value, i) => 0.5 * sigma * (value - sigma * z[i])),
      divergence: divergence.map((value, row) => 0.5 * sigma * (value - sigma * dimensions[row])),
    };
  };
  // docs: end slope
  let z = z0;
  const n = dimensions.length;
  const gained = new Float64Array(n); // ∫ divergence dγ
  for (let k = 0; k < steps; k++) {
    const gamma = start + k * h;
    const a = await slope(z, gamma);
    const b = await slope(moved(z, a.z, h / 2), gamma + h / 2);
    const c = await slope(moved(z, b.z, h / 2), gamma + h / 2);
    const d = await slope(moved(z, c.z, h), gamma + h);
    z = z.map((value, i) => value + (h / 6) * (a.z[i] + 2 * b.z[i] + 2 * c.z[i] + d.z[i]));
    for (let i = 0; i < n; i++) {
      const sum = a.divergence[i] + 2 * b.divergence[i] + 2 * c.divergence[i] + d.divergence[i];
      gained[i] += (h / 6) * sum;
    }
    onStep?.(k + 1);
  }
  return gained.map((value, row) => {
    let log = value - dimensions[row] * LOG_SQRT_2PI;
    for (let i = offsets[row]; i < offsets[row + 1]; i++) log -= 0.5 * square(z[i]);
    return log;
  });
}

const moved = (z: Float64Array, slope: Float64Array, by: number): Float64Array =>
  z.map((value, i) => value + by * slope[i]);

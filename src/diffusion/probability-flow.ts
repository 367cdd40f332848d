/**
 * The probability-flow ODE (Song et al. 2021, section 4.3) in γ = −log SNR, where every schedule is the same:
 * dz/dγ = ½ σ (ε̂ − σ z). Its divergence gives the exact likelihood of what it generates (eq. 39).
 */
import { LOG_SQRT_2PI } from "../math/normal.ts";
import { type NoiseSchedule, sigmaOf } from "./schedule.ts";
import { timeOfGamma } from "./sde.ts";

/** ε̂ and Σ_d ∂ε̂_d/∂z_d of each of n rows at time t. */
export type DivergenceDenoiser = (
  z: Float64Array,
  t: number,
) => Promise<{ readonly epsilon: Float64Array; readonly divergence: Float64Array }>;

/**
 * log p of rows at t = 0 under the model that draws z_1 from N(0, I) and follows the ODE back to t = 0, in nats.
 * Runge–Kutta of fourth order, `steps` equal steps in γ.
 * @param rows z_0 [n, D]
 */
export async function flowLogDensity(
  denoiser: DivergenceDenoiser,
  schedule: NoiseSchedule,
  rows: Float64Array,
  dimension: number,
  steps: number,
): Promise<Float64Array> {
  const D = dimension;
  const n = rows.length / D;
  const [start, end] = [schedule.gamma(0), schedule.gamma(1)];
  const h = (end - start) / steps;
  // docs: begin slope
  const slope = async (z: Float64Array, gamma: number) => {
    const sigma = sigmaOf(gamma);
    const { epsilon, divergence } = await denoiser(z, timeOfGamma(schedule, gamma));
    return {
      z: epsilon.map((value, i) => 0.5 * sigma * (value - sigma * z[i])),
      divergence: divergence.map((value) => 0.5 * sigma * (value - sigma * D)),
    };
  };
  // docs: end slope
  let z = rows;
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
  }
  return gained.map((value, i) => {
    let log = value;
    for (let k = 0; k < D; k++) log -= 0.5 * z[i * D + k] ** 2 + LOG_SQRT_2PI;
    return log;
  });
}

const moved = (z: Float64Array, slope: Float64Array, by: number): Float64Array =>
  z.map((value, i) => value + by * slope[i]);

/**
 * The variational bound of a diffusion model, term by term (Ho et al. 2020, eq. 5; Kingma et al. 2021, section 4):
 * −log p(x) ≤ KL(q(z_T | x) ‖ N(0, I)) + Σ_t E KL(q(z_s | z_t, x) ‖ p(z_s | z_t)) − E log p(x | z_0). With predictions
 * of the noise every term is a constant for each dimension plus a multiple of ‖ε − ε̂‖².
 */
import { expm1, log, square } from "../math/elementary.ts";
import { LOG_SQRT_2PI } from "../math/normal.ts";
import { klToStandardNormal, type ReverseVariance } from "./process.ts";
import type { NoiseSchedule } from "./schedule.ts";

/** A term in nats: perDimension · D + fromError · ‖ε − ε̂‖². */
export interface BoundTerm {
  readonly perDimension: number;
  readonly fromError: number;
}

/**
 * KL(q(z_s | z_t, x) ‖ p(z_s | z_t)): ½ (SNR_s/SNR_t − 1) ‖ε − ε̂‖² with the posterior's variance; with the forward
 * step's, r = σ_s²/σ_t² times that, and ½ (r − 1 − log r) for each dimension.
 */
export function reverseStepKl(
  schedule: NoiseSchedule,
  s: number,
  t: number,
  variance: ReverseVariance = "posterior",
): BoundTerm {
  const fromError = 0.5 * expm1(schedule.gamma(t) - schedule.gamma(s));
  if (variance === "posterior") return { perDimension: 0, fromError };
  const ratio = square(schedule.sigma(s) / schedule.sigma(t));
  return { perDimension: 0.5 * (ratio - 1 - log(ratio)), fromError: ratio * fromError };
}

/** −log p(x | z_0) with p(x | z_0) = N((z_0 − σ_0 ε̂)/α_0, (σ_0/α_0)² I), as in EDM. */
export const decoderTerm = (schedule: NoiseSchedule): BoundTerm => ({
  perDimension: 0.5 * schedule.gamma(0) + LOG_SQRT_2PI,
  fromError: 0.5,
});

/** KL(q(z_T | x) ‖ N(0, I)) from ‖x‖², in nats. */
export const priorTerm = (schedule: NoiseSchedule, dimensions: number, squaredNorm: number): number =>
  klToStandardNormal(dimensions, schedule.sigma(1), square(schedule.alpha(1)) * squaredNorm);

/** Nats of a row of D values as bits for each value. */
export const bitsPerDimension = (nats: number, dimensions: number): number => nats / (dimensions * Math.LN2);

/**
 * The Gaussian process between two noise levels s < t of a variance-preserving schedule (Kingma et al. 2021,
 * section 3 and appendix A; Hoogeboom et al. 2022, section 2). Only numbers here: what is noised is not its concern.
 */
import { exp, expm1, log } from "../math/elementary.ts";
import { type NoiseSchedule, softplus } from "./schedule.ts";

/** q(z_t | z_s) = N(α_{t|s} z_s, σ²_{t|s}). */
export interface Transition {
  readonly alpha: number;
  readonly sigma2: number;
}

/** Forward transition q(z_t | z_s) = N(α_{t|s} z_s, σ²_{t|s} I) between levels γ_s and γ_t, without cancellation. */
export function transition(gammaS: number, gammaT: number): Transition {
  const logAlpha2 = softplus(gammaS) - softplus(gammaT); // log σ(−γ_t) − log σ(−γ_s)
  return { alpha: exp(0.5 * logAlpha2), sigma2: -expm1(logAlpha2) };
}

/** Coefficients of z_s = fromZ · z_t + fromEpsilon · ε̂ + noise · ξ, ξ standard normal. */
export interface ReverseStep {
  readonly fromZ: number;
  readonly fromEpsilon: number;
  readonly noise: number;
}

/**
 * Variance of p(z_s | z_t): that of the posterior q(z_s | z_t, x), β̃, or that of the forward step, β. They are
 * optimal for data at one point and for standard normal data (Ho et al. 2020, section 3.2).
 */
export type ReverseVariance = "posterior" | "forward";

/** p(z_s | z_t) = q(z_s | z_t, x = x̂(ε̂)): the ancestral step (Hoogeboom et al. 2022, algorithm 2). */
export function ancestralStep(
  schedule: NoiseSchedule,
  s: number,
  t: number,
  variance: ReverseVariance = "posterior",
): ReverseStep {
  const { alpha, sigma2 } = transition(schedule.gamma(s), schedule.gamma(t));
  const sigmaT = schedule.sigma(t);
  const deviation = Math.sqrt(sigma2);
  return {
    fromZ: 1 / alpha,
    fromEpsilon: -sigma2 / (alpha * sigmaT),
    noise: variance === "forward" ? deviation : (deviation * schedule.sigma(s)) / sigmaT,
  };
}

/**
 * Non-Markovian step of Song, Meng, Ermon 2021 (DDIM), eq. 12 and 16: η = 0 is deterministic, η = 1 the ancestral
 * step.
 */
export function ddimStep(schedule: NoiseSchedule, s: number, t: number, eta: number): ReverseStep {
  const { sigma2 } = transition(schedule.gamma(s), schedule.gamma(t));
  const [alphaS, alphaT] = [schedule.alpha(s), schedule.alpha(t)];
  const [sigmaS, sigmaT] = [schedule.sigma(s), schedule.sigma(t)];
  const noise = (eta * Math.sqrt(sigma2) * sigmaS) / sigmaT;
  const direction = Math.sqrt(Math.max(sigmaS * sigmaS - noise * noise, 0));
  return {
    fromZ: alphaS / alphaT,
    fromEpsilon: direction - (alphaS * sigmaT) / alphaT,
    noise,
  };
}

/** KL(N(μ, q² I_d) ‖ N(0, I_d)) in nats, from ‖μ‖². */
export const klToStandardNormal = (dimensions: number, q: number, squaredMean: number): number =>
  -dimensions * log(q) + 0.5 * (dimensions * q * q + squaredMean) - 0.5 * dimensions;

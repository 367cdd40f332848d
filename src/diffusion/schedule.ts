/**
 * Variance-preserving noise schedules: z_t = α_t x + σ_t ε with α² + σ² = 1, all functions of
 * γ(t) = −log SNR(t), t ∈ [0, 1] (Kingma et al. 2021, "Variational diffusion models"). The polynomial schedule is
 * Hoogeboom et al. 2022, appendix B; cosine: Nichol & Dhariwal 2021, eq. 17; linear β: Ho et al. 2020.
 * The published ones are tables of T + 1 values as published; γ is linear between them.
 */

import { cos, exp, log, log1p, pow, square } from "../math/elementary.ts";
/** A schedule is the function γ; everything else follows from it. */
export interface NoiseSchedule {
  readonly name: string;
  /** T: the number of steps the process was defined with. */
  readonly steps: number;
  /** −log SNR, increasing in t. */
  readonly gamma: (t: number) => number;
  /** √sigmoid(−γ), the share of signal. */
  readonly alpha: (t: number) => number;
  /** √sigmoid(γ), the standard deviation of the noise. */
  readonly sigma: (t: number) => number;
  /** α²/σ². */
  readonly snr: (t: number) => number;
}

/** What a configuration says about its schedule. */
export type ScheduleConfig =
  | {
      readonly kind: "polynomial";
      readonly power: number;
      readonly precision: number;
      readonly steps: number;
    }
  | { readonly kind: "cosine"; readonly steps: number }
  | { readonly kind: "linear"; readonly steps: number }
  /** As published: `steps` is its number of levels. */
  | { readonly kind: "ddpm"; readonly steps: number }
  | {
      readonly kind: "logLinear";
      readonly sigmaMin: number;
      readonly sigmaMax: number;
      readonly steps: number;
    }
  | { readonly kind: "learned"; readonly steps: number };

/** log(1 + eˣ). */
export const softplus = (x: number): number => (x > 30 ? x : log1p(exp(x)));
export const sigmoid = (x: number): number => (x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)));
/** α for a given γ. */
export const alphaOf = (gamma: number): number => Math.sqrt(sigmoid(-gamma));
/** σ for a given γ. */
export const sigmaOf = (gamma: number): number => Math.sqrt(sigmoid(gamma));

/** The schedule of a function γ. */
export const scheduleOf = (name: string, steps: number, gamma: (t: number) => number): NoiseSchedule => ({
  name,
  steps,
  gamma,
  alpha: (t) => alphaOf(gamma(t)),
  sigma: (t) => sigmaOf(gamma(t)),
  snr: (t) => exp(-gamma(t)),
});

/**
 * α²(t) = (1 − 2s)(1 − tᵖ)² + s with α²_t/α²_{t−1} kept at least 0.001 (before the precision s is applied).
 * @param precision s; 1e-5 in the paper
 */
export function polynomialSchedule(steps: number, power = 2, precision = 1e-5): NoiseSchedule {
  const raw = Array.from({ length: steps + 1 }, (_, k) => square(1 - pow(k / steps, power)));
  const alpha2 = clipSteps(raw, 0.001).map((a) => (1 - 2 * precision) * a + precision);
  return tabulated(`polynomial_${power}`, alpha2);
}

/** Nichol & Dhariwal 2021, eq. 17: ᾱ(u) = cos²(π/2 · (u + 0.008)/1.008) with β kept below 0.999; the first of its T + 1 steps is t = 0. */
export function cosineSchedule(steps: number, offset = 0.008): NoiseSchedule {
  const points = steps + 2;
  const raw = Array.from({ length: points }, (_, k) =>
    square(cos(((k / (points - 1) + offset) / (1 + offset)) * Math.PI * 0.5)),
  );
  let product = 1;
  const alpha2 = raw.slice(1).map((value, k) => {
    const beta = Math.min(Math.max(1 - value / raw[k], 0), 0.999);
    product *= 1 - beta;
    return product;
  });
  return tabulated("cosine", alpha2);
}

/** β from 10⁻⁴ to 0.02 for T = 1000, both scaled by 1000/T; `at` from 0 to 1. */
const linearBeta = (T: number, at: number): number =>
  Math.min((1000 / T) * (1e-4 + (0.02 - 1e-4) * at), 0.999);

/** ᾱ = Π (1 − β). */
function productsOf(betas: readonly number[]): number[] {
  let product = 1;
  return betas.map((beta) => {
    product *= 1 - beta;
    return product;
  });
}

/**
 * β linear as in Ho et al. 2020, section 4, on the T + 1 levels that the other tables have: T transitions, and the data
 * are decoded from z_0, which has the first β. The published one, of T levels, is `ddpmSchedule`.
 */
export const linearSchedule = (steps: number): NoiseSchedule =>
  tabulated("linear", productsOf(Array.from({ length: steps + 1 }, (_, k) => linearBeta(steps, k / steps))));

/**
 * Ho et al. 2020, section 4, as published: the T levels β_1 … β_T, evenly from 10⁻⁴ · 1000/T to 0.02 · 1000/T. t = 0 is
 * level 1 and t = 1 is level T, so there are T − 1 transitions, and the last of T evaluations decodes the data.
 * @param levels T, at least 2
 */
export const ddpmSchedule = (levels: number): NoiseSchedule =>
  tabulated(
    "ddpm",
    productsOf(Array.from({ length: levels }, (_, k) => linearBeta(levels, k / (levels - 1)))),
  );

/**
 * ln σ̃ linear in t, with σ̃ = σ/α from `sigmaMin` to `sigmaMax`: equal steps of time are equal ratios of noise, and a
 * network that is told t is told the level as it should see it (Song et al. 2021, VE; Karras et al. 2022, c_noise).
 */
export const logLinearSchedule = (steps: number, sigmaMin = 0.003, sigmaMax = 50): NoiseSchedule =>
  scheduleOf("log-linear", steps, (t) => 2 * (log(sigmaMin) + t * log(sigmaMax / sigmaMin)));

/** The schedule that a configuration describes; learned schedules come from their parameters instead. */
export function scheduleFrom(config: Exclude<ScheduleConfig, { kind: "learned" }>): NoiseSchedule {
  switch (config.kind) {
    case "polynomial":
      return polynomialSchedule(config.steps, config.power, config.precision);
    case "cosine":
      return cosineSchedule(config.steps);
    case "linear":
      return linearSchedule(config.steps);
    case "ddpm":
      return ddpmSchedule(config.steps);
    case "logLinear":
      return logLinearSchedule(config.steps, config.sigmaMin, config.sigmaMax);
  }
}

/** Limits each ratio α²_t/α²_{t−1} from below (and to at most 1), starting from α² = 1 before the first. */
function clipSteps(alpha2: readonly number[], least: number): number[] {
  let product = 1;
  return alpha2.map((value, k) => {
    const ratio = value / (k === 0 ? 1 : alpha2[k - 1]);
    product *= Math.min(Math.max(ratio, least), 1);
    return product;
  });
}

function tabulated(name: string, alpha2: readonly number[]): NoiseSchedule {
  const steps = alpha2.length - 1;
  const table = Float64Array.from(alpha2, (a) => log(1 - a) - log(a));
  return scheduleOf(name, steps, (t) => {
    const at = Math.min(Math.max(t, 0), 1) * steps;
    const nearest = Math.round(at);
    if (Math.abs(at - nearest) < 1e-9 * steps) return table[nearest]; // k/T, however it was rounded
    const k = Math.floor(at);
    return table[k] + (at - k) * (table[k + 1] - table[k]);
  });
}

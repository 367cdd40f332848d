/**
 * What a denoiser predicts: the noise ε (Ho et al. 2020), the data x₀, or v = α ε − σ x₀ (Salimans & Ho 2022). Each is
 * a linear combination of z_t and each of the others; samplers and bounds only ever see ε̂.
 */
import type { NoiseSchedule } from "./schedule.ts";

export const PREDICTIONS = ["epsilon", "x0", "v"] as const;
export type Prediction = (typeof PREDICTIONS)[number];

/** The target as fromData · x₀ + fromNoise · ε. */
export function predictionTarget(
  prediction: Prediction,
  alpha: number,
  sigma: number,
): { readonly fromData: number; readonly fromNoise: number } {
  switch (prediction) {
    case "epsilon":
      return { fromData: 0, fromNoise: 1 };
    case "x0":
      return { fromData: 1, fromNoise: 0 };
    case "v":
      return { fromData: -sigma, fromNoise: alpha };
  }
}

/** ε̂ as fromZ · z_t + fromOutput · output. */
export function epsilonFrom(
  prediction: Prediction,
  alpha: number,
  sigma: number,
): { readonly fromZ: number; readonly fromOutput: number } {
  switch (prediction) {
    case "epsilon":
      return { fromZ: 0, fromOutput: 1 };
    case "x0":
      return { fromZ: 1 / sigma, fromOutput: -alpha / sigma };
    case "v":
      return { fromZ: sigma, fromOutput: alpha };
  }
}

/** x̂₀ = (z_t − σ ε̂)/α. [D] */
export const dataFrom = (
  schedule: NoiseSchedule,
  t: number,
  z: Float64Array,
  epsilon: Float64Array,
): Float64Array => {
  const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
  return z.map((value, i) => (value - sigma * epsilon[i]) / alpha);
};

/** ∇ log q(z_t) ≈ −ε̂/σ, with σ = √(1 − ᾱ) (Song et al. 2021, eq. 9; Ho et al. 2020, section 3.2). */
export const scoreFrom = (schedule: NoiseSchedule, t: number, epsilon: Float64Array): Float64Array => {
  const sigma = schedule.sigma(t);
  return epsilon.map((value) => -value / sigma);
};

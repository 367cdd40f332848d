import type { NoiseSchedule } from "../schedule.ts";
import type { Denoiser, Space } from "../space.ts";
import { type LevelOptions, type LevelStep, noiseAt, runLevels } from "./noise-levels.ts";

/**
 * Churn that keeps the variance. Like algorithm 2 of Karras et al. 2022 a step adds noise g ξ to x at level σ and asks
 * the network for the data x̂ at σ̂ = √(σ² + g²); what it leaves of the old noise and of ξ is another:
 *
 *     x′ = x̂ + y (x − x̂) + r ξ,   y = (σ′/σ) cos θ,   r = σ′ sin θ,   tan(θ/2) = g/σ.
 *
 * The noise is turned by θ: where x̂ does not depend on x it is of variance y² σ² + r² = σ′². For Gaussian data of
 * variance s² and σ′ = σ the new variance is s² + σ² for every s, with one evaluation; Euler's step from σ̂ has that
 * for s → 0 alone. What is left is of the first order in 1 − σ′/σ, not in γ. Without churn this is DDIM.
 * Derivation and measurements: docs/sampling.md.
 */
export const churn = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  { churn: gamma = DEFAULT_CHURN, ...options }: LevelOptions,
): Promise<Float64Array> => {
  const predict = noiseAt(denoiser, schedule);
  return runLevels(schedule, space, { ...options, churn: gamma }, async (x, levels, xi) => {
    const { added, kept, fresh } = turnedNoise(levels);
    const from = xi === undefined ? x : x.map((value, i) => value + added * xi[i]);
    const epsilon = await predict(from, levels.raised);
    return from.map((value, i) => {
      const data = value - levels.raised * epsilon[i]; // x̂
      return data + kept * (x[i] - data) + (xi === undefined ? 0 : fresh * xi[i]);
    });
  });
};

/** The coefficients g, y and r of a step from level σ over σ̂ to σ′. */
export function turnedNoise({ sigma, raised, next }: Parameters<LevelStep>[1]): {
  readonly added: number;
  readonly kept: number;
  readonly fresh: number;
} {
  const half = sigma / raised; // cos(θ/2)
  return {
    added: Math.sqrt(raised * raised - sigma * sigma),
    kept: (next / sigma) * (2 * half * half - 1),
    fresh: 2 * next * half * Math.sqrt(1 - half * half),
  };
}

/** γ where none is given. */
const DEFAULT_CHURN = 0.6;

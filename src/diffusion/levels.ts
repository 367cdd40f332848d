/**
 * At which noise levels a denoiser is trained. Uniform in time as published (Hoogeboom et al. 2022, algorithm 1), or
 * ln σ̃ from a normal distribution, with σ̃ = σ_t/α_t the noise beside data of unit signal (Karras et al. 2022, table 1
 * and section 5): most is then learned where it changes most, and ends of the schedule that hardly matter are rare.
 */
import { normalQuantile } from "../math/normal.ts";
import type { NoiseSchedule } from "./schedule.ts";
import { timeOfGamma } from "./sde.ts";

export type LevelDistribution =
  | { readonly kind: "uniform" }
  /**
   * Mean and standard deviation of ln σ̃; levels outside the schedule become its ends. The share `even` is uniform in
   * ln σ̃ over the schedule instead, so that no level is left to chance.
   */
  | {
      readonly kind: "logNormal";
      readonly mean: number;
      readonly deviation: number;
      readonly even: number;
    };

/** Step 0 … T for u uniform in (0, 1): equal parts of it are equally likely parts of the distribution. */
export function levelAt(distribution: LevelDistribution, schedule: NoiseSchedule, u: number): number {
  const T = schedule.steps;
  if (distribution.kind === "uniform") return Math.floor(u * (T + 1));
  const { mean, deviation, even } = distribution;
  const [start, end] = [0.5 * schedule.gamma(0), 0.5 * schedule.gamma(1)];
  const logSigma =
    u < even
      ? start + (u / even) * (end - start)
      : mean + deviation * normalQuantile((u - even) / (1 - even));
  return Math.round(T * timeOfGamma(schedule, 2 * logSigma));
}

/**
 * Which steps of the variational bound are computed. The terms L_t = w_t ‖ε − ε̂‖² differ by orders of magnitude, so
 * one uniform draw of t is ruled by the few largest (Nichol & Dhariwal 2021, section 3.3). Steps are drawn with
 * probability q_t ∝ w_t/(1 + (σ̃_t/c)²) instead, the course that L_t takes for data of width c, and weighted by w_t/q_t:
 * unbiased for every c, and of little variance since what is left to vary is small.
 */
import { exp } from "../math/elementary.ts";
import { reverseStepKl } from "./bound.ts";
import type { NoiseSchedule } from "./schedule.ts";

export interface BoundDraws {
  /** Step 1 … T at the share u ∈ [0, 1) of the probability. */
  readonly step: (u: number) => number;
  /** w_t/q_t: Σ_t L_t is the mean of weight · ‖ε − ε̂‖². */
  readonly weight: (step: number) => number;
}

/** @param width c, in units of the data: what is finer is settled at noise below it */
export function boundDraws(schedule: NoiseSchedule, width = 0.3): BoundDraws {
  const T = schedule.steps;
  const below = new Float64Array(T + 1); // Σ of the shares of steps 1 … t
  const term = (t: number): number => reverseStepKl(schedule, (t - 1) / T, t / T).fromError; // w_t
  for (let t = 1; t <= T; t++) {
    const ratio2 = exp(schedule.gamma(t / T)) / (width * width);
    below[t] = below[t - 1] + term(t) / (1 + ratio2);
  }
  const total = below[T];
  return {
    step: (u) => {
      let [low, high] = [0, T]; // below[low] ≤ u · total < below[high]
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (below[middle] <= u * total) low = middle;
        else high = middle;
      }
      return high;
    },
    weight: (t) => (term(t) * total) / (below[t] - below[t - 1]),
  };
}

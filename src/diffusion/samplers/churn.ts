import { log } from "../../math/elementary.ts";
import type { NoiseSchedule } from "../schedule.ts";
import type { Denoiser, Space } from "../space.ts";
import { type LevelOptions, type LevelStep, levelRange, noiseAt, runLevels } from "./noise-levels.ts";

/** Levels and churn of `churn`, and the order of its solver. */
export interface ChurnOptions extends LevelOptions {
  /** 2, the default: the fall from level to level looks back at the step before; 1: it does not. */
  readonly order?: 1 | 2;
}

/**
 * Churn that keeps the variance. Like algorithm 2 of Karras et al. 2022 a step adds noise g ξ to x at level σ and asks
 * the network for the data x̂ at σ̂ = √(σ² + g²); what it leaves of the old noise and of ξ is another:
 *
 *     x′ = x̂ + y (x − x̂) + r ξ,   y = (σ′/σ) cos θ,   r = σ′ sin θ,   tan(θ/2) = g/σ.
 *
 * The noise is turned by θ: where x̂ does not depend on x it is of variance y² σ² + r² = σ′². For Gaussian data of
 * variance s² and σ′ = σ the new variance is s² + σ² for every s, with one evaluation; Euler's step from σ̂ has that
 * for s → 0 alone. What is left is of the first order in 1 − σ′/σ, not in γ, and of the second where the data that the
 * noise falls towards is extrapolated by half a step, as in DPM-Solver++(2M) (Lu et al. 2022, algorithm 2):
 * x′ += (1 − σ′/σ) (h/2h₋) (x̂ − x̂₋). Without churn this is DDIM, or that solver. Derivation: docs/sampling.md.
 */
export const churn = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  { churn: gamma = DEFAULT_CHURN, order = 2, ...options }: ChurnOptions,
): Promise<Float64Array> => {
  const predict = noiseAt(denoiser, schedule);
  const [lowest] = levelRange(schedule);
  let before: { readonly data: Float64Array; readonly h: number } | undefined;
  return runLevels(schedule, space, { ...options, churn: gamma }, async (x, levels, xi) => {
    const { sigma, raised, next } = levels;
    const { added, kept, fresh } = turnedNoise(levels);
    const from = xi === undefined ? x : x.map((value, i) => value + added * xi[i]);
    const epsilon = await predict(from, raised);
    const data = from.map((value, i) => value - raised * epsilon[i]); // x̂
    const h = log(sigma / next);
    const last = order === 2 && next > lowest ? before : undefined; // The last step is of first order.
    const ahead = last === undefined ? 0 : (1 - next / sigma) * Math.min(h / (2 * last.h), 1);
    before = { data, h };
    return data.map(
      (value, i) =>
        value +
        kept * (x[i] - value) +
        (xi === undefined ? 0 : fresh * xi[i]) +
        (last === undefined ? 0 : ahead * (value - last.data[i])),
    );
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
const DEFAULT_CHURN = 0.5;

import type { NoiseSchedule } from "../schedule.ts";
import type { Denoiser, Space } from "../space.ts";
import { type LevelOptions, noiseAt, runLevels } from "./noise-levels.ts";

/** Levels and churn of `karras`, and the order of its solver. */
export interface KarrasOptions extends LevelOptions {
  /** 1: Euler's method; 2: Heun's, two evaluations a step. */
  readonly order?: 1 | 2;
  /** S_noise: multiplies the fresh noise; 1 when absent. */
  readonly noiseFactor?: number;
}

/**
 * Stochastic sampler of Karras et al. 2022, algorithm 2: each step adds noise up to σ̂ = (1 + γ) σ and solves the
 * probability-flow ODE from there to the next level. Without churn a solver of that ODE. Its noise corrects errors of
 * earlier steps, but with γ held its variance does not come to that of the data however many steps there are:
 * directions wide beside σ̂ shrink to (2 + γ)/(2 + 2γ) of their variance. See churn.ts for the step that does not.
 */
export const karras = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  { order = 1, noiseFactor = 1, ...options }: KarrasOptions,
): Promise<Float64Array> => {
  const predict = noiseAt(denoiser, schedule);
  return runLevels(schedule, space, options, async (x, { sigma, raised, next }, xi) => {
    const added = noiseFactor * Math.sqrt(raised * raised - sigma * sigma);
    const from = xi === undefined ? x : x.map((value, i) => value + added * xi[i]);
    const slope = await predict(from, raised);
    const h = next - raised;
    const euler = from.map((value, i) => value + h * slope[i]);
    if (order === 1) return euler;
    space.project(euler);
    const end = await predict(euler, next);
    return from.map((value, i) => value + 0.5 * h * (slope[i] + end[i]));
  });
};

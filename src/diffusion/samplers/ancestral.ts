import { ancestralStep, type ReverseVariance } from "../process.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { runLinearSteps, type SamplingOptions } from "./grid.ts";

/**
 * Ancestral sampling (Ho et al. 2020, algorithm 2; Hoogeboom et al. 2022, algorithm 2) on K respaced steps, with the
 * variance of the posterior where no other is asked for.
 * @returns z_0, with the noise of t = 0. [D]
 */
export const ancestral = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  { variance, ...options }: SamplingOptions & { readonly variance?: ReverseVariance },
): Promise<Float64Array> =>
  runLinearSteps(denoiser, schedule, space, space.noise(PRIOR_STEP), options, (s, t) =>
    ancestralStep(schedule, s, t, variance),
  );

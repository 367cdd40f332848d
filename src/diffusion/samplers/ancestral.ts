import { ancestralStep } from "../process.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { runLinearSteps, type SamplingOptions } from "./grid.ts";

/** Ancestral sampling (Ho et al. 2020, algorithm 2; Hoogeboom et al. 2022, algorithm 2) on K respaced steps. */
export const ancestral = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: SamplingOptions,
): Promise<Float64Array> =>
  runLinearSteps(denoiser, schedule, space, space.noise(PRIOR_STEP), options, (s, t) =>
    ancestralStep(schedule, s, t),
  );

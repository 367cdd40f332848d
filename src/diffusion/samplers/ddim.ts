import { ddimStep } from "../process.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { runLinearSteps, type SamplingOptions } from "./grid.ts";

/**
 * DDIM (Song, Meng, Ermon 2021, eq. 12) with noise η ∈ [0, 1]; η = 0 integrates the probability-flow ODE.
 * @returns z_0, with the noise of t = 0. [D]
 */
export const ddim = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  { eta = 0, ...options }: SamplingOptions & { readonly eta?: number },
): Promise<Float64Array> =>
  runLinearSteps(denoiser, schedule, space, space.noise(PRIOR_STEP), options, (s, t) =>
    ddimStep(schedule, s, t, eta),
  );

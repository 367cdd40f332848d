import { hypot } from "../../math/elementary.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { type LevelOptions, levelGrid, noiseAt } from "./noise-levels.ts";

/** The K levels at which a K-step generator is asked: those of a grid, without the end of the schedule. */
export const renoisingLevels = (
  schedule: NoiseSchedule,
  options: Pick<LevelOptions, "steps" | "sigmaMax" | "grid">,
): Float64Array => levelGrid(schedule, options).slice(0, -1);

/**
 * Multistep consistency sampling (Song, Dhariwal, Chen, Sutskever 2023, algorithm 1): the network's x̂ at each level,
 * noised to the next; the last x̂ is the sample. For generators that were distilled to give data and not the mean of what
 * the data may be (docs/distillation.md); of a denoiser as trained it makes
 * molecules that are too compact. Returns z = α_0 x̂.
 */
export async function renoise(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: Pick<LevelOptions, "steps" | "sigmaMax" | "grid" | "spread" | "onStep">,
): Promise<Float64Array> {
  const levels = renoisingLevels(schedule, options);
  const { spread = 0, onStep } = options;
  const predict = noiseAt(denoiser, schedule);
  const start = hypot(levels[0], spread);
  let x: Float64Array = space.noise(PRIOR_STEP).map((value) => start * value);
  for (let k = 0; k < levels.length; k++) {
    const epsilon = await predict(x, levels[k]);
    const next = levels[k + 1] ?? 0;
    const xi = next > 0 ? space.noise(k) : undefined;
    x = x.map((value, i) => value - levels[k] * epsilon[i] + (xi === undefined ? 0 : next * xi[i]));
    space.project(x);
    const alpha = xi === undefined ? schedule.alpha(0) : 1 / hypot(1, next);
    await onStep?.(
      k + 1,
      x.map((value) => alpha * value),
    );
  }
  return x.map((value) => schedule.alpha(0) * value);
}

import { expm1 } from "../../math/elementary.ts";
import { dataFrom } from "../prediction.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { type SamplingOptions, samplingTimes } from "./grid.ts";

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second-order multistep integration of the probability-flow ODE in
 * λ = log(α/σ), with predictions of the data; the first and the last step are of first order. No noise but z_T.
 * @returns z_0, with the noise of t = 0. [D]
 */
export async function dpmSolver(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: SamplingOptions,
): Promise<Float64Array> {
  const { steps, onStep } = options;
  const times = samplingTimes(schedule, options);
  let z = space.noise(PRIOR_STEP);
  let before: { readonly data: Float64Array; readonly h: number } | undefined;
  for (let k = steps; k >= 1; k--) {
    const [s, t] = [times[k - 1], times[k]];
    const sigmaT = schedule.sigma(t);
    const h = 0.5 * (schedule.gamma(t) - schedule.gamma(s)); // λ_s − λ_t
    const epsilon = await denoiser(z, t);
    const data = dataFrom(schedule, t, z, epsilon); // x̂
    const ahead = before === undefined || k === 1 ? 0 : h / (2 * before.h);
    const [fromZ, fromData] = [schedule.sigma(s) / sigmaT, -schedule.alpha(s) * expm1(-h)];
    const next = new Float64Array(z.length);
    for (let i = 0; i < z.length; i++) {
      const earlier = before === undefined ? data[i] : before.data[i];
      next[i] = fromZ * z[i] + fromData * (data[i] + ahead * (data[i] - earlier));
    }
    space.project(next);
    before = { data, h };
    z = next;
    await onStep?.(steps - k + 1, z);
  }
  return z;
}

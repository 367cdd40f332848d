import { exp, expm1 } from "../../math/elementary.ts";
import { dataFrom } from "../prediction.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { type SamplingOptions, samplingTimes } from "./grid.ts";

/**
 * SDE-DPM-Solver++(2M) (Lu et al. 2022, appendix D.4, eq. 19): second-order multistep integration of the reverse SDE in
 * λ = log(α/σ), with predictions of the data; the first and the last step are of first order. Its noise corrects
 * the errors of earlier steps, as in ancestral sampling, in fewer steps.
 */
export async function sdeDpmSolver(
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
    const [alphaS, sigmaS] = [schedule.alpha(s), schedule.sigma(s)];
    const h = 0.5 * (schedule.gamma(t) - schedule.gamma(s)); // λ_s − λ_t
    const epsilon = await denoiser(z, t);
    const data = dataFrom(schedule, t, z, epsilon); // x̂
    const ahead = before === undefined || k === 1 ? 0 : h / (2 * before.h);
    const lost = -expm1(-2 * h); // 1 − e^{−2h}
    const [fromZ, fromData, fromNoise] = [
      (sigmaS / sigmaT) * exp(-h),
      alphaS * lost,
      sigmaS * Math.sqrt(lost),
    ];
    const noise = space.noise(Math.round(s * schedule.steps));
    const next = new Float64Array(z.length);
    for (let i = 0; i < z.length; i++) {
      const earlier = before === undefined ? data[i] : before.data[i];
      next[i] = fromZ * z[i] + fromData * (data[i] + ahead * (data[i] - earlier)) + fromNoise * noise[i];
    }
    space.project(next);
    before = { data, h };
    z = next;
    await onStep?.(steps - k + 1, z);
  }
  return z;
}

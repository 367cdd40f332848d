/** DPM-Solver++(2M) (Lu et al. 2022) for the probability-flow ODE and for the reverse SDE, which differ in three numbers. */
import { exp, expm1 } from "../../math/elementary.ts";
import { dataFrom } from "../prediction.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";
import { type SamplingOptions, samplingTimes } from "./grid.ts";

/** α and σ of the level that a step goes to, σ of the one it comes from, and h = λ_s − λ_t. */
interface Step {
  readonly alpha: number;
  readonly sigma: number;
  readonly sigmaBefore: number;
  readonly h: number;
}

/** What z_t, the extrapolated data and fresh noise are multiplied by. */
type Coefficients = (step: Step) => readonly [fromZ: number, fromData: number, fromNoise: number];

/**
 * DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): second-order multistep integration of the probability-flow ODE in
 * λ = log(α/σ), with predictions of the data; the first and the last step are of first order. No noise but z_T.
 * @returns z_0, with the noise of t = 0. [D]
 */
export const dpmSolver = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: SamplingOptions,
): Promise<Float64Array> =>
  multistep(denoiser, schedule, space, options, ({ alpha, sigma, sigmaBefore, h }) => [
    sigma / sigmaBefore,
    -alpha * expm1(-h),
    0,
  ]);

/**
 * SDE-DPM-Solver++(2M) (Lu et al. 2022, appendix D.4, eq. 19): the same of the reverse SDE. Its noise corrects the errors
 * of earlier steps, as in ancestral sampling, in fewer steps.
 * @returns z_0, with the noise of t = 0. [D]
 */
export const sdeDpmSolver = (
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: SamplingOptions,
): Promise<Float64Array> =>
  multistep(denoiser, schedule, space, options, ({ alpha, sigma, sigmaBefore, h }) => {
    const lost = -expm1(-2 * h); // 1 − e^{−2h}
    return [(sigma / sigmaBefore) * exp(-h), alpha * lost, sigma * Math.sqrt(lost)];
  });

async function multistep(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  options: SamplingOptions,
  coefficients: Coefficients,
): Promise<Float64Array> {
  const { steps, onStep } = options;
  const times = samplingTimes(schedule, options);
  let z = space.noise(PRIOR_STEP);
  let before: { readonly data: Float64Array; readonly h: number } | undefined;
  for (let k = steps; k >= 1; k--) {
    const [s, t] = [times[k - 1], times[k]];
    const h = 0.5 * (schedule.gamma(t) - schedule.gamma(s)); // λ_s − λ_t
    const epsilon = await denoiser(z, t);
    const data = dataFrom(schedule, t, z, epsilon); // x̂
    const ahead = before === undefined || k === 1 ? 0 : h / (2 * before.h);
    const [fromZ, fromData, fromNoise] = coefficients({
      alpha: schedule.alpha(s),
      sigma: schedule.sigma(s),
      sigmaBefore: schedule.sigma(t),
      h,
    });
    const noise = fromNoise > 0 ? space.noise(Math.round(s * schedule.steps)) : undefined;
    const next = new Float64Array(z.length);
    for (let i = 0; i < z.length; i++) {
      const earlier = before === undefined ? data[i] : before.data[i];
      const drift = fromZ * z[i] + fromData * (data[i] + ahead * (data[i] - earlier));
      next[i] = noise === undefined ? drift : drift + fromNoise * noise[i];
    }
    space.project(next);
    before = { data, h };
    z = next;
    await onStep?.(steps - k + 1, z);
  }
  return z;
}

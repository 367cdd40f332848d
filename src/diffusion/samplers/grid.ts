/** The times a sampler visits, and the loop that all samplers share. */
import type { ReverseStep } from "../process.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { timeOfGamma } from "../sde.ts";
import type { Denoiser, Space } from "../space.ts";

/** How the K steps may be spaced. */
export const SPACINGS = ["time", "logSnr"] as const;
/** One of `SPACINGS`. */
export type Spacing = (typeof SPACINGS)[number];

/** Steps among those of the schedule. */
export interface SamplingOptions {
  /** Steps K ≤ T. */
  readonly steps: number;
  /** Equal steps in time (as published for molecules, and what is taken when absent), or in log SNR. */
  readonly spacing?: Spacing;
  /** Called after each step with the step's number (1 … K) and z_s; awaited, may abort by throwing. */
  readonly onStep?: (done: number, z: Float64Array) => void | Promise<void>;
}

/**
 * K + 1 times from 0 to 1, a subset of the T + 1 times of the schedule as evenly spaced as these allow
 * (Nichol & Dhariwal 2021, section 4; K = T visits all).
 * @throws RangeError unless 1 ≤ K ≤ T
 */
export function respacedTimes(T: number, K: number): Float64Array {
  if (!(Number.isInteger(K) && K >= 1 && K <= T)) {
    throw new RangeError(`steps must be an integer from 1 to ${T}, got ${K}`);
  }
  return Float64Array.from({ length: K + 1 }, (_, k) => Math.round((k * T) / K) / T);
}

/**
 * K + 1 times from 0 to 1, all of them among the T + 1 of the schedule. Equal steps of log SNR (Lu et al. 2022,
 * appendix) spend as much care on the last details as on the outlines: with a linear β a tenth of the time takes the
 * noise from 0.3 down to 0.01, so equal steps of time pass over whatever is finer than that.
 */
export function samplingTimes(
  schedule: NoiseSchedule,
  { steps: K, spacing = "time" }: SamplingOptions,
): Float64Array {
  const T = schedule.steps;
  const equal = respacedTimes(T, K);
  if (spacing === "time") return equal;
  const [start, end] = [schedule.gamma(0), schedule.gamma(1)];
  let last = -1;
  return equal.map((_, k) => {
    const wanted = k === K ? T : Math.round(T * timeOfGamma(schedule, start + ((end - start) * k) / K));
    last = Math.min(Math.max(wanted, last + 1), T - K + k); // No time twice, and room for those that follow.
    return last / T;
  });
}

/** z_T from the prior, then one linear reverse step after the other down to z_0. */
export async function runLinearSteps(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  prior: Float64Array,
  options: SamplingOptions,
  stepFor: (s: number, t: number) => ReverseStep,
): Promise<Float64Array> {
  const times = samplingTimes(schedule, options);
  let z = prior;
  for (let k = options.steps; k >= 1; k--) {
    const [s, t] = [times[k - 1], times[k]];
    const step = stepFor(s, t);
    const epsilon = await denoiser(z, t);
    const noise = step.noise > 0 ? space.noise(Math.round(s * schedule.steps)) : undefined;
    const next = new Float64Array(z.length);
    for (let i = 0; i < z.length; i++) {
      next[i] = step.fromZ * z[i] + step.fromEpsilon * epsilon[i] + (noise ? step.noise * noise[i] : 0);
    }
    space.project(next);
    z = next;
    await options.onStep?.(options.steps - k + 1, z);
  }
  return z;
}

/** The terms of the variational bound of each row, estimated at a few times in place of all T. */
import { decoderTerm, priorTerm, reverseStepKl } from "../../../diffusion/bound.ts";
import type { ReverseVariance } from "../../../diffusion/process.ts";
import type { NoiseSchedule } from "../../../diffusion/schedule.ts";
import { stream } from "../../../math/random.ts";
import { rowSpace } from "../rows.ts";

export interface BoundOptions {
  readonly seed: number;
  /** Times of each row, one from each of as many equal strata of 1 … T; T of them are all. */
  readonly times: number;
  readonly variance: ReverseVariance;
  /** ε̂ at the time of each row. [n, D], [n] → [n, D] */
  readonly epsilon: (z: Float64Array, t: Float64Array) => Promise<Float64Array>;
}

/** In nats. [n] each; L_t averaged over the rows for the times that were drawn, sums and counts by step. [T + 1] */
export interface RowBound {
  readonly prior: Float64Array;
  readonly diffusion: Float64Array;
  readonly reconstruction: Float64Array;
  readonly byStep: { readonly sum: Float64Array; readonly count: Uint32Array };
}

export async function boundTerms(
  schedule: NoiseSchedule,
  rows: Float64Array,
  D: number,
  { seed, times, variance, epsilon }: BoundOptions,
): Promise<RowBound> {
  const n = rows.length / D;
  const T = schedule.steps;
  const K = Math.min(times, T);
  const space = rowSpace(n, D, seed, "likelihoodNoise");
  const randoms = Array.from({ length: n }, (_, index) => stream({ seed, purpose: "likelihoodTime", index }));
  const byStep = { sum: new Float64Array(T + 1), count: new Uint32Array(T + 1) };

  /** ‖ε − ε̂‖² of each row at its step, with the noise of draw k. */
  const errorsAt = async (steps: Int32Array, k: number): Promise<Float64Array> => {
    const noise = space.noise(k);
    const t = Float64Array.from(steps, (step) => step / T);
    const z = noise.map((value, i) => {
      const time = t[Math.floor(i / D)];
      return schedule.alpha(time) * rows[i] + schedule.sigma(time) * value;
    });
    const found = await epsilon(z, t);
    const errors = new Float64Array(n);
    for (let i = 0; i < found.length; i++) errors[Math.floor(i / D)] += (found[i] - noise[i]) ** 2;
    return errors;
  };

  const diffusion = new Float64Array(n);
  for (let k = 0; k < K; k++) {
    // Strata of 1 … T; with K = T each step comes once.
    const steps = Int32Array.from(randoms, (random) => 1 + Math.floor(((k + random.uniform()) / K) * T));
    const errors = await errorsAt(steps, k);
    for (let i = 0; i < n; i++) {
      const { perDimension, fromError } = reverseStepKl(schedule, (steps[i] - 1) / T, steps[i] / T, variance);
      const term = perDimension * D + fromError * errors[i];
      diffusion[i] += (T / K) * term;
      byStep.sum[steps[i]] += term;
      byStep.count[steps[i]]++;
    }
  }
  const decoder = decoderTerm(schedule);
  const reconstruction = (await errorsAt(new Int32Array(n), K)).map(
    (error) => decoder.perDimension * D + decoder.fromError * error,
  );
  const prior = Float64Array.from({ length: n }, (_, i) => {
    let squared = 0;
    for (let d = 0; d < D; d++) squared += rows[i * D + d] ** 2;
    return priorTerm(schedule, D, squared);
  });
  return { prior, diffusion, reconstruction, byStep };
}

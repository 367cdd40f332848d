/** Reverse diffusion over the coordinates of graphs (GeoDiff, algorithm 1), with any sampler or by annealed Langevin dynamics. */
import { annealedLangevin } from "../../diffusion/samplers/langevin.ts";
import { SAMPLERS } from "../../diffusion/samplers/registry.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import type { Denoiser, Space } from "../../diffusion/space.ts";
import { cooled, moleculeSpace } from "../edm/noise.ts";
import { noiseScale } from "./batch.ts";
import type { GraphChannels } from "./channels.ts";
import type { ConformerSampler } from "./config.ts";
import type { ConformerModel } from "./model.ts";
import type { ConformerNetwork } from "./network.ts";
import { noiseLevel } from "./objective.ts";

/** How noise becomes structures. */
export interface ReverseDiffusion {
  readonly seed: number;
  readonly sampler: ConformerSampler;
  readonly steps: number;
  /**
   * Multiplies the noise of the steps, where the sampler adds some (1); below 1 structures keep nearer to the middle
   * of a mode. Langevin dynamics does without.
   */
  readonly temperature?: number;
}

/** One reverse diffusion of all graphs together; positions in Å. */
export async function samplePositions(
  { schedule }: ConformerModel,
  denoiser: Denoiser,
  graphs: readonly GraphChannels[],
  indices: readonly number[],
  { seed, sampler, steps, temperature = 1 }: ReverseDiffusion,
  onProgress: (share: number) => void,
): Promise<Float64Array[]> {
  const sizes = Int32Array.from(graphs, ({ size }) => size);
  const space = cooled(
    moleculeSpace(sizes, 3, { seed, purpose: "samplingNoise" }, indices),
    sampler === "langevin" ? 1 : temperature,
  );
  const z0 =
    sampler === "langevin"
      ? await langevinLevels(denoiser, schedule, space, steps, onProgress)
      : await SAMPLERS[sampler].run(denoiser, schedule, space, {
          steps,
          onStep: (done) => onProgress(done / steps),
        });
  const epsilon = await denoiser(z0, 0);
  const [alpha, sigma] = [schedule.alpha(0), schedule.sigma(0)];
  const x = z0.map((value, k) => (value - sigma * epsilon[k]) / alpha);
  space.project(x);
  let row = 0;
  return graphs.map(({ size }) => {
    const own = x.slice(row, row + 3 * size);
    row += 3 * size;
    return own;
  });
}

/**
 * Langevin steps at each noise level, their size in units of its variance, and the first and last level in Å, between
 * which they fall geometrically: from wider than any molecule to less than a vibration.
 */
const LANGEVIN = { stepsPerLevel: 2, stepSize: 0.4, first: 15, last: 0.02 };

/** Times of the schedule whose noise is nearest to a geometric ladder of `count` levels. */
function ladderTimes(schedule: NoiseSchedule, count: number): number[] {
  const T = schedule.steps;
  const timeOf = (level: number): number => {
    let [low, high] = [0, T];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (noiseLevel(schedule, middle / T) < level) low = middle;
      else high = middle;
    }
    return high / T;
  };
  const ratio = LANGEVIN.last / LANGEVIN.first;
  return Array.from({ length: count }, (_, k) =>
    timeOf(LANGEVIN.first * ratio ** (k / Math.max(count - 1, 1))),
  );
}

/** Annealed Langevin dynamics (GeoDiff, algorithm 1) on x̃ = z/α down a ladder of levels, then the mean of the last. */
async function langevinLevels(
  denoiser: Denoiser,
  schedule: NoiseSchedule,
  space: Space,
  steps: number,
  onProgress: (share: number) => void,
): Promise<Float64Array> {
  const times = ladderTimes(schedule, steps);
  const deviations = times.map((t) => noiseLevel(schedule, t));
  const noiseIn = (x: Float64Array, t: number): Promise<Float64Array> =>
    denoiser(
      x.map((value) => value * schedule.alpha(t)),
      t,
    );
  const score = async (x: Float64Array, level: number): Promise<Float64Array> => {
    onProgress(level / steps);
    return (await noiseIn(x, times[level])).map((value) => -value / deviations[level]);
  };
  const x = await annealedLangevin(score, space, deviations, LANGEVIN);
  const epsilon = await noiseIn(x, times[steps - 1]);
  return x.map((value, k) => (value - deviations[steps - 1] * epsilon[k]) * schedule.alpha(0));
}

/**
 * ε̂(z, t) of the network's structure x̂ = x̃/(1 + (σ̃/s)²) + Δ, x̃ = z/α. No atom of x̂ is farther out than the molecule
 * can reach: nothing in the network bounds what an edge may do to an atom, and a step too far leads to a longer one.
 */
export function conformerDenoiser(
  { config, parameters, schedule }: { readonly schedule: NoiseSchedule } & ConformerModel,
  network: ConformerNetwork,
  graphs: readonly GraphChannels[],
): Denoiser {
  return async (z, t) => {
    const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
    const level = noiseLevel(schedule, t);
    const noised = z.map((value) => value / alpha);
    const shift = await network.displacement(parameters, {
      graphs,
      positions: noised,
      sigma: new Float64Array(graphs.length).fill(level),
    });
    const skip = noiseScale(level, config.network.dataScale) ** 2;
    const clean = noised.map((value, k) => skip * value + shift[k]);
    let row = 0;
    for (const { size, reach } of graphs) {
      for (let k = row; k < row + 3 * size; k += 3) {
        const out = Math.hypot(clean[k], clean[k + 1], clean[k + 2]);
        if (out > reach) for (let d = 0; d < 3; d++) clean[k + d] *= reach / out;
      }
      row += 3 * size;
    }
    return z.map((value, k) => (value - alpha * clean[k]) / sigma);
  };
}

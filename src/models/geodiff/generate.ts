/**
 * Conformers of a molecule by reverse diffusion over its coordinates (GeoDiff, algorithm 1), with any sampler. Wrong
 * stereochemistry is mended: the mirror image where that is all there is to it, else a new sample, else none.
 * Conformer i of a seed is the same whatever the batch size.
 */
import type { GraphWithStereo } from "../../chem/rdkit-graph.ts";
import { type Stereo, stereoErrors, stereoIsRight } from "../../chem/stereo.ts";
import { annealedLangevin } from "../../diffusion/samplers/langevin.ts";
import { SAMPLERS } from "../../diffusion/samplers/registry.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import type { Denoiser, Space } from "../../diffusion/space.ts";
import { stream } from "../../math/random.ts";
import { breather } from "../../platform/breath.ts";
import { cooled, moleculeSpace } from "../edm/noise.ts";
import { noiseScale } from "./batch.ts";
import { type GraphChannels, graphChannels } from "./channels.ts";
import type { ConformerSampler, GeoDiffModelConfig } from "./config.ts";
import type { ConformerModel } from "./model.ts";
import type { ConformerNetwork } from "./network.ts";
import { noiseLevel } from "./objective.ts";

/** How many conformers, by which sampler, and what is done about wrong stereochemistry. */
export interface ConformerOptions {
  readonly count: number;
  readonly seed: number;
  readonly sampler: ConformerSampler;
  readonly steps: number;
  /**
   * Multiplies the noise of the steps, where the sampler adds some (1); below 1 structures keep nearer to the middle
   * of a mode. Langevin dynamics does without.
   */
  readonly temperature?: number;
  /** Samples taken anew for a conformer of wrong stereochemistry; 3 by default, 0 leaves it out at once. */
  readonly attempts?: number;
  /** Keeps what the network made, right or wrong. */
  readonly anyStereo?: boolean;
  /** Pairs of atoms computed at a time. */
  readonly maxPairs?: number;
  /** Share done, 0 … 1. */
  readonly onProgress?: (share: number) => void;
  /** Aborted: rejects with its reason before the next denoising step. */
  readonly signal?: AbortSignal | undefined;
}

/** One structure of the molecule. */
export interface Conformer {
  readonly index: number;
  /** Centred, in Å. [N, 3] */
  readonly positions: Float64Array;
}

/** What became of the stereochemistry; all counts are of conformers. */
export interface StereoReport {
  /** Asked for. */
  readonly of: number;
  /** First samples with a wrong centre or double bond. */
  readonly wrong: number;
  /** Of these: right in the mirror. */
  readonly mirrored: number;
  /** Of these: right when sampled anew. */
  readonly resampled: number;
  /** Of these: given up. */
  readonly rejected: number;
  /** Left out because the network's output was not finite. */
  readonly lost: number;
}

/** Whether the sampler's steps add noise, which a temperature can lower. */
export const takesTemperature = (sampler: ConformerSampler): boolean =>
  sampler !== "langevin" && SAMPLERS[sampler].stochastic({});

const DEFAULT_STEPS = 50;

/** How a model is sampled where nothing else is asked for. */
export const recommendedConformerSampling = ({
  sampling,
  schedule,
}: GeoDiffModelConfig): Required<Pick<ConformerOptions, "sampler" | "steps" | "temperature">> => ({
  sampler: sampling?.sampler ?? "sde-dpm-solver",
  steps: Math.min(sampling?.steps ?? DEFAULT_STEPS, schedule.steps),
  temperature: sampling?.temperature ?? 1,
});

/** Samples of attempt k carry the index i + k · 2²⁴. */
const ATTEMPT_STRIDE = 0x1000000;

/**
 * The conformers, in order of their index; those given up are missing.
 * @throws RangeError for steps outside 1 … T
 */
export async function generateConformers(
  model: ConformerModel,
  network: ConformerNetwork,
  { topology, stereo }: GraphWithStereo,
  options: ConformerOptions,
): Promise<{ readonly conformers: Conformer[]; readonly report: StereoReport }> {
  const { count, attempts = 3, anyStereo = false, onProgress = () => {} } = options;
  const N = topology.atomicNumbers.length;
  const perBatch = Math.max(1, Math.floor((options.maxPairs ?? 40_000) / (N * N)));
  const found = new Map<number, Float64Array>();
  const report = { of: count, wrong: 0, mirrored: 0, resampled: 0, rejected: 0, lost: 0 };
  const heard = breather(options.signal);
  let pending = Array.from({ length: count }, (_, i) => i);
  for (let attempt = 0; attempt <= attempts && pending.length > 0; attempt++) {
    const again: number[] = [];
    for (let first = 0; first < pending.length; first += perBatch) {
      const indices = pending.slice(first, first + perBatch);
      const keys = indices.map((i) => i + attempt * ATTEMPT_STRIDE);
      const graphs = keys.map((key) =>
        graphChannels(topology, chosenStereo(stereo, options.seed, key), model.config.elements),
      );
      const predict = conformerDenoiser(model, network, graphs);
      const denoiser: Denoiser = async (z, t) => {
        await heard();
        return predict(z, t);
      };
      const samples = await samplePositions(model, denoiser, graphs, keys, options, (share) => {
        if (attempt === 0) onProgress((first + share * indices.length) / count);
      });
      indices.forEach((index, k) => {
        const positions = samples[k];
        if (!positions.every(Number.isFinite)) {
          if (attempt === attempts) report.lost++;
          again.push(index);
          return;
        }
        const right = anyStereo || stereoIsRight(stereo, positions);
        if (attempt === 0 && !right) report.wrong++;
        const mended = right ? positions : mirroredIfRight(stereo, positions);
        if (mended === undefined) {
          again.push(index);
          return;
        }
        if (attempt > 0) report.resampled++;
        else if (!right) report.mirrored++;
        found.set(index, mended);
      });
    }
    pending = again;
  }
  report.rejected = pending.length - report.lost;
  onProgress(1);
  const conformers = [...found].sort(([a], [b]) => a - b).map(([index, positions]) => ({ index, positions }));
  return { conformers, report };
}

/** Double bonds of which nothing is known get one of their two geometries. */
function chosenStereo(stereo: Stereo, seed: number, index: number): Stereo {
  if (stereo.doubleBonds.every(({ sign }) => sign !== 0)) return stereo;
  const random = stream({ seed, purpose: "samplingNoise", index, step: 0xfffffffe });
  return {
    ...stereo,
    doubleBonds: stereo.doubleBonds.map((bond) =>
      bond.sign === 0 ? { ...bond, sign: random.uniform() < 0.5 ? 1 : -1 } : bond,
    ),
  };
}

/** The mirror image where it is right; undefined where a double bond is wrong or only some centres are. */
function mirroredIfRight(stereo: Stereo, positions: Float64Array): Float64Array | undefined {
  if (stereoErrors(stereo, positions).doubleBonds.length > 0) return undefined;
  const mirror = positions.map((value, k) => (k % 3 === 2 ? -value : value));
  return stereoIsRight(stereo, mirror) ? mirror : undefined;
}

/** One reverse diffusion of all graphs together; positions in Å. */
async function samplePositions(
  { schedule }: ConformerModel,
  denoiser: Denoiser,
  graphs: readonly GraphChannels[],
  indices: readonly number[],
  {
    seed,
    sampler,
    steps,
    temperature = 1,
  }: Pick<ConformerOptions, "seed" | "sampler" | "steps" | "temperature">,
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

/** ε̂(z, t) of the network's structure x̂ = x̃/(1 + (σ̃/s)²) + Δ, x̃ = z/α. */
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
    return z.map((value, k) => (value - alpha * (skip * noised[k] + shift[k])) / sigma);
  };
}

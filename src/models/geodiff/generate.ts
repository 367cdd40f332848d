/**
 * Conformers of a molecule by reverse diffusion over its coordinates (GeoDiff, algorithm 1), with any sampler. A sample of
 * wrong stereochemistry, or one that came apart, is set right: by its mirror image, by a small repair, by a new sample, at
 * last without the network; else there is none. Conformer i of a seed is the same whatever the batch size.
 */
import type { GraphWithStereo } from "../../chem/rdkit-graph.ts";
import { type Stereo, stereoErrors, stereoIsRight } from "../../chem/stereo.ts";
import type { Topology } from "../../chem/topology.ts";
import { SAMPLERS } from "../../diffusion/samplers/registry.ts";
import type { Denoiser } from "../../diffusion/space.ts";
import { stream } from "../../math/random.ts";
import { breather } from "../../platform/breath.ts";
import { graphChannels } from "./channels.ts";
import type { ConformerSampler, GeoDiffModelConfig } from "./config.ts";
import { isIntact, mended } from "./mend.ts";
import type { ConformerModel } from "./model.ts";
import type { ConformerNetwork } from "./network.ts";
import { rebuilt } from "./rebuild.ts";
import { conformerDenoiser, type ReverseDiffusion, samplePositions } from "./sampling.ts";
import { bondLengths } from "./shape.ts";

/** How many conformers, by which sampler, and what is done about wrong stereochemistry. */
export interface ConformerOptions extends ReverseDiffusion {
  readonly count: number;
  /** Samples taken anew for a conformer that is wrong and that a repair does not help; 3 by default. */
  readonly attempts?: number;
  /** Where all samples were wrong: distance geometry and MMFF94 make a structure (by default), or there is none. */
  readonly rebuild?: boolean;
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

/** What became of the samples; all counts are of conformers. */
export interface StereoReport {
  /** Asked for. */
  readonly of: number;
  /** First samples with a wrong centre or double bond, a broken bond, or no finite positions. */
  readonly wrong: number;
  /** Of these: right in the mirror. */
  readonly mirrored: number;
  /** Of these: right after a small repair of this or a later sample. */
  readonly mended: number;
  /** Of these: right when sampled anew. */
  readonly resampled: number;
  /** Of these: made by distance geometry and MMFF94, not by the network. */
  readonly rebuilt: number;
  /** Of these: given up. */
  readonly rejected: number;
  /** Left out because the network's output was not finite. */
  readonly lost: number;
}

/** What a sample is good for: as it is, in the mirror, repaired, or not at all. */
interface Outcome {
  readonly way: "right" | "mirrored" | "mended" | "wrong" | "lost";
  /** Centred, in Å; undefined where it is wrong or lost. [N, 3] */
  readonly positions?: Float64Array;
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
/** Tries to make a structure without the network. */
const REBUILDS = 10;

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
  const { count, attempts = 3, rebuild = true, anyStereo = false, onProgress = () => {} } = options;
  const N = topology.atomicNumbers.length;
  const perBatch = Math.max(1, Math.floor((options.maxPairs ?? 40_000) / (N * N)));
  const found = new Map<number, Float64Array>();
  const notFinite = new Set<number>();
  const report = {
    of: count,
    wrong: 0,
    mirrored: 0,
    mended: 0,
    resampled: 0,
    rebuilt: 0,
    rejected: 0,
    lost: 0,
  };
  const lengths = bondLengths(topology);
  const isRight = (positions: Float64Array): boolean =>
    stereoIsRight(stereo, positions) && isIntact(topology, positions, lengths);
  const outcome = (positions: Float64Array): Outcome => {
    if (!positions.every(Number.isFinite)) return { way: "lost" };
    if (anyStereo || isRight(positions)) return { way: "right", positions };
    const mirror = mirrored(positions);
    if (isRight(mirror)) return { way: "mirrored", positions: mirror };
    const repaired = mended(topology, stereo, nearer(stereo, positions, mirror));
    return repaired === undefined ? { way: "wrong" } : { way: "mended", positions: repaired };
  };
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
        const made = outcome(samples[k]);
        if (attempt === 0 && made.way !== "right") report.wrong++;
        if (made.way === "lost") notFinite.add(index);
        else notFinite.delete(index);
        if (made.positions === undefined) {
          again.push(index);
          return;
        }
        if (made.way === "mended") report.mended++;
        else if (attempt > 0) report.resampled++;
        else if (made.way === "mirrored") report.mirrored++;
        found.set(index, made.positions);
      });
    }
    pending = again;
  }
  for (const index of pending) {
    await heard();
    const made = rebuild && !anyStereo ? rebuiltConformer(topology, stereo, options.seed, index) : undefined;
    if (made !== undefined) {
      report.rebuilt++;
      found.set(index, made);
    } else report[notFinite.has(index) ? "lost" : "rejected"]++;
  }
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

const mirrored = (positions: Float64Array): Float64Array =>
  positions.map((value, k) => (k % 3 === 2 ? -value : value));

/** That of two mirror images which has fewer wrong centres. */
function nearer(stereo: Stereo, positions: Float64Array, mirror: Float64Array): Float64Array {
  const wrong = (x: Float64Array): number => stereoErrors(stereo, x).centres.length;
  return wrong(mirror) < wrong(positions) ? mirror : positions;
}

/** Without the network; undefined where no try is right. */
function rebuiltConformer(
  topology: Topology,
  stereo: Stereo,
  seed: number,
  index: number,
): Float64Array | undefined {
  for (let k = 0; k < REBUILDS; k++) {
    const key = index + k * ATTEMPT_STRIDE;
    const random = stream({ seed, purpose: "samplingNoise", index: key, step: 0xfffffffc });
    const made = rebuilt(topology, chosenStereo(stereo, seed, key), random);
    if (made !== undefined) return made.positions;
  }
  return undefined;
}

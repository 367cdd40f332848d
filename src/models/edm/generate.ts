/**
 * New molecules from a trained EDM (Hoogeboom et al. 2022, algorithm 2). Molecule i of a seed is the same whatever
 * else is generated with it: its size and its noise depend on (seed, i) alone.
 */
import type { Molecule } from "../../chem/molecule.ts";
import { SAMPLERS } from "../../diffusion/samplers/registry.ts";
import type { Denoiser } from "../../diffusion/space.ts";
import { atomOffsets, type DenoiserEngine } from "../../engines/engine.ts";
import { stream } from "../../math/random.ts";
import { type Condition, type ConditionValues, contextOf } from "./condition.ts";
import { parityCorrection } from "./electrons.ts";
import { channelCount, decode } from "./features.ts";
import { type JointDistribution, jointDistribution, type SizedCondition } from "./joint.ts";
import type { EdmModel } from "./model.ts";
import { cooled, moleculeSpace } from "./noise.ts";
import { pathPrediction } from "./objective.ts";
import { addsNoise, resolveSampling, type Sampling, type SamplingRequest } from "./sampling.ts";
import { sizeDistribution } from "./sizes.ts";

/** Molecules computed at a time where nothing else is asked for. */
export const BATCH = 64;

/** What is not said of the sampling is as the model recommends. */
export interface GenerateOptions extends SamplingRequest {
  readonly count: number;
  readonly seed: number;
  /** Index of the first molecule: shards of one seed are `first`, `first + count`, … */
  readonly first?: number | undefined;
  /** Molecule i has `sizes[i % sizes.length]` atoms; drawn from the model's p(N) when absent. */
  readonly sizes?: readonly number[] | undefined;
  /**
   * Molecule i of a conditional model is asked to have the values `condition[i % condition.length]`, in the
   * properties' units; "none" asks for nothing. Drawn with the size from p(c, N) when absent, and so are values of
   * properties that are left out.
   */
  readonly condition?: readonly ConditionValues[] | "none";
  /**
   * w of classifier-free guidance (Ho & Salimans 2022, eq. 6): ε = (1 + w) ε(z, c) − w ε(z). 0 when absent: the
   * conditional model alone.
   */
  readonly guidance?: number | undefined;
  /** Molecule whose size and noise molecule `index` takes, its own when absent: so the frames of a sweep share them. */
  readonly noiseOf?: (index: number) => number;
  /** Molecules computed at a time; `BATCH` by default. */
  readonly batchSize?: number | undefined;
  /** Index of a molecule whose denoising is kept as a chain. */
  readonly chainOf?: number | undefined;
  /** Frames of the chain. */
  readonly chainFrames?: number | undefined;
  /** Called after each denoising step with the share of all work that is done. */
  readonly onProgress?: (share: number) => void;
  /** Aborted: generation rejects with its reason after the step that is being computed. */
  readonly signal?: AbortSignal | undefined;
}

/** A new molecule, without bonds, and how it came about. */
export interface Generated {
  readonly index: number;
  readonly molecule: Molecule;
  /** What it was asked to be, where the model is conditional and something was asked. */
  readonly condition?: ConditionValues;
  /** Frames from noise to molecule, where asked for. */
  readonly chain?: readonly Molecule[];
  /** Steps in which the network's output was not finite and was taken as zero. */
  readonly brokenSteps: number;
}

/** Step number of the noise in p(x | z_0); steps 0 … T − 1 and the prior have their own. */
const DECODE_STEP = 0xfffffffe;

/** Draws size and condition of molecule `index`, as far as they are not given. */
type Draw = (index: number) => Pick<SizedCondition, "size"> & Partial<SizedCondition>;

function drawFrom({ config }: EdmModel, options: GenerateOptions): Draw {
  const { seed, sizes, condition, noiseOf = itself } = options;
  const given = (index: number): number | undefined => sizes?.[index % sizes.length];
  const random = (index: number) => stream({ seed, purpose: "sizes", index: noiseOf(index) });
  if (config.condition === undefined || condition === "none") {
    const { draw } = sizeDistribution(config.sizes);
    return (index) => ({ size: given(index) ?? draw(random(index)) });
  }
  const joint: JointDistribution = jointDistribution(config.condition);
  return (index) =>
    joint.draw(random(index), { size: given(index), values: condition?.[index % condition.length] });
}

const itself = (index: number): number => index;

/**
 * Generates molecules `first` … `first + count − 1`, batch by batch, in order of their index (Hoogeboom et al. 2022,
 * algorithm 2). Positions are centred, in Å; bonds are not perceived. Molecule i of a seed is the same in every batch and on any
 * number of threads.
 * @throws InputError for sampling that the model or the sampler does not know
 */
export async function* generate(
  model: EdmModel,
  engine: DenoiserEngine,
  options: GenerateOptions,
): AsyncGenerator<readonly Generated[]> {
  const { count, first = 0, batchSize = BATCH } = options;
  const sampling = resolveSampling(model, options);
  const draw = drawFrom(model, options);
  for (let done = 0; done < count; done += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, count - done) }, (_, k) => first + done + k);
    yield await generateBatch(model, engine, { ...options, sampling }, indices, indices.map(draw), (share) =>
      options.onProgress?.((done + share * indices.length) / count),
    );
  }
}

async function generateBatch(
  model: EdmModel,
  engine: DenoiserEngine,
  { sampling, ...options }: GenerateOptions & { readonly sampling: Sampling },
  indices: readonly number[],
  drawn: readonly ReturnType<Draw>[],
  onProgress: (share: number) => void,
): Promise<readonly Generated[]> {
  const { config, schedule } = model;
  const C = channelCount(config);
  const sizes = Int32Array.from(drawn, ({ size }) => size);
  const offsets = atomOffsets(sizes);
  const random = { seed: options.seed, purpose: "samplingNoise" } as const;
  const space = cooled(
    moleculeSpace(sizes, C, random, indices.map(options.noiseOf ?? itself)),
    sampling.temperature,
  );
  const correction = parityCorrection(config, schedule, sizes, sampling.electrons);
  const predict = guidedPrediction(model, engine, sizes, drawn, options.guidance);
  const brokenSteps = new Int32Array(sizes.length);
  const denoiser: Denoiser = async (z, t) => {
    options.signal?.throwIfAborted();
    const epsilon = await predict(z, t);
    correction?.(z, t, epsilon);
    for (let m = 0; m < sizes.length; m++) {
      const own = epsilon.subarray(C * offsets[m], C * offsets[m + 1]);
      if (own.every(Number.isFinite)) continue;
      own.fill(0);
      brokenSteps[m]++;
    }
    return epsilon;
  };

  /** p(x, h | z_0): positions from N(x̂, (σ_0/α_0)²), types by the largest channel of z_0. */
  const decoded = async (z0: Float64Array): Promise<Float64Array> => {
    const [alpha, sigma] = [schedule.alpha(0), schedule.sigma(0)];
    const epsilon = await denoiser(z0, 0);
    const noise = space.noise(DECODE_STEP);
    const xh = z0.slice();
    for (let k = 0; k < xh.length; k++) {
      if (k % C < 3)
        xh[k] = (z0[k] - sigma * epsilon[k]) / alpha + (addsNoise(sampling) ? (sigma / alpha) * noise[k] : 0);
    }
    space.project(xh);
    return xh;
  };

  const watched = options.chainOf === undefined ? -1 : indices.indexOf(options.chainOf);
  const frames: Molecule[] = [];
  const { steps } = sampling;
  const frameCount = Math.min(options.chainFrames ?? 60, steps);
  const keepFrame = (z: Float64Array): void => {
    frames.push(decode(config, z.subarray(C * offsets[watched], C * offsets[watched + 1])));
  };
  const z0 = await SAMPLERS[sampling.sampler].run(denoiser, schedule, space, {
    ...sampling,
    onStep: (done, z) => {
      const due = Math.floor((done * frameCount) / steps) > Math.floor(((done - 1) * frameCount) / steps);
      if (watched >= 0 && due) keepFrame(z);
      onProgress(done / (steps + 1));
    },
  });

  const xh = SAMPLERS[sampling.sampler].endsInData
    ? z0.map((value) => value / schedule.alpha(0))
    : await decoded(z0);
  onProgress(1);
  return indices.map((index, m) => {
    const molecule = decode(config, xh.subarray(C * offsets[m], C * offsets[m + 1]));
    return {
      index,
      molecule,
      brokenSteps: brokenSteps[m],
      ...(drawn[m].values && { condition: drawn[m].values }),
      ...(m === watched ? { chain: [...frames, molecule] } : {}),
    };
  });
}

/** The network's ε for the batch: unconditional, conditional, or guided away from the unconditional one. */
export function guidedPrediction(
  model: EdmModel,
  engine: DenoiserEngine,
  sizes: Int32Array,
  drawn: readonly { readonly values?: ConditionValues }[],
  w = 0,
): Denoiser {
  const { condition } = model.config;
  const predict = (context?: Float64Array): Denoiser => pathPrediction(model, engine, sizes, context);
  if (condition === undefined) return predict();
  const conditional = predict(
    contextOf(
      condition,
      drawn.map(({ values }) => values),
    ),
  );
  if (w === 0) return conditional;
  const unconditional = predict(nothingKnown(condition, sizes.length));
  return async (z, t) => {
    const [withValues, without] = [await conditional(z, t), await unconditional(z, t)];
    return withValues.map((epsilon, k) => (1 + w) * epsilon - w * without[k]);
  };
}

const nothingKnown = (condition: Condition, molecules: number): Float64Array =>
  contextOf(condition, Array<undefined>(molecules).fill(undefined));

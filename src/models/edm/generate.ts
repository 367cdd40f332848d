/**
 * New molecules from a trained EDM (Hoogeboom et al. 2022, algorithm 2). Molecule i of a seed is the same whatever
 * else is generated with it: its size and its noise depend on (seed, i) alone.
 */
import type { Molecule } from "../../chem/molecule.ts";
import { ancestral } from "../../diffusion/samplers/ancestral.ts";
import { ddim } from "../../diffusion/samplers/ddim.ts";
import { dpmSolver } from "../../diffusion/samplers/dpm-solver.ts";
import { sdeDpmSolver } from "../../diffusion/samplers/sde-dpm-solver.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../../diffusion/space.ts";
import { stream } from "../../math/random.ts";
import { atomOffsets, type DenoiserEngine } from "../../nets/engine.ts";
import type { SAMPLERS } from "./config.ts";
import { channelCount, decode } from "./features.ts";
import type { EdmModel } from "./model.ts";
import { moleculeSpace } from "./noise.ts";
import { networkInput } from "./objective.ts";
import { sizeDistribution } from "./sizes.ts";

export type SamplerName = (typeof SAMPLERS)[number];

export interface GenerateOptions {
  readonly count: number;
  readonly seed: number;
  readonly sampler: SamplerName;
  /** Denoising steps, at most the model's T. */
  readonly steps: number;
  /** Noise of the DDIM sampler. */
  readonly eta?: number;
  /**
   * Multiplies the noise that steps add, 1 when absent. Below 1 samples gather where the model's density is high:
   * more of them are stable, and they vary less.
   */
  readonly temperature?: number;
  /** Index of the first molecule: shards of one seed are `first`, `first + count`, … */
  readonly first?: number;
  /** Molecule i has `sizes[i % sizes.length]` atoms; drawn from the model's p(N) when absent. */
  readonly sizes?: readonly number[];
  /** Molecules computed at a time. */
  readonly batchSize?: number;
  /** Index of a molecule whose denoising is kept as a chain. */
  readonly chainOf?: number;
  /** Frames of the chain. */
  readonly chainFrames?: number;
  /** Called after each denoising step with the share of all work that is done. */
  readonly onProgress?: (share: number) => void;
}

export interface Generated {
  readonly index: number;
  readonly molecule: Molecule;
  /** Frames from noise to molecule, where asked for. */
  readonly chain?: readonly Molecule[];
  /** Steps in which the network's output was not finite and was taken as zero. */
  readonly brokenSteps: number;
}

/** Step number of the noise in p(x | z_0); steps 0 … T − 1 and the prior have their own. */
const DECODE_STEP = 0xfffffffe;

/** Size of molecule `index`. */
function sizeOf(
  model: EdmModel,
  { seed, sizes }: Pick<GenerateOptions, "seed" | "sizes">,
  index: number,
): number {
  if (sizes && sizes.length > 0) return sizes[index % sizes.length];
  return sizeDistribution(model.config.sizes).draw(stream({ seed, purpose: "sizes", index }));
}

/** Whether steps add noise; the last one then does, too. */
export const addsNoise = ({ sampler, eta = 0 }: Pick<GenerateOptions, "sampler" | "eta">): boolean =>
  sampler === "ancestral" || sampler === "sde-dpm-solver" || (sampler === "ddim" && eta > 0);

/** The space with the noise of every step but the prior multiplied. */
const cooled = (space: Space, temperature: number): Space => ({
  ...space,
  noise: (step) => {
    const noise = space.noise(step);
    return step === PRIOR_STEP ? noise : noise.map((value) => temperature * value);
  },
});

/** Generates molecules `first` … `first + count − 1`, batch by batch, in order of their index within a batch. */
export async function* generate(
  model: EdmModel,
  engine: DenoiserEngine,
  options: GenerateOptions,
): AsyncGenerator<readonly Generated[]> {
  const { count, first = 0, batchSize = 64 } = options;
  for (let done = 0; done < count; done += batchSize) {
    const indices = Array.from({ length: Math.min(batchSize, count - done) }, (_, k) => first + done + k);
    yield await generateBatch(model, engine, options, indices, (share) =>
      options.onProgress?.((done + share * indices.length) / count),
    );
  }
}

async function generateBatch(
  model: EdmModel,
  engine: DenoiserEngine,
  options: GenerateOptions,
  indices: readonly number[],
  onProgress: (share: number) => void,
): Promise<readonly Generated[]> {
  const { config, schedule, network } = model;
  const C = channelCount(config);
  const sizes = Int32Array.from(indices, (index) => sizeOf(model, options, index));
  const offsets = atomOffsets(sizes);
  const random = { seed: options.seed, purpose: "samplingNoise" } as const;
  const space = cooled(moleculeSpace(sizes, C, random, indices), options.temperature ?? 1);
  const brokenSteps = new Int32Array(sizes.length);
  const denoiser: Denoiser = async (z, t) => {
    const epsilon = Float64Array.from(await engine.forward(network, networkInput(sizes, z, t, C)));
    for (let m = 0; m < sizes.length; m++) {
      const own = epsilon.subarray(C * offsets[m], C * offsets[m + 1]);
      if (own.every(Number.isFinite)) continue;
      own.fill(0);
      brokenSteps[m]++;
    }
    return epsilon;
  };

  const watched = options.chainOf === undefined ? -1 : indices.indexOf(options.chainOf);
  const frames: Molecule[] = [];
  const frameCount = Math.min(options.chainFrames ?? 60, options.steps);
  const keepFrame = (z: Float64Array): void => {
    frames.push(decode(config, z.subarray(C * offsets[watched], C * offsets[watched + 1])));
  };
  const run = { ancestral, ddim, "dpm-solver": dpmSolver, "sde-dpm-solver": sdeDpmSolver }[options.sampler];
  const z0 = await run(denoiser, schedule, space, {
    steps: options.steps,
    ...(options.eta === undefined ? {} : { eta: options.eta }),
    onStep: (done, z) => {
      const due =
        Math.floor((done * frameCount) / options.steps) >
        Math.floor(((done - 1) * frameCount) / options.steps);
      if (watched >= 0 && due) keepFrame(z);
      onProgress(done / (options.steps + 1));
    },
  });

  // p(x, h | z_0): positions from N(x̂, (σ_0/α_0)²), types by the largest channel of z_0.
  const [alpha, sigma] = [schedule.alpha(0), schedule.sigma(0)];
  const epsilon = await denoiser(z0, 0);
  const noise = space.noise(DECODE_STEP);
  const xh = z0.slice();
  for (let k = 0; k < xh.length; k++) {
    if (k % C < 3)
      xh[k] = (z0[k] - sigma * epsilon[k]) / alpha + (addsNoise(options) ? (sigma / alpha) * noise[k] : 0);
  }
  space.project(xh);
  onProgress(1);
  return indices.map((index, m) => {
    const molecule = decode(config, xh.subarray(C * offsets[m], C * offsets[m + 1]));
    return {
      index,
      molecule,
      brokenSteps: brokenSteps[m],
      ...(m === watched ? { chain: [...frames, molecule] } : {}),
    };
  });
}

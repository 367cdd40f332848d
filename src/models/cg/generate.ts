/**
 * Independent configurations from a model of a coarse-grained molecule, by the samplers of every other diffusion
 * model. Sample i of a seed is the same whatever else is drawn with it.
 */
import type { Molecule } from "../../chem/molecule.ts";
import { SAMPLERS, type SamplerChoice } from "../../diffusion/samplers/registry.ts";
import type { Denoiser } from "../../diffusion/space.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import type { BeadField } from "../../nets/beads/bead-field.ts";
import { moleculeSpace } from "../edm/noise.ts";
import { beadNetworkConfig, type CgConfig } from "./config.ts";
import { type BeadFields, openBeadFields } from "./field.ts";
import type { CgModel } from "./model.ts";

export interface SampleBeadsOptions extends SamplerChoice {
  readonly count: number;
  readonly seed: number;
  /** Index of the first sample. */
  readonly first?: number;
  /** Called after each denoising step with the share of all work that is done. */
  readonly onProgress?: (share: number) => void;
  /** Which engine, and whom to tell why it is not a better one. */
  readonly engine?: EngineOptions;
}

/** Denoising steps where neither the user nor the model says. */
const DEFAULT_STEPS = 250;

/** How a model is sampled where nothing else is asked for. */
export const recommendedSampling = ({
  sampling,
  schedule,
}: CgConfig): Pick<SamplerChoice, "sampler" | "steps"> => ({
  sampler: sampling?.sampler ?? "ancestral",
  steps: Math.min(sampling?.steps ?? DEFAULT_STEPS, schedule.steps),
});

/** Configurations computed at a time. */
const BATCH = 1000;

/** Predicts the noise of any number of configurations; the fields are the caller's to dispose of. */
export function cgDenoiser({ parameters, schedule }: CgModel, fields: BeadFields): Denoiser {
  let held: { readonly t: number; readonly field: BeadField } | undefined;
  return async (z, t) => {
    if (held?.t !== t) held = { t, field: fields.at(parameters, schedule.gamma(t)) };
    const gradient = new Float64Array(z.length);
    held.field.evaluate(z, gradient);
    const sigma = schedule.sigma(t);
    return gradient.map((value) => sigma * value);
  };
}

/** Positions of samples `first` … `first + count − 1`, in Å; independent of each other. [count, N, 3] */
export async function sampleBeads(model: CgModel, options: SampleBeadsOptions): Promise<Float64Array> {
  const fields = await openBeadFields(beadNetworkConfig(model.config), options.engine);
  try {
    return await drawn(model, fields, options);
  } finally {
    fields.dispose();
  }
}

async function drawn(
  model: CgModel,
  fields: BeadFields,
  { engine: _, ...options }: SampleBeadsOptions,
): Promise<Float64Array> {
  const { config, schedule } = model;
  const { count, seed, sampler, steps, first = 0, onProgress } = options;
  const width = 3 * config.beads.length;
  const out = new Float64Array(count * width);
  const denoiser = cgDenoiser(model, fields);
  const [alpha, sigma] = [schedule.alpha(0), schedule.sigma(0)];
  for (let done = 0; done < count; done += BATCH) {
    const B = Math.min(BATCH, count - done);
    const indices = Array.from({ length: B }, (_, k) => first + done + k);
    const sizes = new Int32Array(B).fill(config.beads.length);
    const space = moleculeSpace(sizes, 3, { seed, purpose: "samplingNoise" }, indices);
    const z = await SAMPLERS[sampler].run(denoiser, schedule, space, {
      ...options,
      onStep: (step) => onProgress?.((done + (B * step) / steps) / count),
    });
    const epsilon = await denoiser(z, 0); // the mean of p(x | z_0): its noise is far below that of the data
    for (let k = 0; k < z.length; k++)
      out[done * width + k] = (config.scale * (z[k] - sigma * epsilon[k])) / alpha;
  }
  return out;
}

/** Configuration `index` of positions in Å as a molecule. [B, N, 3] */
export function beadsAt(beads: readonly number[], positions: Float64Array, index: number): Molecule {
  const width = 3 * beads.length;
  return {
    atomicNumbers: Uint8Array.from(beads),
    positions: positions.slice(width * index, width * (index + 1)),
  };
}

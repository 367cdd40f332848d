/** `equimol sample` of a model of a coarse-grained molecule, as a function: independent frames into a file. */
import { basename, resolve } from "node:path";
import type { SamplerName } from "../../diffusion/samplers/registry.ts";
import { WorkError } from "../../errors.ts";
import { coordinatesFit } from "../../formats/format-molecules.ts";
import { loadCg } from "../../models/cg/folder.ts";
import { beadsAt, recommendedSampling, sampleBeads } from "../../models/cg/generate.ts";
import { findModel } from "../../models/edm/folder.ts";
import { resolveSampling, type SamplingRequest } from "../../models/edm/sampling.ts";
import { checkMoleculeTarget, writeMolecules } from "../../platform/node/molecules.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

export interface SampleBeadsToFileOptions
  extends Omit<SamplingRequest, "quality" | "temperature" | "electrons">,
    WorkflowOptions {
  /** Model folder, run folder or shipped model. */
  readonly model: string;
  /** .sdf, .xyz or .extxyz, each also .gz. */
  readonly out: string;
  /** Frames, 100 by default. */
  readonly count?: number | undefined;
  /** Index of the first frame. */
  readonly first?: number | undefined;
  readonly seed?: number | undefined;
}

/** How many frames were drawn, and how. */
export interface SampleBeadsReport {
  readonly model: string;
  readonly out: string;
  readonly frames: number;
  readonly seed: number;
  readonly first: number;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly seconds: number;
  /** Frames that flew apart and were left out. */
  readonly lost: number;
}

/** @throws InputError for options that do not fit the model or the file, WorkError when every frame flew apart */
export async function sampleBeadsToFile(options: SampleBeadsToFileOptions): Promise<SampleBeadsReport> {
  const { model: source, out, count = 100, first = 0, seed = 0 } = options;
  const { task, notice, warning, named, checkSignal } = reporterOf(options);
  const began = performance.now();
  await checkMoleculeTarget(out);
  const model = await loadCg(findModel(source));
  const { config, schedule } = model;
  const recommended = { temperature: 1, ...recommendedSampling(config) };
  const sampling = resolveSampling({ config: { sampling: recommended }, schedule }, options, named);
  const { sampler, steps } = sampling;

  const progress = task("sampling", count);
  const positions = await sampleBeads(model, {
    count,
    first,
    seed,
    ...sampling,
    engine: { onNotice: notice },
    onProgress: (share) => {
      checkSignal();
      progress(Math.floor(share * count));
    },
  });
  const name = basename(resolve(source));
  let lost = 0;
  const frames = function* () {
    for (let k = 0; k < count; k++) {
      const molecule = beadsAt(config.beads, positions, k);
      const index = first + k;
      if (coordinatesFit(out, molecule))
        yield {
          ...molecule,
          name: `equimol ${name} seed ${seed} sample ${index}`,
          properties: { seed, index },
        };
      else lost++;
    }
    if (lost === count) throw new WorkError("every sample flew apart: the model is not trained, or broken");
  };
  const written = await writeMolecules(out, frames());
  if (lost > 0) warning(`${lost} of ${count} samples flew apart and were left out`);
  const seconds = (performance.now() - began) / 1000;
  return { model: source, out, frames: written, seed, first, sampler, steps, seconds, lost };
}

/** `equimol sample` of a model of a coarse-grained molecule: independent frames. */
import { basename, resolve } from "node:path";
import { InputError, WorkError } from "../errors.ts";
import { coordinatesFit } from "../formats/format-molecules.ts";
import { loadCg } from "../models/cg/folder.ts";
import { beadsAt, recommendedSampling, sampleBeads } from "../models/cg/generate.ts";
import { findModel } from "../models/edm/folder.ts";
import { resolveSampling } from "../models/edm/sampling.ts";
import { checkMoleculeTarget, writeMolecules } from "../platform/node/molecules.ts";
import { integerOption } from "./options/options.ts";
import {
  optionWord,
  SAMPLER_WORDS,
  type SamplingWords,
  samplingRequest,
} from "./options/sampling-options.ts";
import { duration, type Output } from "./output.ts";
import { program, quoted } from "./program.ts";

/** Options of `sample` that mean something for beads. */
const KNOWN: readonly string[] = [
  "model",
  "count",
  "out",
  "sampler",
  "steps",
  ...SAMPLER_WORDS,
  "first",
  "seed",
  "threads",
  "json",
  "quiet",
];

interface SampleWords extends Omit<SamplingWords, "quality" | "temperature"> {
  readonly model: string;
  readonly out?: string | undefined;
  readonly count?: string | undefined;
  readonly first: string;
  readonly seed: string;
}

/** @param rawArgs the words as checked, `--name=value` */
export async function sampleCg(args: SampleWords, rawArgs: readonly string[], output: Output): Promise<void> {
  const began = performance.now();
  for (const word of rawArgs) {
    const name = /^--(?:no-)?([a-z-]+)/.exec(word)?.[1];
    if (name !== undefined && !KNOWN.includes(name))
      throw new InputError(`--${name} is for models of molecules; ${args.model} is coarse-grained`);
  }
  if (args.out === undefined) throw new InputError("--out is required");
  const { out } = args;
  await checkMoleculeTarget(out);
  const count = integerOption("count", args.count ?? "100", { min: 1, max: 1e7 });
  const first = integerOption("first", args.first, { min: 0, max: 1e9 });
  const seed = integerOption("seed", args.seed, { min: 0 });
  const request = samplingRequest(args);
  const model = await loadCg(findModel(args.model));
  const { config, schedule } = model;
  const recommended = { temperature: 1, ...recommendedSampling(config) };
  const sampling = resolveSampling({ config: { sampling: recommended }, schedule }, request, optionWord);
  const { sampler, steps } = sampling;

  const progress = output.progress("sampling", count);
  const positions = await sampleBeads(model, {
    count,
    first,
    seed,
    ...sampling,
    onProgress: (share) => progress.update(Math.floor(share * count)),
  }).finally(progress.done);
  const name = basename(resolve(args.model));
  let lost = 0;
  const frames = function* () {
    for (let k = 0; k < count; k++) {
      const molecule = beadsAt(config.beads, positions, k);
      if (coordinatesFit(out, molecule)) {
        const index = first + k;
        yield {
          ...molecule,
          name: `equimol ${name} seed ${seed} sample ${index}`,
          properties: { seed, index },
        };
      } else lost++;
    }
    if (lost === count) throw new WorkError("every sample flew apart: the model is not trained, or broken");
  };
  const written = await writeMolecules(out, frames());
  if (lost > 0) output.warn(`${lost} of ${count} samples flew apart and were left out`);
  const seconds = (performance.now() - began) / 1000;
  output.result({ model: args.model, out, frames: written, seed, first, sampler, steps, seconds, lost });
  output.print(
    `${written} frames in ${duration(seconds)} (${sampler}, ${steps} steps) → ${out}\nCompare them with data: ${program()} evaluate cg ${quoted(out)} --data DATA`,
  );
}

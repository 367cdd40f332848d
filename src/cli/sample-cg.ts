/** `equimol sample` of a model of a coarse-grained molecule. */
import { InputError } from "../errors.ts";
import { sampleBeadsToFile } from "../workflows/node/sample-beads.ts";
import { follow } from "./follow.ts";
import { integerOption } from "./options/options.ts";
import { SAMPLER_WORDS, type SamplingWords, samplingRequest } from "./options/sampling-options.ts";
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
  for (const word of rawArgs) {
    const name = /^--(?:no-)?([a-z-]+)/.exec(word)?.[1];
    if (name !== undefined && !KNOWN.includes(name))
      throw new InputError(`--${name} is for models of molecules; ${args.model} is coarse-grained`);
  }
  const { model, out } = args;
  if (out === undefined) throw new InputError("--out is required");
  const count = integerOption("count", args.count, { min: 1, max: 1e7 });
  const first = integerOption("first", args.first, { min: 0, max: 1e9 });
  const seed = integerOption("seed", args.seed, { min: 0 });
  const request = samplingRequest(args);
  const report = await follow(output, (events) =>
    sampleBeadsToFile({ ...events, ...request, model, out, count, first, seed }),
  );
  output.result(report);
  output.print(
    `${report.frames} frames in ${duration(report.seconds)} (${report.sampler}, ${report.steps} steps) → ${out}\nCompare them with data: ${program()} evaluate cg ${quoted(out)} --data DATA`,
  );
}

/** `equimol sample`: new molecules from a trained model. */
import { basename, resolve } from "node:path";
import { withBonds } from "../chem/bond-orders.ts";
import type { Molecule } from "../chem/molecule.ts";
import { openEngine } from "../engines/open-engine.ts";
import { InputError, WorkError } from "../errors.ts";
import { coordinatesFit } from "../formats/format-molecules.ts";
import type { ConditionValues } from "../models/edm/condition.ts";
import { dynamicsConfig } from "../models/edm/config.ts";
import { DEFAULT_MODEL, findModel, loadEdm } from "../models/edm/folder.ts";
import { type GenerateOptions, generate } from "../models/edm/generate.ts";
import { bondRuleOf } from "../models/edm/model.ts";
import { resolveSampling, samplingText } from "../models/edm/sampling.ts";
import type { ConditionRequest } from "../models/edm/sweep.ts";
import { modelKindOf } from "../models/model-folder.ts";
import { checkWritable } from "../platform/node/atomic-write.ts";
import { checkMoleculeTarget, writeMolecules } from "../platform/node/molecules.ts";
import { writeSweepPicture } from "../views/sweep-picture.ts";
import {
  asked,
  conditionArgs,
  conditioned,
  conditionRequest,
  targetsOf,
} from "./options/condition-options.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import { commonOptions, integerOption, integersOption, seedOption } from "./options/options.ts";
import { optionWord, samplingArgs, samplingRequest } from "./options/sampling-options.ts";
import { valuesOf } from "./options/words.ts";
import { createOutput, duration } from "./output.ts";
import { program, quoted } from "./program.ts";
import { defineVerb } from "./verb.ts";

export const sample = defineVerb({
  meta: { name: "sample", description: "Generate new molecules from a trained model." },
  args: {
    model: {
      type: "string",
      default: DEFAULT_MODEL,
      valueHint: "RUN|NAME",
      description: "model folder, run folder or shipped model",
    },
    count: {
      type: "string",
      alias: "n",
      valueHint: "N",
      description: "how many molecules (100), or sweeps (1)",
    },
    out: {
      type: "string",
      valueHint: "FILE",
      description:
        "file to write: .sdf, .xyz or .extxyz, each also .gz; of a sweep sweep-PROPERTY.sdf by default",
    },
    ...samplingArgs,
    sizes: {
      type: "string",
      valueHint: "A,B,…",
      description:
        "number of atoms of molecules 0, 1, …, over again when they run out (drawn from the model's histogram)",
    },
    first: {
      type: "string",
      default: "0",
      valueHint: "I",
      description: "index of the first molecule: shards of one seed join without a seam",
    },
    "batch-size": {
      type: "string",
      default: "64",
      valueHint: "B",
      description: "molecules computed at a time; does not change them",
    },
    ...conditionArgs,
    picture: {
      type: "string",
      valueHint: "FILE",
      description:
        "draw the molecules of a sweep, a row for each sweep (.svg or .png); drawn anyway where --out is left out",
    },
    chain: {
      type: "string",
      valueHint: "FILE",
      description: "also write the denoising of the first molecule, frame by frame",
    },
    ...seedOption,
    ...engineArgs,
    ...commonOptions,
  },
  examples: [
    { command: "equimol sample -n 100 --out molecules.sdf", does: "100 molecules from the shipped model" },
    {
      command: "equimol sample -n 10000 --temperature 1 --steps 50 --out fast.extxyz",
      does: "the model's own distribution in 50 steps",
    },
    {
      command: "equimol sample --model qm9-alpha-edm --condition alpha=80 --out polarizable.sdf",
      does: "molecules with a polarizability of 80 a0³",
    },
    {
      command: "equimol sample --model qm9-alpha-edm --condition alpha=60..100 --frames 9 --fixed-noise",
      does: "one molecule as its polarizability rises, and its picture",
    },
    { command: "equimol sample -n 10 --sizes 19 --seed 7 --out nineteen.sdf", does: "molecules of 19 atoms" },
  ],
  repeatable: ["condition"],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    if ((await modelKindOf(findModel(args.model))) === "cg")
      return (await import("./sample-cg.ts")).sampleCg(args, rawArgs, output);
    const began = performance.now();
    const request = conditionRequest(valuesOf(rawArgs, "condition"), args);
    const chosen = samplingChoices({ ...args, count: args.count ?? (request.range ? "1" : "100") });
    const how = samplingRequest(args);
    const { out, picture } = targets(args, request);
    const engineChoice = engineOptions(args);
    const model = await loadEdm(findModel(args.model));
    const sampling = resolveSampling(model, how, optionWord);
    const { steps } = sampling;
    const asking = conditioned(request, model.config, chosen, output.warn);
    if (chosen.sizes !== undefined) warnOfSizes(chosen.sizes, model.config.sizes, output.warn);
    for (const file of [out, args.chain]) if (file !== undefined) await checkMoleculeTarget(file);
    if (picture !== undefined) await checkWritable(picture);
    const engine = await openEngine(
      { denoiser: dynamicsConfig(model.config) },
      {
        ...engineChoice,
        onNotice: output.log,
      },
    );
    const { count, first, seed } = asking;
    const options: GenerateOptions = {
      ...chosen,
      ...asking,
      ...sampling,
      ...(args.chain === undefined ? {} : { chainOf: first }),
      onProgress: (share) =>
        progress.update(
          Math.round(share * count * steps),
          `${Math.floor(share * count)} of ${count} molecules`,
        ),
    };
    const source = basename(resolve(args.model));
    const rule = bondRuleOf(model.config);
    let broken = 0;
    let lost = 0;
    let written = 0;
    const drawn: { readonly molecule: Molecule; readonly condition?: ConditionValues }[] = [];
    const progress = output.progress("sampling", count * steps);
    const molecules = async function* (): AsyncGenerator<Molecule> {
      for await (const batch of generate(model, engine, options)) {
        for (const { index, molecule, condition, chain, brokenSteps } of batch) {
          if (brokenSteps > 0) broken++;
          if (picture !== undefined) drawn.push({ molecule, ...(condition && { condition }) });
          if (!coordinatesFit(out, molecule)) {
            lost++;
            continue;
          }
          if (chain !== undefined && args.chain !== undefined) await writeMolecules(args.chain, chain);
          const named = { ...molecule, name: `equimol ${source} seed ${seed} molecule ${index}` };
          const wanted = targetsOf(condition);
          yield isSdf(out)
            ? withBonds({ ...named, properties: wanted }, rule)
            : { ...named, properties: { seed, index, ...wanted } };
          written++;
        }
      }
      if (broken === count)
        throw new WorkError(
          `the network's output was never finite: ${chosen.sizes === undefined ? "the model is broken" : "the sizes are too far from those it was trained on, or the model is broken"}`,
        );
      if (lost === count)
        throw new WorkError("every molecule flew apart: the model is not trained, or broken");
    };
    try {
      await writeMolecules(out, molecules());
      if (picture !== undefined) await writeSweepPicture(picture, drawn, request, rule, source);
    } finally {
      progress.done();
      engine.dispose();
    }
    if (broken > 0)
      output.warn(
        `${broken} of ${count} molecules met output that was not finite; it was taken as zero there`,
      );
    if (lost > 0) output.warn(`${lost} of ${count} molecules flew apart and were left out`);
    const seconds = (performance.now() - began) / 1000;
    output.result({
      model: args.model,
      out,
      ...(picture === undefined ? {} : { picture }),
      molecules: written,
      seed,
      first,
      ...sampling,
      ...(model.config.condition && { condition: asked(request), guidance: request.guidance }),
      engine: engine.name,
      seconds,
      broken,
      lost,
    });
    output.print(
      `${written} molecules in ${duration(seconds)} (${samplingText(sampling)}, ${engine.name}) → ${[out, picture].filter((file) => file !== undefined).join(", ")}\nMeasure them with: ${program()} evaluate ${quoted(out)}`,
    );
  },
});

/** Says which sizes were asked for that the model was not trained on. */
function warnOfSizes(
  sizes: readonly number[],
  histogram: Readonly<Record<string, number>>,
  warn: (text: string) => void,
): void {
  const known = Object.keys(histogram).map(Number);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const strange = [...new Set(sizes)].filter((size) => size < least || size > most);
  if (strange.length === 0) return;
  warn(
    `--sizes ${strange.join(",")}: the model was trained on molecules of ${least} to ${most} atoms; it has not learned what others look like`,
  );
}

/** Where to write: a sweep has a place of its own by default. */
function targets(
  { out, picture }: { readonly out?: string; readonly picture?: string },
  { range }: ConditionRequest,
): { readonly out: string; readonly picture?: string } {
  if (picture !== undefined && range === undefined)
    throw new InputError("--picture draws a sweep: --condition alpha=60..100");
  if (picture !== undefined && !/\.(svg|png)$/i.test(picture))
    throw new InputError(`--picture takes a file name that ends in .svg or .png; got "${picture}"`);
  if (out !== undefined) return { out, ...(picture === undefined ? {} : { picture }) };
  if (range === undefined) throw new InputError("--out is required (see equimol sample --help)");
  return { out: `sweep-${range.property}.sdf`, picture: picture ?? `sweep-${range.property}.svg` };
}

/** The options that need no model to be checked. */
function samplingChoices(args: {
  readonly count: string;
  readonly first: string;
  readonly seed: string;
  readonly sizes?: string;
  readonly "batch-size": string;
}) {
  const sizes = integersOption("sizes", args.sizes, { min: 1, max: 1000 });
  return {
    count: integerOption("count", args.count, { min: 1, max: 1e9 }),
    first: integerOption("first", args.first, { min: 0, max: 1e9 }),
    seed: integerOption("seed", args.seed, { min: 0 }),
    batchSize: integerOption("batch-size", args["batch-size"], { min: 1 }),
    ...(sizes === undefined ? {} : { sizes }),
  };
}

const isSdf = (path: string): boolean => /\.sdf(\.gz)?$/i.test(path);

/** `equimol evaluate`: the report card of molecules in files, and the gallery page on request. */
import { basename } from "node:path";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import type { EvaluationOptions, Reference } from "../../evaluate/metrics.ts";
import type { RuleChoice } from "../../evaluate/rule.ts";
import { checkWritable, writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { sweepArgs } from "../options/condition-options.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions, integerOption, seedOption } from "../options/options.ts";
import { samplingArgs } from "../options/sampling-options.ts";
import { createOutput, type Output } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const evaluate = defineVerb({
  meta: {
    name: "evaluate",
    description: "Measures molecules: stability, validity, uniqueness, novelty, connectedness, geometry.",
  },
  variadic: true,
  args: {
    files: {
      type: "positional",
      required: false,
      description: "molecule files: .xyz, .extxyz, .sdf, each also with .gz",
    },
    reference: {
      type: "string",
      valueHint: "DATA",
      description: "data set or molecule file to compare with: novelty, distances of distributions",
    },
    rule: {
      type: "enum",
      options: ["auto", "qm9", "geom"],
      default: "auto",
      description: "published stability rule; auto takes that of QM9 for molecules of H C N O F, else GEOM's",
    },
    limit: { type: "string", valueHint: "K", description: "only the first K molecules" },
    gallery: { type: "string", valueHint: "FILE", description: "write a page (.html) to look at them" },
    model: {
      type: "string",
      valueHint: "RUN|NAME",
      description: "with --nll or --condition: the model that is measured",
    },
    nll: {
      type: "boolean",
      description: "negative log-likelihood of --data under --model, in nats per molecule",
    },
    data: {
      type: "string",
      valueHint: "NAME|FILE",
      description: "with --nll: data set or molecule file; with --condition: what the model was trained on",
    },
    draws: {
      type: "string",
      valueHint: "K",
      description: "with --nll: steps of the diffusion computed for each molecule (64)",
    },
    flow: {
      type: "boolean",
      description: "with --nll: also the likelihood by the probability-flow ODE, some 100 times the work",
    },
    split: {
      type: "string",
      valueHint: "PART",
      description: "with --nll: train, valid or test (the last that there is)",
    },
    condition: {
      type: "string",
      valueHint: "P",
      description:
        "with --model: how well its molecules have the property P that they are asked for; P=FROM..TO: its response to a sweep",
    },
    judge: {
      type: "string",
      valueHint: "RUN|NAME",
      description:
        "with --condition: the property network that measures it (the shipped one of the property)",
    },
    ...sweepArgs,
    quality: samplingArgs.quality,
    sampler: samplingArgs.sampler,
    steps: samplingArgs.steps,
    temperature: samplingArgs.temperature,
    ...seedOption,
    ...engineArgs,
    ...commonOptions,
  },
  examples: [
    { command: "equimol evaluate molecules.sdf", does: "the report card of generated molecules" },
    {
      command: "equimol evaluate molecules.sdf --reference qm9 --json",
      does: "with novelty against a data set, for a program",
    },
    { command: "equimol evaluate *.xyz --gallery look.html", does: "and a page to look at them" },
    {
      command: "equimol evaluate --model qm9-fast --nll --data qm9",
      does: "how likely the data are under a model",
    },
    {
      command: "equimol evaluate --model qm9-alpha-edm --condition alpha",
      does: "whether a conditional model makes what it is asked for",
    },
  ],
  subCommands: {
    cg: {
      summary: "compare coarse-grained samples and trajectories with data: φ/ψ, basins, forces",
      load: async () => (await import("./evaluate-cg.ts")).evaluateCg,
    },
    conformers: {
      summary: "conformers against reference conformers: COV, MAT, geometry",
      load: async () => (await import("./evaluate-conformers.ts")).evaluateConformersVerb,
    },
  },
  run: async ({ args }) => {
    const output = createOutput(args);
    const limit = integerOption("limit", args.limit, { min: 1 });
    if (args.condition !== undefined) {
      const { model, condition, judge, data } = args;
      if (model === undefined || args.nll || args._.length > 0)
        throw new InputError("--condition takes --model M, and no files");
      const seed = integerOption("seed", args.seed, { min: 0 });
      const { evaluateCondition } = await import("./evaluate-condition.ts");
      await evaluateCondition(
        {
          ...engineOptions(args),
          frames: args.frames,
          "fixed-noise": args["fixed-noise"],
          guidance: args.guidance,
          quality: args.quality,
          sampler: args.sampler,
          steps: args.steps,
          temperature: args.temperature,
          model,
          condition,
          judge,
          data,
          limit,
          seed,
          onNotice: output.log,
        },
        output,
      );
      return;
    }
    const stray = [
      "judge",
      "frames",
      "fixed-noise",
      "guidance",
      "quality",
      "sampler",
      "steps",
      "temperature",
    ] as const;
    const strayOption = stray.find((name) => args[name] !== undefined && args[name] !== false);
    if (strayOption !== undefined) throw new InputError(`--${strayOption} is for --model M --condition P`);
    if (args.nll || args.model !== undefined || args.data !== undefined) {
      if (!args.nll || args.model === undefined || args.data === undefined || args._.length > 0) {
        throw new InputError("the likelihood takes --model M --nll --data D together, and no files");
      }
      if (args.reference !== undefined || args.gallery !== undefined || args.rule !== "auto")
        throw new InputError("--reference, --gallery and --rule are for molecule files, not for --nll");
      const { model, data, split, flow } = args;
      const seed = integerOption("seed", args.seed, { min: 0 });
      const draws = integerOption("draws", args.draws, { min: 1, max: 10_000 });
      const { evaluateLikelihood } = await import("./evaluate-likelihood.ts");
      await evaluateLikelihood(
        {
          ...engineOptions(args),
          model,
          data,
          split,
          limit,
          seed,
          draws,
          flow: flow === true,
          onNotice: output.log,
        },
        output,
      );
      return;
    }
    if (args.split !== undefined) throw new InputError("--split is for --nll; molecule files have no parts");
    if (args._.length === 0)
      throw new InputError("evaluate takes molecule files, or --model M --nll --data D");
    if (args.gallery !== undefined && !/\.html?$/i.test(args.gallery)) {
      throw new InputError(`--gallery takes a file name that ends in .html; got "${args.gallery}"`);
    }
    if (args.gallery !== undefined) await checkWritable(args.gallery);
    const rule: RuleChoice = args.rule;
    const reference =
      args.reference === undefined ? undefined : await loadReference(args.reference, rule, output);
    const { reportCard } = await import("../../evaluate/report.ts");

    const bar = output.progress("evaluating", limit);
    const onProgress = (done: number): void => bar.update(done);
    const options: EvaluationOptions = {
      rule,
      onProgress,
      ...(reference === undefined ? {} : { reference }),
    };
    const molecules = moleculesOf(args._, limit);
    const evaluation =
      args.gallery === undefined
        ? await (await import("../../evaluate/metrics.ts")).evaluateMolecules(molecules, options)
        : await writeGallery(args.gallery, args._, molecules, options);
    bar.done();
    output.result(evaluation);
    output.print(reportCard(evaluation, { colour: output.colours.isColorSupported }));
    if (args.gallery !== undefined) output.log(`the page is in ${args.gallery}`);
  },
});

/** Lets the event loop turn, so that a signal is heard. */
const breath = (): Promise<void> => new Promise((resume) => setImmediate(resume));

/** The molecules of all files in turn. */
async function* moleculesOf(files: readonly string[], limit = Infinity): AsyncGenerator<Molecule> {
  const { readMolecules } = await import("../../platform/node/molecules.ts");
  let count = 0;
  for (const file of files) {
    for await (const molecule of readMolecules(file, { limit: limit - count })) {
      yield molecule;
      if (++count % 100 === 0) await breath();
    }
    if (count >= limit) return;
  }
}

async function loadReference(nameOrPath: string, rule: RuleChoice, output: Output): Promise<Reference> {
  const { loadDataset } = await import("../../data/store.ts");
  const { moleculesOf: moleculesOfSet, setSize } = await import("../../data/molecule-set.ts");
  const { buildReference } = await import("../../evaluate/metrics.ts");
  const { train } = await loadDataset(nameOrPath);
  const bar = output.progress("reading the reference", setSize(train));
  const reference = await buildReference(moleculesOfSet(train), {
    rule,
    onProgress: (done) => bar.update(done),
  });
  bar.done();
  return reference;
}

async function writeGallery(
  path: string,
  files: readonly string[],
  stream: AsyncIterable<Molecule>,
  options: EvaluationOptions,
) {
  const { galleryPage } = await import("../../views/showcase.ts");
  const molecules: Molecule[] = [];
  for await (const molecule of stream) molecules.push(molecule);
  const names = files.map((file) => basename(file)).join(", ");
  const { evaluation, html } = await galleryPage({
    ...options,
    molecules,
    title: `${molecules.length.toLocaleString("en-US")} molecules`,
    summary: files.length === 1 ? `From ${names}.` : `From ${files.length} files.`,
    provenance: { Files: names },
  });
  await writeFileAtomically(path, html);
  return evaluation;
}

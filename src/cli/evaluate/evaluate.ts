/** `equimol evaluate`: the report card of molecules in files, and what a model is worth. */
import { InputError } from "../../errors.ts";
import { reportCard } from "../../evaluate/report.ts";
import { evaluateCondition } from "../../workflows/node/evaluate-condition.ts";
import { evaluateFiles } from "../../workflows/node/evaluate-files.ts";
import { likelihood } from "../../workflows/node/likelihood.ts";
import { follow } from "../follow.ts";
import { conditionRequest, sweepArgs } from "../options/condition-options.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions, integerOption, readingOption, seedOption } from "../options/options.ts";
import { samplingArgs, samplingRequest } from "../options/sampling-options.ts";
import { createOutput, type Output } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { conditionText } from "./evaluate-condition.ts";
import { likelihoodText } from "./evaluate-likelihood.ts";

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
    ...readingOption,
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
    if (args.condition !== undefined) return judged(output, args, args.condition, limit);
    const stray = OF_CONDITION.find((name) => args[name] !== undefined && args[name] !== false);
    if (stray !== undefined) throw new InputError(`--${stray} is for --model M --condition P`);
    if (args.nll || args.model !== undefined || args.data !== undefined) return likely(output, args, limit);
    if (args.split !== undefined) throw new InputError("--split is for --nll; molecule files have no parts");
    if (args._.length === 0)
      throw new InputError("evaluate takes molecule files, or --model M --nll --data D");
    const { reference, rule, gallery, _: files } = args;
    const evaluation = await follow(output, (events) =>
      evaluateFiles({ ...events, files, reference, rule, limit, gallery }),
    );
    output.result(evaluation);
    output.print(reportCard(evaluation, { colour: output.colours.isColorSupported }));
    if (gallery !== undefined) output.log(`the page is in ${gallery}`);
  },
});

/** Options that belong to --condition alone. */
const OF_CONDITION = [
  "judge",
  "frames",
  "fixed-noise",
  "guidance",
  "quality",
  "sampler",
  "steps",
  "temperature",
] as const;

type Words = Parameters<NonNullable<typeof evaluate.run>>[0]["args"];

async function judged(
  output: Output,
  args: Words,
  condition: string,
  count: number | undefined,
): Promise<void> {
  const { model, judge, data } = args;
  if (model === undefined || args.nll || args._.length > 0)
    throw new InputError("--condition takes --model M, and no files");
  const isSweep = condition.includes("=");
  const request = conditionRequest(isSweep ? [condition] : [], args);
  const [[property, range] = [condition, undefined]] =
    request.condition === "none" ? [] : Object.entries(request.condition ?? {});
  if (typeof range === "number")
    throw new InputError(
      `--condition ${condition}: expected a property, whose values are drawn from the training data, or a range such as alpha=60..90`,
    );
  const seed = integerOption("seed", args.seed, { min: 0 });
  const sampling = samplingRequest(args);
  const engine = engineOptions(args);
  const report = await follow(output, (events) =>
    evaluateCondition({
      ...events,
      ...request,
      ...sampling,
      model,
      property,
      range,
      judge,
      data,
      count,
      seed,
      engine,
    }),
  );
  output.result(report);
  output.print(conditionText(report));
}

async function likely(output: Output, args: Words, limit: number | undefined): Promise<void> {
  const { model, data, split, flow } = args;
  if (!args.nll || model === undefined || data === undefined || args._.length > 0)
    throw new InputError("the likelihood takes --model M --nll --data D together, and no files");
  if (args.reference !== undefined || args.gallery !== undefined || args.rule !== "auto")
    throw new InputError("--reference, --gallery and --rule are for molecule files, not for --nll");
  const seed = integerOption("seed", args.seed, { min: 0 });
  const draws = integerOption("draws", args.draws, { min: 1, max: 10_000 });
  const engine = engineOptions(args);
  const report = await follow(output, (events) =>
    likelihood({ ...events, model, data, split, limit, seed, draws, flow, engine }),
  );
  output.result(report);
  output.print(likelihoodText(model, data, report));
}

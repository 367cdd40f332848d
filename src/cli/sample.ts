/** `equimol sample`: new molecules from a trained model. */
import { DEFAULT_MODEL, findModel } from "../models/edm/folder.ts";
import { samplingText } from "../models/edm/sampling.ts";
import { modelKindOf } from "../models/model-folder.ts";
import { sampleToFiles } from "../workflows/node/sample-to-files.ts";
import { follow } from "./follow.ts";
import { conditionArgs, conditionRequest } from "./options/condition-options.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import { commonOptions, integerOption, integersOption, seedOption } from "./options/options.ts";
import { samplingArgs, samplingRequest } from "./options/sampling-options.ts";
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
      command: "equimol sample --model qm9-alpha-edm --condition alpha=60..90 --frames 9 --fixed-noise",
      does: "one molecule as its polarizability rises, and its picture",
    },
    { command: "equimol sample -n 10 --sizes 19 --seed 7 --out nineteen.sdf", does: "molecules of 19 atoms" },
  ],
  repeatable: ["condition"],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    if ((await modelKindOf(findModel(args.model))) === "cg")
      return (await import("./sample-cg.ts")).sampleCg(args, rawArgs, output);
    const { model, out, picture, chain } = args;
    const report = await follow(output, (events) =>
      sampleToFiles({
        ...events,
        ...samplingRequest(args),
        ...conditionRequest(valuesOf(rawArgs, "condition"), args),
        model,
        first: integerOption("first", args.first, { min: 0, max: 1e9 }),
        seed: integerOption("seed", args.seed, { min: 0 }),
        batchSize: integerOption("batch-size", args["batch-size"], { min: 1 }),
        engine: engineOptions(args),
        count: integerOption("count", args.count, { min: 1, max: 1e9 }),
        sizes: integersOption("sizes", args.sizes, { min: 1, max: 1000 }),
        out,
        picture,
        chain,
      }),
    );
    output.result(report);
    output.print(
      `${report.molecules} molecules in ${duration(report.seconds)} (${samplingText(report)}, ${report.engine}) → ${[report.out, report.picture].filter((file) => file !== undefined).join(", ")}\nMeasure them with: ${program()} evaluate ${quoted(report.out)}`,
    );
  },
});

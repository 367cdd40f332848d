/** `equimol lab compare`: all models on one data set for the same time, one table and one figure. */
import { InputError } from "../../errors.ts";
import { comparisonTable } from "../../lab/figures/comparison-table.ts";
import { CLOCKS, compareLabModels } from "../../workflows/node/lab/compare.ts";
import { follow } from "../follow.ts";
import { commonOptions, integerOption, numberOption, seedOption, threadsOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { measureArgs, measureOptions } from "./lab-run.ts";

export const labCompare = defineVerb({
  meta: {
    name: "compare",
    description: "Train all models of the lab on one data set for the same time and compare them.",
  },
  args: {
    data: {
      type: "string",
      default: "two-moons",
      valueHint: "NAME|FILE",
      description: "data of `equimol lab list`, or a file of points",
    },
    models: { type: "string", valueHint: "A,B,…", description: "only these models (all that take the data)" },
    seconds: { type: "string", default: "20", valueHint: "S", description: "training time of each model" },
    clock: {
      type: "string",
      default: "wall",
      valueHint: "wall|processor",
      description: "what all seconds are of: processor leaves out what other programs take",
    },
    out: {
      type: "string",
      valueHint: "FOLDER",
      description: "folder of runs, table and figure (runs/lab/compare-DATA)",
    },
    set: { type: "string", valueHint: "data.KEY=VALUE", description: "a setting of the data" },
    ...measureArgs,
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab compare --data two-moons", does: "every model, twenty seconds each" },
    {
      command: "equimol lab compare --data checkerboard --models real-nvp,maf,ddpm --seconds 60",
      does: "three of them, a minute each",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const { data, out } = args;
    const models = args.models?.split(",").map((name) => name.trim());
    const seconds = numberOption("seconds", args.seconds, { min: 1 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const clock = CLOCKS.find((name) => name === args.clock);
    if (clock === undefined) throw new InputError(`--clock is wall or processor, not "${args.clock}"`);
    const set = valuesOf(rawArgs, "set");
    const measuring = measureOptions(args);
    const report = await follow(output, (events) =>
      compareLabModels({ ...events, ...measuring, data, models, seconds, clock, seed, set, out }),
    );
    output.result(report);
    output.print(`${comparisonTable(report)}\n\nfigure: ${report.pictures.join(", ")}`);
  },
});

/** `equimol lab sample`: new rows from a trained model of the lab, as numbers and as a picture. */
import { sampleLabModel } from "../../workflows/node/lab/sample.ts";
import { follow } from "../follow.ts";
import { commonOptions, integerOption, seedOption, threadsOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { createOutput, duration } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { setArg } from "./lab-run.ts";

export const labSample = defineVerb({
  meta: { name: "sample", description: "Draw new rows from a trained model of the lab." },
  args: {
    model: { type: "string", required: true, valueHint: "RUN", description: "run or model folder" },
    count: { type: "string", alias: "n", default: "1000", valueHint: "N", description: "how many rows" },
    out: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "file to write: .csv for the numbers, .svg or .png for a picture of them",
    },
    with: {
      type: "string",
      valueHint: "RUN",
      description:
        "another model of the same kind and levels: rows from the product of both densities (energy, ncsn)",
    },
    ...setArg,
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab sample --model runs/lab/ddpm-two-moons -n 1000 --out rows.csv", does: "numbers" },
    {
      command:
        "equimol lab sample --model runs/lab/ddpm-two-moons --set sampler=ddim --set sampleSteps=20 --out ddim.png",
      does: "a picture, with another sampler",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const { model, out, with: other } = args;
    const count = integerOption("count", args.count, { min: 1, max: 10_000_000 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const set = valuesOf(rawArgs, "set");
    const { columns, ...report } = await follow(output, (events) =>
      sampleLabModel({ ...events, model, out, with: other, count, seed, set }),
    );
    output.result(report);
    output.print(`${count} rows of ${columns} numbers in ${duration(report.seconds)} → ${out}`);
  },
});

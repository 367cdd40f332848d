/** `equimol lab evaluate`: measures a trained model of the lab, and draws its picture again. */
import { measureLabModel } from "../../workflows/node/lab/evaluate.ts";
import { follow } from "../follow.ts";
import { commonOptions, integerOption, seedOption, threadsOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { evaluationText, measureArgs, measureOptions, setArg } from "./lab-run.ts";

export const labEvaluate = defineVerb({
  meta: { name: "evaluate", description: "Measure a trained model of the lab." },
  args: {
    model: { type: "string", required: true, valueHint: "RUN", description: "run or model folder" },
    data: {
      type: "string",
      valueHint: "NAME|FILE",
      description: "other data than those it was trained on",
    },
    picture: {
      type: "string",
      valueHint: "FOLDER",
      description: "also draw picture.svg and picture.png there",
    },
    ...setArg,
    ...measureArgs,
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab evaluate --model runs/lab/ddpm-two-moons", does: "likelihood and distance" },
    {
      command:
        "equimol lab evaluate --model runs/lab/ddpm-two-moons --set sampler=dpm-solver --set sampleSteps=20",
      does: "with another sampler",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const { model, data, picture } = args;
    const measuring = measureOptions(args);
    const seed = integerOption("seed", args.seed, { min: 0 });
    const set = valuesOf(rawArgs, "set");
    const report = await follow(output, (events) =>
      measureLabModel({ ...events, ...measuring, model, data, picture, seed, set }),
    );
    const { evaluation, pictures } = report;
    output.result(report);
    output.print(evaluationText(evaluation));
    if (pictures.length > 0) output.print(`picture              ${pictures.join(", ")}`);
  },
});

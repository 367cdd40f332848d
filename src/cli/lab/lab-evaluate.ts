/** `equimol lab evaluate`: measures a trained model of the lab, and draws its picture again. */

import { InputError } from "../../errors.ts";
import { shapeText } from "../../lab/data/lab-data.ts";
import { loadLabModel } from "../../lab/models/lab-folder.ts";
import { findModel } from "../../models/edm/folder.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { commonOptions, integerOption, seedOption, threadsOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";
import {
  changedSettings,
  dataOf,
  evaluationText,
  measureAndDraw,
  measureArgs,
  measureOptions,
  setArg,
} from "./lab-run.ts";

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
    const options = measureOptions(args, integerOption("seed", args.seed, { min: 0 }));
    await prepareRuntime("cpu");
    const trained = await loadLabModel(findModel(args.model), changedSettings(rawArgs));
    const data = await dataOf(trained, args.data);
    const [wanted, found] = [trained.config.shape, data.shape].map((shape) => shapeText(shape));
    if (wanted !== found)
      throw new InputError(`the model was trained on ${wanted}; "${data.name}" has ${found}`);
    const { evaluation, pictures } = await measureAndDraw(trained, data, options, args.picture);
    output.result({ model: args.model, kind: trained.kind.name, data: data.name, evaluation, pictures });
    output.print(evaluationText(evaluation));
    if (pictures.length > 0) output.print(`picture              ${pictures.join(", ")}`);
  },
});

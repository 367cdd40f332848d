/** `equimol lab train MODEL --data DATA`: trains a model of the lab, measures it and draws its picture. */
import { type TrainLabModelReport, trainLabModel } from "../../workflows/node/lab/train.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { runTraining, trainingArgs, trainingOptions } from "../train/training-run.ts";
import { defineVerb } from "../verb.ts";
import { evaluationText, measureArgs, measureOptions } from "./lab-run.ts";

export const labTrain = defineVerb({
  meta: { name: "train", description: "Train a model of the lab, measure it and draw its picture." },
  args: {
    model: { type: "positional", required: true, description: "a model of `equimol lab list`" },
    data: {
      type: "string",
      default: "two-moons",
      valueHint: "NAME|FILE",
      description: "data of `equimol lab list`, or a file of points",
    },
    preset: {
      type: "string",
      valueHint: "NAME",
      description:
        "a recipe of the model's page in place of the starting settings, such as reference of ddpm",
    },
    ...trainingArgs,
    out: {
      type: "string",
      valueHint: "RUN",
      description: "folder of the run (runs/lab/MODEL-DATA, with a number where that is taken)",
    },
    ...measureArgs,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab train ddpm --data two-moons", does: "with the settings that suit the data" },
    {
      command: "equimol lab train ddpm --data pinwheel --set model.prediction=v --set training.epochs=20",
      does: "another target, half as long",
    },
    {
      command: "equimol lab train ddpm --preset reference",
      does: "the reference recipe: 256 wide, 100 epochs",
    },
    { command: "equimol lab train ddpm --data points.csv --max-seconds 30", does: "points of your own" },
  ],
  run: async ({ args, rawArgs }) => {
    const { model, data } = args;
    const training = trainingOptions(args, rawArgs);
    const measuring = measureOptions(args);
    return runTraining<TrainLabModelReport>(
      args,
      ({ run }) => ({
        items: "rows",
        next: `Sample from it with: ${program()} lab sample --model ${quoted(run)} -n 1000 --out rows.csv`,
        again: `lab train ${model} --data ${quoted(data)}`,
      }),
      (events) => trainLabModel({ ...events, ...training, ...measuring, model, data }),
      ({ evaluation, pictures = [] }) =>
        evaluation ? [`${evaluationText(evaluation)}\npicture              ${pictures.join(", ")}`] : [],
    );
  },
});

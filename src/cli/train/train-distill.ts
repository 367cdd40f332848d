/** `equimol train distill`: a model of many steps becomes a generator of few. */
import { distillRun } from "../../workflows/node/train.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { runTraining, trainingArgs, trainingOptions } from "./training-run.ts";

export const trainDistillVerb = defineVerb({
  meta: { name: "distill", description: "Distil a model into a generator of few steps. Needs no data." },
  args: {
    teacher: {
      type: "string",
      required: true,
      valueHint: "RUN|NAME",
      description: "the model that is distilled: model folder, run folder or shipped model",
    },
    ...trainingArgs,
    ...engineArgs,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train distill --teacher qm9-fast --set steps=8 --out runs/eight",
      does: "a generator of 8 evaluations",
    },
    {
      command: "equimol train distill --teacher qm9-fast --out runs/eight --resume",
      does: "go on where it stopped",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const { teacher } = args;
    const options = { ...trainingOptions(args, rawArgs), teacher, engine: engineOptions(args) };
    return runTraining(
      args,
      {
        items: "molecules",
        next: `Sample from it with: ${program()} sample --model ${quoted(args.out)} -n 100 --out molecules.sdf`,
        again: `train distill --teacher ${quoted(teacher)}`,
      },
      (events) => distillRun({ ...events, ...options }),
    );
  },
});

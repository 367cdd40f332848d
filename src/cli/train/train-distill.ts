/** `equimol train distill`: a model of many steps becomes a generator of few. */
import { basename, resolve } from "node:path";
import { openEngine } from "../../engines/open-engine.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import { distillEdm } from "../../train/edm/distill.ts";
import { distillSettingsSchema } from "../../train/edm/distill-settings.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import {
  superviseTraining,
  trainingArgs,
  trainingResult,
  trainingSettings,
  trainingSummary,
} from "./training-run.ts";

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
    const output = createOutput(args);
    const settings = trainingSettings(distillSettingsSchema, args, rawArgs);
    const engineChoice = engineOptions(args);
    const teacher = await loadEdm(findModel(args.teacher));
    const name = basename(resolve(args.teacher));
    const { outcome, exitCode } = await superviseTraining(output, args, "molecules", (events) =>
      distillEdm({
        ...events,
        settings,
        teacher,
        name,
        out: args.out,
        resume: args.resume === true,
        openEngine: (config) => openEngine({ denoiser: config }, { ...engineChoice, onNotice: output.log }),
      }),
    );
    output.result(trainingResult(args, outcome));
    output.print(
      trainingSummary(args, outcome, {
        items: "molecules",
        next: `Sample from it with: ${program()} sample --model ${quoted(args.out)} -n 100 --out molecules.sdf`,
        again: `train distill --teacher ${quoted(args.teacher)}`,
      }),
    );
    return { exitCode };
  },
});

/** `equimol train cg`: a diffusion model of coarse-grained frames, which is a force field as well. */
import { loadDataset } from "../../data/store.ts";
import { cgSettingsSchema } from "../../train/cg/settings.ts";
import { trainCg } from "../../train/cg/train.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
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

export const trainCgVerb = defineVerb({
  meta: {
    name: "cg",
    description:
      "Train a diffusion model on frames of a coarse-grained molecule; its score is a force field (two for one).",
  },
  args: {
    data: {
      type: "string",
      required: true,
      valueHint: "NAME|FILE",
      description: "data set, or a file of frames of the same beads in the order of the chain",
    },
    ...trainingArgs,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train cg --data ala2 --out runs/ala2",
      does: "a conserving model of the frames of the data set ala2",
    },
    {
      command: "equimol train cg --data ala2 --set network.conservative=false --out runs/free",
      does: "a score that need not be a gradient",
    },
    {
      command: "equimol train cg --data frames.extxyz --set temperature=350 --out runs/mine",
      does: "frames of your own, simulated at 350 K",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const settings = trainingSettings(cgSettingsSchema, args, rawArgs);
    const data = await loadDataset(args.data);
    const { outcome, exitCode } = await superviseTraining(output, args, "frames", (events) =>
      trainCg({
        ...events,
        settings,
        data,
        out: args.out,
        resume: args.resume === true,
        onNotice: output.log,
      }),
    );
    output.result(trainingResult(args, outcome));
    output.print(
      trainingSummary(args, outcome, {
        items: "frames",
        next: `Draw from it with: ${program()} sample --model ${quoted(args.out)} -n 1000 --out samples.extxyz\nRun dynamics with: ${program()} simulate --model ${quoted(args.out)} --replicas 100 --out dynamics`,
        again: `train cg --data ${quoted(args.data)}`,
      }),
    );
    return { exitCode };
  },
});

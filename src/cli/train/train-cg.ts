/** `equimol train cg`: a diffusion model of coarse-grained frames, which is a force field as well. */
import { trainCgRun } from "../../workflows/node/train.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { runTraining, trainingArgs, trainingOptions } from "./training-run.ts";

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
    const { data } = args;
    const options = { ...trainingOptions(args, rawArgs), data };
    return runTraining(
      args,
      {
        items: "frames",
        next: `Draw from it with: ${program()} sample --model ${quoted(args.out)} -n 1000 --out samples.extxyz\nRun dynamics with: ${program()} simulate --model ${quoted(args.out)} --replicas 100 --out dynamics`,
        again: `train cg --data ${quoted(data)}`,
      },
      (events) => trainCgRun({ ...events, ...options }),
    );
  },
});

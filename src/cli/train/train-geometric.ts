/** `equimol train forcefield` and `equimol train property`. */
import type { ArgsDef } from "citty";
import { NETWORKS } from "../../train/geometric/settings.ts";
import { trainForceFieldRun, trainPropertyRun } from "../../workflows/node/train.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { runTraining, type TrainingWording, trainingArgs, trainingOptions } from "./training-run.ts";

const shared = {
  data: {
    type: "string",
    required: true,
    valueHint: "NAME|FILE",
    description: "data set, or a file of molecules",
  },
  net: { type: "string", valueHint: NETWORKS.join("|"), description: "network (painn)" },
  ...trainingArgs,
  ...engineArgs,
  ...commonOptions,
} as const satisfies ArgsDef;

const wording = (
  { data, out }: { readonly data: string; readonly out: string },
  name: string,
  items: string,
  next: string,
): TrainingWording => ({
  items,
  next: `${next}: ${program()} predict --model ${quoted(out)} FILES…`,
  again: `train ${name} --data ${quoted(data)}`,
});

export const trainForceFieldVerb = defineVerb({
  meta: {
    name: "forcefield",
    description: "Train a network on energies and forces of molecules, for predictions and simulations.",
  },
  args: shared,
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train forcefield --net painn --data rmd17-ethanol --out runs/ethanol",
      does: "PaiNN on energies and forces of ethanol",
    },
    {
      command: "equimol train forcefield --data mine.extxyz --set unit=eV --out runs/mine --max-seconds 600",
      does: "ten minutes on a file of your own, in eV",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const { data, net } = args;
    const options = { ...trainingOptions(args, rawArgs), data, net, engine: engineOptions(args) };
    return runTraining(args, wording(args, "forcefield", "configurations", "Measure it with"), (events) =>
      trainForceFieldRun({ ...events, ...options }),
    );
  },
});

export const trainPropertyVerb = defineVerb({
  meta: { name: "property", description: "Train a network that predicts a property of molecules." },
  args: {
    ...shared,
    property: { type: "string", valueHint: "NAME", description: "property of the data set, such as alpha" },
    half: {
      type: "string",
      valueHint: "all|first|second",
      description: "which half of the molecules that have the property (all)",
    },
  },
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train property --property alpha --data qm9 --out runs/alpha",
      does: "the polarizability, with PaiNN",
    },
    {
      command: "equimol train property --net schnet --property gap --half first --data qm9 --out runs/gap",
      does: "on the half that a conditional generator does not see",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const { data, net, property, half } = args;
    const options = {
      ...trainingOptions(args, rawArgs),
      data,
      net,
      property,
      half,
      engine: engineOptions(args),
    };
    return runTraining(args, wording(args, "property", "molecules", "Use it with"), (events) =>
      trainPropertyRun({ ...events, ...options }),
    );
  },
});

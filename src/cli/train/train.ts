/** `equimol train KIND`: trains a model into a run folder. */
import { PRESETS } from "../../train/edm/settings.ts";
import { trainEdmRun } from "../../workflows/node/train.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { trainForceFieldVerb, trainPropertyVerb } from "./train-geometric.ts";
import { presetArg, runTraining, trainingArgs, trainingOptions } from "./training-run.ts";

const edm = defineVerb({
  meta: { name: "edm", description: "Train an equivariant diffusion model of molecules (EDM)." },
  args: {
    data: {
      type: "string",
      required: true,
      valueHint: "NAME|FILE",
      description: "data set, or a file of molecules",
    },
    ...trainingArgs,
    ...presetArg(PRESETS),
    init: {
      type: "string",
      valueHint: "MODEL",
      description: "start from the parameters of this model, with its network",
    },
    ...engineArgs,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train edm --data minimol --preset mini-qm9 --out runs/mini",
      does: "the workshop's model on the built-in data",
    },
    {
      command: "equimol train edm --data qm9 --preset qm9-fast --out runs/qm9 --max-seconds 3600",
      does: "an hour on QM9",
    },
    {
      command: "equimol train edm --data mine --init qm9-fast --out runs/mine",
      does: "the shipped model, trained further on data of your own",
    },
    {
      command:
        "equimol train edm --data qm9 --init qm9-fast --set condition.properties=[alpha] --out runs/alpha",
      does: "conditioned on the polarizability, from the unconditional model",
    },
    { command: "equimol train edm --data qm9 --out runs/qm9 --resume", does: "go on where it stopped" },
  ],
  run: async ({ args, rawArgs }) => {
    const { data, init } = args;
    const options = { ...trainingOptions(args, rawArgs), data, init, engine: engineOptions(args) };
    return runTraining(
      args,
      {
        items: "molecules",
        next: `Sample from it with: ${program()} sample --model ${quoted(args.out)} -n 100 --out molecules.sdf`,
        again: `train edm --data ${quoted(data)}`,
      },
      (events) => trainEdmRun({ ...events, ...options }),
    );
  },
});

export const train = defineVerb({
  meta: { name: "train", description: "Train a model." },
  subCommands: {
    edm: { summary: "equivariant diffusion of molecules", load: () => edm },
    distill: {
      summary: "a diffusion model into a generator of few steps",
      load: async () => (await import("./train-distill.ts")).trainDistillVerb,
    },
    forcefield: { summary: "energies and forces", load: () => trainForceFieldVerb },
    property: { summary: "a property of molecules", load: () => trainPropertyVerb },
    cg: {
      summary: "diffusion of coarse-grained frames: samples and a force field",
      load: async () => (await import("./train-cg.ts")).trainCgVerb,
    },
    conformers: {
      summary: "structures of a given molecule (GeoDiff)",
      load: async () => (await import("./train-conformers.ts")).trainConformersVerb,
    },
  },
});

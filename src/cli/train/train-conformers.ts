/** `equimol train conformers`: a model of the structures of a given molecule. */
import { CONFORMER_ENGINES } from "../../models/geodiff/network.ts";
import { CONFORMER_PRESETS } from "../../train/conformers/settings.ts";
import { trainConformersRun } from "../../workflows/node/train.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { presetArg, runTraining, trainingArgs, trainingOptions } from "./training-run.ts";

export const trainConformersVerb = defineVerb({
  meta: {
    name: "conformers",
    description: "Train a model of the conformers of a given molecule (GeoDiff).",
  },
  args: {
    data: {
      type: "string",
      required: true,
      valueHint: "NAME|FILE",
      description: "data set, or a file of molecules: one geometry each, bonds are perceived",
    },
    ensembles: {
      type: "string",
      valueHint: "FILE",
      description: "molecules with bonds and many conformers: .jsonl or .sdf, each also .gz",
    },
    ...presetArg(CONFORMER_PRESETS),
    init: { type: "string", valueHint: "MODEL", description: "start from the parameters of this model" },
    ...trainingArgs,
    engine: {
      type: "enum",
      options: [...CONFORMER_ENGINES],
      default: "auto",
      description: "what computes the network",
    },
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    {
      command: "equimol train conformers --data qm9 --preset small --out runs/conformers",
      does: "from one geometry of each molecule of QM9",
    },
    {
      command: "equimol train conformers --data qm9 --ensembles drugs.jsonl.gz --out runs/conformers",
      does: "and from ensembles of larger molecules",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const { data, ensembles, init, engine } = args;
    const options = { ...trainingOptions(args, rawArgs), data, ensembles, init, engine };
    return runTraining(
      args,
      {
        items: "structures",
        next: `Use it with: ${program()} conformers SMILES --model ${quoted(args.out)} --out conformers.sdf`,
        again: `train conformers --data ${quoted(data)}${ensembles === undefined ? "" : ` --ensembles ${quoted(ensembles)}`}`,
      },
      (events) => trainConformersRun({ ...events, ...options }),
    );
  },
});

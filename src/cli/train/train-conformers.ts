/** `equimol train conformers`: a model of the structures of a given molecule. */
import { readEnsembles } from "../../data/ensembles.ts";
import { loadDataset } from "../../data/store.ts";
import { InputError } from "../../errors.ts";
import { findModel } from "../../models/edm/folder.ts";
import { loadConformerModel } from "../../models/geodiff/folder.ts";
import { CONFORMER_ENGINES } from "../../models/geodiff/network.ts";
import { CONFORMER_PRESETS, conformerSettingsSchema } from "../../train/conformers/settings.ts";
import { trainConformers } from "../../train/conformers/train.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import {
  presetArg,
  superviseTraining,
  trainingArgs,
  trainingResult,
  trainingSettings,
  trainingSummary,
} from "./training-run.ts";

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
    const output = createOutput(args);
    if (args.init !== undefined && args.resume)
      throw new InputError("--init starts a run, --resume goes on with one; give one of them");
    const init = args.init === undefined ? undefined : await loadConformerModel(findModel(args.init));
    const settings = trainingSettings(conformerSettingsSchema, args, rawArgs, {
      presets: CONFORMER_PRESETS,
      ...(init && { base: { network: init.config.network } }),
    });
    const data = await loadDataset(args.data);
    const ensembles = args.ensembles === undefined ? [] : await readEnsembles(args.ensembles);
    const { outcome, exitCode } = await superviseTraining(output, args, "structures", (events) =>
      trainConformers({
        ...events,
        settings,
        data,
        ensembles,
        out: args.out,
        engine: args.engine,
        resume: args.resume === true,
        ...(init && { init }),
        onDropped: (dropped) => {
          for (const [what, { inconsistent, fragmented, tooLarge }] of Object.entries(dropped)) {
            if (inconsistent + fragmented + tooLarge === 0) continue;
            output.log(
              `${what} left out: ${inconsistent} with inconsistent bonds, ${fragmented} in pieces, ${tooLarge} too large`,
            );
          }
        },
      }),
    );
    output.result(trainingResult(args, outcome));
    output.print(
      trainingSummary(args, outcome, {
        items: "structures",
        next: `Use it with: ${program()} conformers SMILES --model ${quoted(args.out)} --out conformers.sdf`,
        again: `train conformers --data ${quoted(args.data)}${args.ensembles === undefined ? "" : ` --ensembles ${quoted(args.ensembles)}`}`,
      }),
    );
    return { exitCode };
  },
});

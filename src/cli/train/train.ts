/** `equimol train KIND`: trains a model into a run folder. */
import { loadDataset } from "../../data/store.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import type { EdmConfig } from "../../models/edm/config.ts";
import { findModel, loadEdm } from "../../models/edm/folder.ts";
import type { Settings } from "../../train/config-file.ts";
import { edmSettingsSchema, PRESETS } from "../../train/edm/settings.ts";
import { trainEdm } from "../../train/edm/train.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import { trainForceFieldVerb, trainPropertyVerb } from "./train-geometric.ts";
import {
  presetArg,
  superviseTraining,
  trainingArgs,
  trainingResult,
  trainingSettings,
  trainingSummary,
} from "./training-run.ts";

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
    const output = createOutput(args);
    if (args.init !== undefined && args.resume)
      throw new InputError("--init starts a run, --resume goes on with one; give one of them");
    const init = args.init === undefined ? undefined : await loadEdm(findModel(args.init));
    const settings = trainingSettings(edmSettingsSchema, args, rawArgs, {
      presets: PRESETS,
      ...(init && { base: architecture(init.config, args.preset) }),
    });
    const engineChoice = engineOptions(args);
    const data = await loadDataset(args.data);
    const { outcome, exitCode } = await superviseTraining(output, args, "molecules", (events) =>
      trainEdm({
        ...events,
        settings,
        data,
        out: args.out,
        resume: args.resume === true,
        ...(init && { init }),
        openEngine: (config) => openEngine({ denoiser: config }, { ...engineChoice, onNotice: output.log }),
      }),
    );
    output.result(trainingResult(args, outcome));
    output.print(
      trainingSummary(args, outcome, {
        items: "molecules",
        next: `Sample from it with: ${program()} sample --model ${quoted(args.out)} -n 100 --out molecules.sdf`,
        again: `train edm --data ${quoted(args.data)}`,
      }),
    );
    return { exitCode };
  },
});

/** The settings that make a model's network, as large as the preset wants it if that is larger. */
const architecture = (
  { network, schedule, features, condition }: EdmConfig,
  preset: string | undefined,
): Settings => ({
  network: { ...network, ...larger(network, preset === undefined ? {} : PRESETS[preset]?.settings.network) },
  schedule,
  features,
  ...(condition && {
    condition: {
      properties: condition.properties.map(({ name }) => name),
      fade: condition.fade,
      scale: condition.scale,
    },
  }),
});

/** Units and layers that a preset has more of. */
const larger = (
  own: EdmConfig["network"],
  wanted: unknown,
): Partial<Pick<EdmConfig["network"], "hidden" | "layers">> => {
  const { hidden = 0, layers = 0 } = (wanted ?? {}) as { readonly hidden?: number; readonly layers?: number };
  return { hidden: Math.max(own.hidden, hidden), layers: Math.max(own.layers, layers) };
};

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

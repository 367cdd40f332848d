/** `equimol train forcefield` and `equimol train property`. */
import type { ArgsDef } from "citty";
import { loadDataset } from "../../data/store.ts";
import { openEngine } from "../../engines/open-engine.ts";
import { InputError, nearest } from "../../errors.ts";
import type { Settings } from "../../train/config-file.ts";
import {
  forceFieldSettingsSchema,
  NETWORKS,
  propertySettingsSchema,
} from "../../train/geometric/settings.ts";
import { type TrainGeometricOptions, trainForceField, trainProperty } from "../../train/geometric/train.ts";
import type { TrainingOutcome } from "../../train/loop.ts";
import { engineArgs, engineOptions } from "../options/engine-options.ts";
import { commonOptions } from "../options/options.ts";
import { createOutput, type OutputOptions } from "../output.ts";
import { program, quoted } from "../program.ts";
import { defineVerb } from "../verb.ts";
import {
  superviseTraining,
  type TrainingWords,
  trainingArgs,
  trainingResult,
  trainingSettings,
  trainingSummary,
} from "./training-run.ts";

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

/** --net as a setting. @throws InputError for one that there is not */
function networkSetting(net: string | undefined): Settings {
  if (net === undefined) return {};
  if ((NETWORKS as readonly string[]).includes(net)) return { network: { kind: net } };
  const near = nearest(net, NETWORKS);
  throw new InputError(
    `unknown network "${net}"; ${near === undefined ? `known: ${NETWORKS.join(", ")}` : `did you mean ${near}?`}`,
  );
}

/** Trains and says what came of it. */
async function trained<S>(
  kind: { readonly name: string; readonly items: string; readonly next: string },
  args: TrainingWords & OutputOptions & Parameters<typeof engineOptions>[0] & { readonly data: string },
  settings: S,
  train: (options: TrainGeometricOptions<S>) => Promise<TrainingOutcome>,
): Promise<{ readonly exitCode: number }> {
  const output = createOutput(args);
  const engineChoice = engineOptions(args);
  const data = await loadDataset(args.data);
  const { outcome, exitCode } = await superviseTraining(output, args, kind.items, (events) =>
    train({
      ...events,
      settings,
      data,
      out: args.out,
      resume: args.resume === true,
      openEngine: (config) => openEngine({ atomwise: config }, { ...engineChoice, onNotice: output.log }),
    }),
  );
  output.result(trainingResult(args, outcome));
  output.print(
    trainingSummary(args, outcome, {
      items: kind.items,
      next: `${kind.next}: ${program()} predict --model ${quoted(args.out)} FILES…`,
      again: `train ${kind.name} --data ${quoted(args.data)}`,
    }),
  );
  return { exitCode };
}

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
    const settings = trainingSettings(forceFieldSettingsSchema, args, rawArgs, {
      base: networkSetting(args.net),
    });
    return trained(
      { name: "forcefield", items: "configurations", next: "Measure it with" },
      args,
      settings,
      trainForceField,
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
    if (args.property === undefined && !args.resume)
      throw new InputError(`--property is missing (see ${program()} data show ${quoted(args.data)})`);
    const settings = trainingSettings(propertySettingsSchema, args, rawArgs, {
      base: {
        ...networkSetting(args.net),
        ...(args.property === undefined ? {} : { property: args.property }),
        ...(args.half === undefined ? {} : { data: { half: args.half } }),
      },
    });
    return trained(
      { name: "property", items: "molecules", next: "Use it with" },
      args,
      settings,
      trainProperty,
    );
  },
});

/** `equimol train KIND`: trains a model into a run folder. */
import { existsSync } from "node:fs";
import { loadDataset } from "../data/store.ts";
import { InputError, nearest } from "../errors.ts";
import { createEngine } from "../kernels/create-engine.ts";
import type { EdmConfig } from "../models/edm/config.ts";
import { findModel, loadEdm } from "../models/edm/model.ts";
import { readSettings, type Settings } from "../train/config-file.ts";
import { edmSettingsSchema, PRESETS } from "../train/edm/settings.ts";
import { trainEdm } from "../train/edm/train.ts";
import { configFileOf } from "../train/run-folder.ts";
import { engineArgs, engineOptions } from "./engine-options.ts";
import { commonOptions, numberOption } from "./options.ts";
import { createOutput, duration, type Progress } from "./output.ts";
import { program, quoted } from "./program.ts";
import { exitCodeOf, onSignal, type Signal } from "./signals.ts";
import { defineVerb } from "./verb.ts";
import { valuesOf } from "./words.ts";

const edm = defineVerb({
  meta: { name: "edm", description: "Train an equivariant diffusion model of molecules (EDM)." },
  args: {
    data: {
      type: "string",
      required: true,
      valueHint: "NAME|FILE",
      description: "data set, or a file of molecules",
    },
    out: { type: "string", required: true, valueHint: "RUN", description: "folder of the run" },
    preset: {
      type: "string",
      valueHint: "NAME",
      description: `starting point: ${Object.keys(PRESETS).join(", ")}`,
    },
    config: { type: "string", valueHint: "FILE", description: "YAML file with settings" },
    set: {
      type: "string",
      valueHint: "KEY=VALUE",
      description: "one setting, such as training.batchSize=32",
    },
    init: {
      type: "string",
      valueHint: "MODEL",
      description: "start from the parameters of this model, with its network",
    },
    resume: { type: "boolean", description: "go on with the run in --out, bit for bit" },
    "max-seconds": { type: "string", valueHint: "S", description: "save and stop after this much training" },
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
      command: "equimol train edm --data qm9 --preset qm9-small --out runs/qm9 --max-seconds 3600",
      does: "an hour on QM9",
    },
    {
      command: "equimol train edm --data mine --init qm9-small --out runs/mine",
      does: "the shipped model, trained further on data of your own",
    },
    { command: "equimol train edm --data qm9 --out runs/qm9 --resume", does: "go on where it stopped" },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const maxSeconds = numberOption("max-seconds", args["max-seconds"], { min: 0 });
    const resumed = args.resume ? configFileOf(args.out) : undefined;
    if (resumed !== undefined && !existsSync(resumed))
      throw new InputError("holds no run to resume; leave out --resume to start", { file: args.out });
    if (resumed !== undefined && args.preset !== undefined)
      throw new InputError("--preset starts a run; one that is resumed has its settings in its config.yaml");
    if (args.init !== undefined && args.resume)
      throw new InputError("--init starts a run, --resume goes on with one; give one of them");
    const init = args.init === undefined ? undefined : await loadEdm(findModel(args.init));
    const base = args.preset === undefined ? {} : preset(args.preset);
    const settings = readSettings(edmSettingsSchema, {
      base: init === undefined ? base : { ...base, ...architecture(init.config) },
      files: [resumed, args.config].filter((file) => file !== undefined),
      assignments: valuesOf(rawArgs, "set"),
    });
    const engineChoice = engineOptions(args);
    const data = await loadDataset(args.data);

    const abort = new AbortController();
    let signal: Signal | undefined;
    const release = onSignal((received) => {
      signal = received;
      output.log(`${received}: finishing the step and saving; once more to stop at once`);
      abort.abort();
    });
    let progress: Progress | undefined;
    let stepsBefore = 0;
    const outcome = await trainEdm({
      settings,
      data,
      out: args.out,
      resume: args.resume === true,
      ...(init && { init }),
      signal: abort.signal,
      ...(maxSeconds === undefined ? {} : { maxSeconds }),
      createEngine: (config) => createEngine(config, { ...engineChoice, onNotice: output.log }),
      onStart: (facts) => {
        output.log(
          `${facts.parameters.toLocaleString("en")} parameters, ${facts.train.toLocaleString("en")} molecules (${facts.valid.toLocaleString("en")} for validation), ${facts.steps.toLocaleString("en")} steps, engine ${facts.engine}`,
        );
        stepsBefore = facts.stepsBefore;
        progress = output.progress("training", facts.steps - stepsBefore);
      },
      onProgress: ({ step, epoch, loss, moleculesPerSecond }) =>
        progress?.update(
          step - stepsBefore,
          `epoch ${epoch}  loss ${loss.toFixed(4)}  ${moleculesPerSecond.toFixed(0)} molecules/s`,
        ),
      onMetrics: (line) => {
        const { validation } = line as { readonly validation?: Readonly<Record<string, number>> };
        if (validation === undefined) return;
        const figures = Object.entries(validation).map(
          ([name, value]) => `${name} ${Number(value.toPrecision(5))}`,
        );
        output.log(`step ${line.step} (epoch ${line.epoch}): ${figures.join("  ")}`);
      },
    }).finally(() => {
      progress?.done();
      release();
    });
    const { position, steps } = outcome;
    output.result({
      run: args.out,
      steps,
      epoch: position.epoch,
      molecules: position.molecules,
      seconds: position.seconds,
      bestLoss: position.best,
      finished: outcome.finished,
      interrupted: outcome.interrupted,
    });
    output.print(
      outcome.finished
        ? `Trained ${steps} steps (${position.molecules.toLocaleString("en")} molecules) in ${duration(position.seconds)}. Sample from it with: ${program()} sample --model ${quoted(args.out)} -n 100 --out molecules.sdf`
        : `Saved at step ${steps}. Go on with: ${program()} train edm --data ${quoted(args.data)} --out ${quoted(args.out)} --resume`,
    );
    return { exitCode: outcome.interrupted && signal !== undefined ? exitCodeOf(signal) : 0 };
  },
});

/** The settings that make a model's network. */
const architecture = ({ network, schedule, features }: EdmConfig): Settings => ({
  network,
  schedule,
  features,
});

function preset(name: string): (typeof PRESETS)[string]["settings"] {
  const found = PRESETS[name];
  if (found) return found.settings;
  const near = nearest(name, Object.keys(PRESETS));
  throw new InputError(
    `unknown preset "${name}"; ${near === undefined ? `known: ${Object.keys(PRESETS).join(", ")}` : `did you mean ${near}?`}`,
  );
}

export const train = defineVerb({
  meta: { name: "train", description: "Train a model." },
  subCommands: {
    edm: { summary: "equivariant diffusion of molecules", load: () => edm },
  },
});

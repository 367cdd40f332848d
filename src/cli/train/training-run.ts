/**
 * What `equimol train` is for every kind of model: the options, the settings from preset, file and --set, signals
 * that save before they end, progress, and the answer. A kind adds its data and its call of the library.
 */
import { existsSync } from "node:fs";
import type { ArgsDef } from "citty";
import type { z } from "zod";
import { InputError, nearest } from "../../errors.ts";
import { readSettings, type Settings } from "../../train/config-file.ts";
import type { TrainingEvents, TrainingOutcome } from "../../train/loop.ts";
import { configFileOf } from "../../train/run-folder.ts";
import type { TrainingStart } from "../../train/training.ts";
import { numberOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { duration, type Output, type Progress } from "../output.ts";
import { program, quoted } from "../program.ts";
import { exitCodeOf, onSignal, type Signal } from "../signals.ts";

export type Presets = Readonly<Record<string, { readonly description: string; readonly settings: Settings }>>;

/** Options of every kind of training; `set` belongs into the verb's `repeatable`. */
export const trainingArgs = {
  out: { type: "string", required: true, valueHint: "RUN", description: "folder of the run" },
  config: { type: "string", valueHint: "FILE", description: "YAML file with settings" },
  set: {
    type: "string",
    valueHint: "KEY=VALUE",
    description: "one setting, such as training.batchSize=32",
  },
  resume: { type: "boolean", description: "go on with the run in --out, bit for bit" },
  "max-seconds": { type: "string", valueHint: "S", description: "save and stop after this much training" },
} as const satisfies ArgsDef;

/** The option of a kind that has presets. */
export const presetArg = (presets: Presets) =>
  ({
    preset: {
      type: "string",
      valueHint: "NAME",
      description: `starting point: ${Object.keys(presets).join(", ")}`,
    },
  }) as const satisfies ArgsDef;

/** What citty read of `trainingArgs` and `presetArg`. */
export interface TrainingWords {
  readonly out: string;
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly "max-seconds"?: string | undefined;
}

/**
 * The settings of a run: the preset, or with --resume those of the run; then --config, then each --set.
 * @param base settings that go over the preset, such as those of a model to start from
 * @throws InputError for a setting, preset or combination that is wrong
 */
export function trainingSettings<S extends z.ZodType>(
  schema: S,
  args: TrainingWords,
  rawArgs: readonly string[],
  { presets = {}, base = {} }: { readonly presets?: Presets; readonly base?: Settings } = {},
): z.infer<S> {
  maxSecondsOf(args); // wrong words show before anything is loaded
  const resumed = args.resume ? configFileOf(args.out) : undefined;
  if (resumed !== undefined && !existsSync(resumed))
    throw new InputError("holds no run to resume; leave out --resume to start", { file: args.out });
  if (resumed !== undefined && args.preset !== undefined)
    throw new InputError("--preset starts a run; one that is resumed has its settings in its config.yaml");
  const start = args.preset === undefined ? {} : presetNamed(args.preset, presets);
  return readSettings(schema, {
    base: { ...start, ...base },
    files: [resumed, args.config].filter((file) => file !== undefined),
    assignments: valuesOf(rawArgs, "set"),
  });
}

const maxSecondsOf = (args: Pick<TrainingWords, "max-seconds">): number | undefined =>
  numberOption("max-seconds", args["max-seconds"], { min: 0 });

function presetNamed(name: string, presets: Presets): Settings {
  if (Object.hasOwn(presets, name)) return presets[name].settings;
  const near = nearest(name, Object.keys(presets));
  throw new InputError(
    `unknown preset "${name}"; ${near === undefined ? `known: ${Object.keys(presets).join(", ")}` : `did you mean ${near}?`}`,
  );
}

/** What a supervised run hands to the library. */
export type SupervisedEvents = TrainingEvents & { readonly onStart: (start: TrainingStart) => void };

/**
 * Runs the training under a progress bar; the first signal lets it finish its step and save.
 * @param items what the data consists of: "molecules"
 * @returns the outcome, and the code to exit with
 */
export async function superviseTraining(
  output: Output,
  args: Pick<TrainingWords, "max-seconds">,
  items: string,
  train: (events: SupervisedEvents) => Promise<TrainingOutcome>,
): Promise<{ readonly outcome: TrainingOutcome; readonly exitCode: number }> {
  const maxSeconds = maxSecondsOf(args);
  const abort = new AbortController();
  let signal: Signal | undefined;
  const release = onSignal((received) => {
    signal = received;
    output.log(`${received}: finishing the step and saving; once more to stop at once`);
    abort.abort();
  });
  let progress: Progress | undefined;
  let stepsBefore = 0;
  const events: SupervisedEvents = {
    signal: abort.signal,
    ...(maxSeconds === undefined ? {} : { maxSeconds }),
    onStart: (start) => {
      output.log(
        `${start.parameters.toLocaleString("en")} parameters, ${start.train.toLocaleString("en")} ${items} (${start.valid.toLocaleString("en")} for validation), ${start.steps.toLocaleString("en")} steps, engine ${start.engine}`,
      );
      stepsBefore = start.stepsBefore;
      progress = output.progress("training", start.steps - stepsBefore);
    },
    onProgress: ({ step, epoch, loss, moleculesPerSecond }) =>
      progress?.update(
        step - stepsBefore,
        `epoch ${epoch}  loss ${loss.toFixed(4)}  ${moleculesPerSecond.toFixed(0)} ${items}/s`,
      ),
    onMetrics: (line) => {
      const { validation } = line as { readonly validation?: Readonly<Record<string, number>> };
      if (validation === undefined) return;
      const figures = Object.entries(validation).map(
        ([name, value]) => `${name} ${Number(value.toPrecision(5))}`,
      );
      output.log(`step ${line.step} (epoch ${line.epoch}): ${figures.join("  ")}`);
    },
  };
  const outcome = await train(events).finally(() => {
    progress?.done();
    release();
  });
  return { outcome, exitCode: outcome.interrupted && signal !== undefined ? exitCodeOf(signal) : 0 };
}

/** The answer to a program: one object, with what the kind adds to it. */
export const trainingResult = (
  { out }: Pick<TrainingWords, "out">,
  { position, steps, finished, interrupted }: TrainingOutcome,
) => ({
  run: out,
  steps,
  epoch: position.epoch,
  molecules: position.molecules,
  seconds: position.seconds,
  bestLoss: position.best,
  finished,
  interrupted,
});

/**
 * The answer to a person: what was trained and what to do next.
 * @param next sentence that says what can be done with the model
 * @param again command that trains, up to its --out: `train edm --data qm9`
 */
export function trainingSummary(
  { out }: Pick<TrainingWords, "out">,
  { position, steps, finished }: TrainingOutcome,
  { items, next, again }: { readonly items: string; readonly next: string; readonly again: string },
): string {
  if (!finished)
    return `Saved at step ${steps}. Go on with: ${program()} ${again} --out ${quoted(out)} --resume`;
  return `Trained ${steps} steps (${position.molecules.toLocaleString("en")} ${items}) in ${duration(position.seconds)}. ${next}`;
}

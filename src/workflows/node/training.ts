/**
 * What training is for every kind of model: settings from preset, file and single values, events, and the report. The
 * first abort of the signal lets the step finish and saves; the report then says that it was interrupted.
 */
import { existsSync } from "node:fs";
import type { z } from "zod";
import { InputError, type Named, nearest } from "../../errors.ts";
import { readText } from "../../platform/node/file-bytes.ts";
import { type ConfigText, readSettings, type Settings } from "../../train/config-file.ts";
import type { TrainingEvents, TrainingOutcome } from "../../train/loop.ts";
import { configFileOf } from "../../train/run-folder.ts";
import type { TrainingStart } from "../../train/training.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

export type Presets = Readonly<Record<string, { readonly description: string; readonly settings: Settings }>>;

/** What every training takes: folder, settings, an end. */
export interface TrainingOptions extends WorkflowOptions {
  /** Folder of the run. */
  readonly out: string;
  /** Go on with the run in `out`, bit for bit. */
  readonly resume?: boolean | undefined;
  /** Starting point, by name. */
  readonly preset?: string | undefined;
  /** YAML file with settings, which go over the preset's. */
  readonly config?: string | undefined;
  /** Settings that go over all others: an object such as { training: { batchSize: 32 } }, or "training.batchSize=32". */
  readonly set?: readonly (string | Settings)[] | undefined;
  /** Save and stop after so many seconds of training. */
  readonly maxSeconds?: number | undefined;
}

/** How far a training came. */
export interface TrainingReport {
  readonly run: string;
  readonly steps: number;
  readonly epoch: number;
  /** Items seen. */
  readonly molecules: number;
  /** Of training, over all sittings. */
  readonly seconds: number;
  /** Smallest validation loss so far. */
  readonly bestLoss: number | null;
  readonly finished: boolean;
  readonly interrupted: boolean;
}

/**
 * The settings of a run: the preset, or those of the run that is resumed; then the file, then each of `set`.
 * @param base settings that go over the preset, such as those of a model to start from
 * @throws InputError for a setting, preset or combination that is wrong
 */
export async function trainingSettings<S extends z.ZodType>(
  schema: S,
  options: TrainingOptions,
  { presets = {}, base = {} }: { readonly presets?: Presets; readonly base?: Settings } = {},
): Promise<z.infer<S>> {
  const { out, resume, preset, config, set } = options;
  const { named } = reporterOf(options);
  const resumed = resume ? configFileOf(out) : undefined;
  if (resumed !== undefined && !existsSync(resumed))
    throw new InputError(`holds no run to resume; leave out ${named("resume")} to start`, { file: out });
  if (resumed !== undefined && preset !== undefined)
    throw new InputError(
      `${named("preset")} starts a run; one that is resumed has its settings in its config.yaml`,
    );
  const start = preset === undefined ? {} : presetNamed(preset, presets);
  const files: ConfigText[] = [];
  for (const file of [resumed, config])
    if (file !== undefined) files.push({ file, text: await textOf(file) });
  return readSettings(schema, {
    base: { ...start, ...base },
    files,
    assignments: set ?? [],
    named,
  });
}

const textOf = (file: string): Promise<string> =>
  readText(file).catch((error: unknown) => {
    const message = error instanceof InputError ? error.message.slice(file.length + 2) : String(error);
    throw new InputError(`cannot be read: ${message}`, { file });
  });

function presetNamed(name: string, presets: Presets): Settings {
  if (Object.hasOwn(presets, name)) return presets[name].settings;
  const near = nearest(name, Object.keys(presets));
  throw new InputError(
    `unknown preset "${name}"; ${near === undefined ? `known: ${Object.keys(presets).join(", ")}` : `did you mean ${near}?`}`,
  );
}

/** @throws InputError where a run is both started and gone on with */
export function checkStart(options: TrainingOptions & { readonly init?: string | undefined }): void {
  const { named } = reporterOf(options);
  if (options.init !== undefined && options.resume)
    throw new InputError(
      `${named("init")} starts a run, ${named("resume")} goes on with one; give one of them`,
    );
}

/** What a training of the library is handed. */
export type Supervised = TrainingEvents & {
  readonly out: string;
  readonly resume: boolean;
  readonly onStart: (start: TrainingStart) => void;
  readonly onNotice: (text: string) => void;
  readonly named: Named;
};

/**
 * Runs a training and reports it as a workflow does.
 * @param items what the data consists of: "molecules"
 */
export async function supervised(
  options: TrainingOptions,
  items: string,
  train: (options: Supervised) => Promise<TrainingOutcome>,
): Promise<TrainingReport> {
  const { out, resume = false, signal, maxSeconds, onEvent } = options;
  const { notice, task, named } = reporterOf(options);
  let stepsBefore = 0;
  let report: ReturnType<typeof task> | undefined;
  const { position, steps, finished, interrupted } = await train({
    out,
    resume,
    ...(signal && { signal }),
    ...(maxSeconds !== undefined && { maxSeconds }),
    onNotice: notice,
    named,
    onStart: (start) => {
      notice(
        `${start.parameters.toLocaleString("en")} parameters, ${start.train.toLocaleString("en")} ${items} (${start.valid.toLocaleString("en")} for validation), ${start.steps.toLocaleString("en")} steps, engine ${start.engine}`,
      );
      stepsBefore = start.stepsBefore;
      report = task("training", start.steps - stepsBefore);
    },
    onProgress: ({ step, epoch, loss, moleculesPerSecond }) =>
      report?.(
        step - stepsBefore,
        `epoch ${epoch}  loss ${loss.toFixed(4)}  ${moleculesPerSecond.toFixed(0)} ${items}/s`,
      ),
    onMetrics: (line) => {
      onEvent?.({ kind: "metrics", values: line });
      const { validation } = line as { readonly validation?: Readonly<Record<string, number>> };
      if (validation === undefined) return;
      const figures = Object.entries(validation).map(
        ([name, value]) => `${name} ${Number(value.toPrecision(5))}`,
      );
      notice(`step ${line.step} (epoch ${line.epoch}): ${figures.join("  ")}`);
    },
  });
  return {
    run: out,
    steps,
    epoch: position.epoch,
    molecules: position.molecules,
    seconds: position.seconds,
    bestLoss: position.best,
    finished,
    interrupted,
  };
}

/** What `equimol train` is for every kind of model: options, a signal that saves before it ends, and the answer. */
import type { ArgsDef } from "citty";
import type { Presets, TrainingOptions, TrainingReport } from "../../workflows/node/training.ts";
import { followToSave } from "../follow.ts";
import { numberOption, readingOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { createOutput, duration, type OutputOptions } from "../output.ts";
import { program, quoted } from "../program.ts";
import { exitCodeOf } from "../signals.ts";

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
  ...readingOption,
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
  readonly config?: string | undefined;
  readonly preset?: string | undefined;
  readonly resume?: boolean | undefined;
  readonly "max-seconds"?: string | undefined;
}

/** The words that every kind has, as options. */
export const trainingOptions = <Out extends string | undefined>(
  { out, config, preset, resume, "max-seconds": maxSeconds }: TrainingWords & { readonly out: Out },
  rawArgs: readonly string[],
): Omit<TrainingOptions, "out"> & { readonly out: Out } => ({
  out,
  config,
  preset,
  resume,
  set: valuesOf(rawArgs, "set"),
  maxSeconds: numberOption("max-seconds", maxSeconds, { min: 0 }),
});

/** What is said when a training has ended. */
export interface TrainingWording {
  /** What the data consists of: "molecules". */
  readonly items: string;
  /** What can be done with the model. */
  readonly next: string;
  /** Command that trains, up to its --out: `train edm --data qm9`. */
  readonly again: string;
}

/**
 * Trains under a progress bar, and answers; the first signal lets the training finish its step and save.
 * @param more what is said after the training besides, of a kind whose report has more
 */
export async function runTraining<R extends TrainingReport>(
  args: OutputOptions,
  wording: TrainingWording | ((report: R) => TrainingWording),
  train: (events: Pick<TrainingOptions, "onEvent" | "named" | "signal" | "strict">) => Promise<R>,
  more: (report: R) => string[] = () => [],
): Promise<{ readonly exitCode: number }> {
  const output = createOutput(args);
  const { report, received } = await followToSave(output, "finishing the step and saving", train);
  output.result(report);
  const words = typeof wording === "function" ? wording(report) : wording;
  output.print([trainingSummary(report, words), ...more(report)].join("\n"));
  return { exitCode: report.interrupted && received !== undefined ? exitCodeOf(received) : 0 };
}

/** The answer to a person: what was trained and what to do next. */
function trainingSummary(
  { run, steps, molecules, seconds, finished }: TrainingReport,
  { items, next, again }: TrainingWording,
): string {
  if (!finished)
    return `Saved at step ${steps}. Go on with: ${program()} ${again} --out ${quoted(run)} --resume`;
  return `Trained ${steps} steps (${molecules.toLocaleString("en")} ${items}) in ${duration(seconds)}. ${next}`;
}

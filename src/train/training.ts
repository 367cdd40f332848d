/**
 * A run of any kind of model: opens its folder, goes on from its state where it is resumed, and hands the task to
 * the loop. A kind brings its task and the writing of its model folder.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { type TrainingEvents, type TrainingOutcome, type TrainingTask, trainingLoop } from "./loop.ts";
import { hasState, lastCheckpointOf, type ModelWriter, openRunFolder, type RunFolder } from "./run-folder.ts";
import type { TrainingConfig } from "./schema.ts";

/** What is known when training starts. */
export interface TrainingStart {
  readonly parameters: number;
  /** Items of the training data, and of those held out. */
  readonly train: number;
  readonly valid: number;
  /** What computes: "native", "jax (wasm)". */
  readonly engine: string;
  /** Steps of the whole run, and those that were done before it was resumed. */
  readonly steps: number;
  readonly stepsBefore: number;
}

/** The data that a run belongs to. */
export interface DataIdentity {
  readonly name: string;
  readonly sha256: string;
}

export interface TrainingRun extends TrainingEvents {
  /** Folder of the run. */
  readonly out: string;
  readonly resume?: boolean;
  /** All settings, as they are kept in config.yaml. */
  readonly settings: { readonly training: TrainingConfig };
  readonly data: DataIdentity;
  readonly facts: Omit<TrainingStart, "steps" | "stepsBefore">;
  /** Writes a model folder; its config.json has `provenance.data` with the data's identity. */
  readonly writeModel: ModelWriter;
  readonly task: (run: RunFolder) => TrainingTask | Promise<TrainingTask>;
  readonly onStart?: (start: TrainingStart) => void;
}

/** @throws InputError for a folder or data that do not fit, WorkError when training breaks off */
export async function runTraining(options: TrainingRun): Promise<TrainingOutcome> {
  const { out, resume = false, settings, facts } = options;
  const run = await openRunFolder(out, resume, settings, options.writeModel);
  if (resume) await checkSameData(out, options.data);
  const state = resume ? await run.loadState(facts.parameters) : undefined;
  const task = await options.task(run);
  options.onStart?.({
    ...facts,
    steps: settings.training.steps ?? task.batches(0).length * settings.training.epochs,
    stepsBefore: state?.optimizer.steps ?? 0,
  });
  return trainingLoop(task, settings.training, run, state, options).catch((error: unknown) => {
    if (!(error instanceof InputError) || !hasState(out)) throw error;
    throw new InputError(`${error.message}; then go on with --resume: the last checkpoint is intact`);
  });
}

/** A run goes on with the data it began with. */
async function checkSameData(run: string, data: DataIdentity): Promise<void> {
  const file = join(lastCheckpointOf(run), "config.json");
  if (!existsSync(file)) return; // it ended before its first checkpoint was whole
  const { provenance } = JSON.parse(await readFile(file, "utf8")) as {
    readonly provenance?: { readonly data?: Partial<DataIdentity> };
  };
  const { name, sha256 } = provenance?.data ?? {};
  if (sha256 === undefined || sha256 === data.sha256) return;
  throw new InputError(
    `the run was trained on "${name}" (sha256 ${sha256.slice(0, 12)}…), not on this "${data.name}" (${data.sha256.slice(0, 12)}…); give --resume the same --data`,
  );
}

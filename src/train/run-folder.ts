/**
 * The folder of a training run: `config.yaml` (resolved), `metrics.jsonl`, `checkpoints/last` and
 * `checkpoints/best` (model folders; `last` also holds the state to resume from), `samples/`. One process at a time
 * trains in it: it holds `.lock`.
 */
import { existsSync } from "node:fs";
import { appendFile, readFile, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { InputError, ownName } from "../errors.ts";
import { writeFileAtomically } from "../platform/node/atomic-write.ts";
import { readError } from "../platform/node/file-bytes.ts";
import { takeLock } from "../platform/node/lock.ts";
import { sweep } from "../platform/node/sweep.ts";
import { makeFolder, writing } from "../platform/node/write-problem.ts";
import type { Settings } from "./config-file.ts";
import { type RunPosition, readState, type TrainingState, writeState } from "./state-file.ts";

/** One line of metrics.jsonl. */
export interface MetricsLine {
  readonly step: number;
  readonly epoch: number;
  readonly seconds: number;
  readonly molecules: number;
  /** Mean over the steps since the last line; of the last line where there are none, null before any. */
  readonly loss: number | null;
  readonly [figure: string]: unknown;
}

/** Writes a folder that the model can be loaded from. */
export type ModelWriter = (
  folder: string,
  parameters: Float32Array,
  progress: Readonly<Record<string, number>>,
) => Promise<void>;

/** A run on the disk. */
export interface RunFolder {
  readonly path: string;
  /** Folder of what is generated along the way. */
  readonly samples: string;
  /** Replaces the checkpoint to resume from, and its model. */
  readonly saveState: (state: TrainingState) => Promise<void>;
  /** Replaces the best model so far. */
  readonly saveBest: (parameters: Float32Array, position: RunPosition, steps: number) => Promise<void>;
  /** Keeps what is known of a step that failed. @returns the file */
  readonly saveFailure: (facts: Readonly<Record<string, unknown>>) => Promise<string>;
  /** Adds a line to metrics.jsonl. */
  readonly appendMetrics: (line: MetricsLine) => Promise<void>;
  /** The state to go on from; metrics of steps after it are dropped. */
  readonly loadState: (parameterCount: number) => Promise<TrainingState>;
  /** Lets other processes train in it. */
  readonly close: () => void;
}

export const configFileOf = (path: string): string => join(path, "config.yaml");
export const lastCheckpointOf = (path: string): string => join(path, "checkpoints", "last");
const stateFileOf = (path: string): string => join(lastCheckpointOf(path), "state.safetensors");

/** The state to go on from. @throws InputError when it is damaged or of another network */
export const stateOfRun = (path: string, parameterCount: number): Promise<TrainingState> =>
  readState(stateFileOf(path), parameterCount);

/** Whether there is something to resume. */
export const hasState = (path: string): boolean => existsSync(stateFileOf(path));

/**
 * Opens the folder of a run, to be closed again, and clears away what a killed process left in it.
 * @throws InputError when a new run's folder holds a run, the run to resume has no checkpoint, or another process
 * trains in it
 */
export async function openRunFolder(
  path: string,
  resume: boolean,
  settings: Settings,
  writeModel: ModelWriter,
  named = ownName,
): Promise<RunFolder> {
  if (resume && !hasState(path)) {
    throw new InputError(`has no checkpoint to resume from; leave out ${named("resume")} to start`, {
      file: path,
    });
  }
  if (!existsSync(path)) await makeFolder(path);
  const release = await takeLock(join(path, ".lock"), path);
  try {
    if (!resume && hasState(path)) {
      throw new InputError(
        `holds a run already; use ${named("resume")} to go on with it, or another ${named("out")}`,
        { file: path },
      );
    }
    await sweep(path, { below: true });
    return { ...(await lockedRun(path, resume, settings, writeModel)), close: release };
  } catch (error) {
    release();
    throw error;
  }
}

async function lockedRun(
  path: string,
  resume: boolean,
  settings: Settings,
  writeModel: ModelWriter,
): Promise<Omit<RunFolder, "close">> {
  const metrics = join(path, "metrics.jsonl");
  for (const folder of ["checkpoints/last", "checkpoints/best", "samples"])
    await makeFolder(join(path, folder));
  const writeSettings = (): Promise<void> => writeFileAtomically(configFileOf(path), stringify(settings));
  if (!resume) {
    await writeSettings();
    await writeFileAtomically(metrics, "");
  }
  const progress = (position: RunPosition, steps: number): Record<string, number> => ({
    steps,
    epochs: position.epoch,
    molecules: position.molecules,
    seconds: Math.round(position.seconds),
  });
  return {
    path,
    samples: join(path, "samples"),
    saveState: async (state) => {
      await writeState(stateFileOf(path), state);
      await writeModel(
        lastCheckpointOf(path),
        state.optimizer.ema,
        progress(state.position, state.optimizer.steps),
      );
    },
    saveBest: (parameters, position, steps) =>
      writeModel(join(path, "checkpoints", "best"), parameters, progress(position, steps)),
    saveFailure: async (facts) => {
      const file = join(path, "failure.json");
      await writeFileAtomically(file, `${JSON.stringify(facts, null, 2)}\n`);
      return file;
    },
    appendMetrics: (line) => appendLine(metrics, JSON.stringify(line)),
    loadState: async (parameterCount) => {
      const state = await stateOfRun(path, parameterCount);
      await writeSettings();
      await dropLaterMetrics(metrics, state.optimizer.steps);
      return state;
    },
  };
}

/** Adds a line to a file; on a full disk none of it. */
async function appendLine(file: string, line: string): Promise<void> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0;
  try {
    await writing(file, () => appendFile(file, `${line}\n`));
  } catch (error) {
    await truncate(file, size).catch(() => undefined);
    throw error;
  }
}

/** Removes the lines that were written after the checkpoint: their steps are done again. */
async function dropLaterMetrics(file: string, steps: number): Promise<void> {
  if (!existsSync(file)) return;
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw readError(error, file);
  });
  const lines = text.split("\n").filter((line) => line !== "");
  const kept = lines.filter((line) => {
    try {
      return (JSON.parse(line) as MetricsLine).step <= steps;
    } catch {
      return false; // a line cut short by a crash
    }
  });
  await writeFileAtomically(file, kept.map((line) => `${line}\n`).join(""));
}

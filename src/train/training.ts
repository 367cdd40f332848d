/**
 * A run of any kind of model: opens its folder, goes on from its state where it is resumed, hands the task to the loop
 * and writes model folders with their cards. A kind brings what it is and its task. With several ranks the first writes.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { loadNativeUpdater } from "../engines/egnn/native.ts";
import type { EngineOptions } from "../engines/open-engine.ts";
import { InputError, type Named, ownName } from "../errors.ts";
import type { EdmConfig } from "../models/edm/config.ts";
import { configOf } from "../models/model-bytes.ts";
import { writeFileAtomically } from "../platform/node/atomic-write.ts";
import { readText } from "../platform/node/file-bytes.ts";
import { packageVersion } from "../platform/node/version.ts";
import { threadCount } from "../platform/worker-shim.ts";
import { alone } from "./communicator.ts";
import { type TrainingEvents, type TrainingOutcome, type TrainingTask, trainingLoop } from "./loop.ts";
import { hasState, lastCheckpointOf, openRunFolder, type RunFolder, stateOfRun } from "./run-folder.ts";
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

/** What the training of every kind of model takes; the engine's options say what computes, and who is told. */
export interface TrainOptions<S> extends TrainingEvents, EngineOptions {
  /** All settings, as they are kept in config.yaml. */
  readonly settings: S;
  /** Folder of the run. */
  readonly out: string;
  /** Goes on with the run in the folder, bit for bit. */
  readonly resume?: boolean;
  /** Told once, before the first step. */
  readonly onStart?: (start: TrainingStart) => void;
}

type Facts = Readonly<Record<string, unknown>>;

/** What a kind of model brings to its run. */
export interface TrainedKind extends Omit<TrainingStart, "steps" | "stepsBefore"> {
  /** The data that the run belongs to, as config.json tells it. */
  readonly data: { readonly name: string; readonly sha256: string } & Facts;
  /** What config.json tells besides the data, the engine and how far training has come. */
  readonly provenance?: Facts;
  /** Head line of the model's card, and a sentence behind the number of parameters. */
  readonly title: string;
  readonly about: string;
  /** Updates are computed by native code where it was built. */
  readonly nativeUpdates?: boolean;
  /** Writes `config.json` with this provenance, and the parameters. */
  readonly save: (
    folder: string,
    provenance: EdmConfig["provenance"],
    parameters: Float32Array,
  ) => Promise<void>;
  /** @param run where the task may leave files; undefined on a rank that writes nothing */
  readonly task: (run: RunFolder | undefined) => TrainingTask | Promise<TrainingTask>;
}

/** @throws InputError for a folder or data that do not fit, WorkError when training breaks off */
export async function runTraining(
  options: TrainOptions<{ readonly training: TrainingConfig }>,
  kind: TrainedKind,
): Promise<TrainingOutcome> {
  const { communicator = alone } = options;
  try {
    checkSize(kind.parameters);
    return await runOfRank(options, kind);
  } catch (error) {
    communicator.abort(error);
    throw error;
  }
}

/** The optimiser keeps five arrays of as many numbers. */
const MOST_PARAMETERS = 2 ** 28;

function checkSize(parameters: number): void {
  if (parameters > MOST_PARAMETERS)
    throw new InputError(
      `the network would have ${parameters.toLocaleString("en")} parameters; at most ${MOST_PARAMETERS.toLocaleString("en")} are trained here. Give it fewer layers, or fewer hidden units`,
    );
}

async function runOfRank(
  options: TrainOptions<{ readonly training: TrainingConfig }>,
  kind: TrainedKind,
): Promise<TrainingOutcome> {
  const { out, resume = false, settings, communicator = alone, named } = options;
  const run =
    communicator.rank === 0
      ? await openRunFolder(out, resume, settings, modelWriter(kind), named)
      : undefined;
  try {
    return await runIn(run, options, kind);
  } finally {
    run?.close();
  }
}

async function runIn(
  run: RunFolder | undefined,
  options: TrainOptions<{ readonly training: TrainingConfig }>,
  kind: TrainedKind,
): Promise<TrainingOutcome> {
  const { out, resume = false, settings, communicator = alone, named = ownName } = options;
  const { parameters, train, valid, engine } = kind;
  const leads = communicator.rank === 0;
  await communicator.barrier();
  if (resume) await checkSameData(out, kind.data, named);
  const state = resume ? await (run?.loadState(parameters) ?? stateOfRun(out, parameters)) : undefined;
  const task = await kind.task(run);
  const native = kind.nativeUpdates ? loadNativeUpdater({ threads: threadCount() }) : undefined;
  try {
    if (leads)
      options.onStart?.({
        parameters,
        train,
        valid,
        engine,
        steps: settings.training.steps ?? task.batches(0).length * settings.training.epochs,
        stepsBefore: state?.optimizer.steps ?? 0,
      });
    const updating = native ? { ...task, updater: native.updater } : task;
    const outcome = await trainingLoop(updating, settings.training, run, state, options);
    await communicator.barrier(); // what the first rank has written is there for all
    return outcome;
  } catch (error) {
    if (!(error instanceof InputError) || !hasState(out)) throw error;
    throw new InputError(
      `${error.message}; then go on with ${named("resume")}: the last checkpoint is intact`,
    );
  } finally {
    task.dispose?.();
    native?.dispose();
  }
}

/** Writes the model with a card that says what is known while training goes on. */
const modelWriter =
  (kind: TrainedKind) =>
  async (folder: string, values: Float32Array, progress: Facts): Promise<void> => {
    const { parameters, data, engine, title, about, save } = kind;
    const facts = { equimol: packageVersion(), data, ...kind.provenance, engine, ...progress };
    await save(folder, JSON.parse(JSON.stringify(facts)), values);
    const card = [
      `# ${title}`,
      "",
      `${parameters.toLocaleString("en")} parameters; ${about}.`,
      "",
      "| | |",
      "|---|---|",
      ...["steps", "epochs", "molecules", "seconds", "engine", "equimol"].map(
        (key) => `| ${key} | ${String((facts as Facts)[key])} |`,
      ),
      "",
    ];
    await writeFileAtomically(join(folder, "README.md"), card.join("\n"));
  };

const provenanceSchema = z.object({
  provenance: z.object({ data: z.object({ name: z.string(), sha256: z.string() }).partial() }),
});

const dataOfModel = (config: unknown): { readonly name?: string; readonly sha256?: string } =>
  provenanceSchema.safeParse(config).data?.provenance.data ?? {};

/** A run goes on with the data it began with. */
async function checkSameData(run: string, data: TrainedKind["data"], named: Named): Promise<void> {
  const file = join(lastCheckpointOf(run), "config.json");
  if (!existsSync(file)) return; // it ended before its first checkpoint was whole
  const { name, sha256 } = dataOfModel(configOf(await readText(file), file));
  if (sha256 === undefined || sha256 === data.sha256) return;
  throw new InputError(
    `the run was trained on "${name}" (sha256 ${sha256.slice(0, 12)}…), not on this "${data.name}" (${data.sha256.slice(0, 12)}…); give ${named("resume")} the same ${named("data")}`,
  );
}

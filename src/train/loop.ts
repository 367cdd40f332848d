/**
 * One training loop for every model: epochs of batches, optimiser, moving average, clipping, validation, checkpoints.
 * What is trained is a `TrainingTask`; where the run is kept is a `RunFolder`.
 */

import type { MatrixBlock, ParameterUpdater } from "../engines/update.ts";
import { type Named, ownName, WorkError } from "../errors.ts";
import { type BatchShare, batchShare } from "./batch-share.ts";
import { createClipQueue, gradientScale } from "./clipping.ts";
import { alone, type Communicator, type Gather, gathering } from "./communicator.ts";
import { createOptimizerState, optimizerStep, plainUpdater } from "./optimizer.ts";
import type { MetricsLine, RunFolder } from "./run-folder.ts";
import { learningRateAt, optimizerOptions, type TrainingConfig } from "./schema.ts";
import type { RunPosition, TrainingState } from "./state-file.ts";

/** A model with its data. */
export interface TrainingTask {
  readonly initialParameters: Float32Array;
  /** Matrices of the parameters that Muon may take; none when absent. */
  readonly matrices?: readonly MatrixBlock[];
  /** Carries out the updates; plain JavaScript when absent. */
  readonly updater?: ParameterUpdater;
  /** Training items of each batch of an epoch, a function of seed and epoch alone. */
  readonly batches: (epoch: number) => readonly Uint32Array[];
  /**
   * Loss of each item of the share; ∂(their mean)/∂parameters replaces the contents of `gradient`. What is random about
   * an item is a function of seed, item and its place in the batch.
   */
  readonly lossAndGradient: (
    parameters: Float32Array,
    share: BatchShare,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
  /** Throws where the losses of a whole batch say that the model is lost. */
  readonly checkLosses?: (losses: Float64Array) => void;
  /**
   * Figures of the averaged parameters; `loss` decides which checkpoint is the best. Every rank measures a share through
   * `gather`, which ends a measuring that throws once the signal has come.
   */
  readonly validate: (parameters: Float32Array, validation: Validation) => Promise<ValidationFigures>;
  /** Frees what the task holds. */
  readonly dispose?: () => void;
}

/** What a task is told when it measures. */
export interface Validation {
  readonly step: number;
  readonly gather: Gather;
  readonly signal?: AbortSignal | undefined;
}

/** What it found; `loss` decides which checkpoint is the best. */
export type ValidationFigures = Readonly<Record<string, number>> & { readonly loss: number };

/** What a run tells and is told. With several ranks the first alone reports. */
export interface TrainingEvents {
  /** Told after each step. */
  readonly onProgress?: (progress: TrainingProgress) => void;
  /** Told of each line of metrics.jsonl. */
  readonly onMetrics?: (line: MetricsLine) => void;
  /** Asks the loop to finish its step, save and return; one rank's is enough. */
  readonly signal?: AbortSignal;
  /** Training seconds after which the run saves and returns. */
  readonly maxSeconds?: number;
  /** What these seconds are counted with; wall time where absent. */
  readonly clock?: () => number;
  /** How options are written in messages; by their own names where absent. */
  readonly named?: Named;
  /** The ranks that train together; this one is alone where absent. */
  readonly communicator?: Communicator;
}

/** How far a training is. */
export interface TrainingProgress {
  readonly step: number;
  readonly totalSteps: number;
  readonly epoch: number;
  readonly loss: number;
  readonly moleculesPerSecond: number;
}

/** How a training ended. */
export interface TrainingOutcome {
  readonly position: RunPosition;
  readonly steps: number;
  /** The last epoch is done. */
  readonly finished: boolean;
  /** The signal ended it. */
  readonly interrupted: boolean;
}

/** Everything of the optimiser that all ranks hold alike. */
const REPLICATED = ["parameters", "ema", "firstMoment", "secondMoment", "largestSecondMoment"] as const;

/**
 * Loss of each item of a batch, on every rank; ∂(their mean)/∂parameters replaces the contents of `gradient`. [total]
 * @param gradient summed over the ranks, each with the weight of its share
 */
export async function batchLossAndGradient(
  task: Pick<TrainingTask, "lossAndGradient">,
  parameters: Float32Array,
  share: BatchShare,
  gradient: Float32Array,
  communicator: Communicator,
): Promise<Float64Array> {
  const { items, first, total } = share;
  if (items.length === total && communicator.size === 1)
    return task.lossAndGradient(parameters, share, gradient);
  const losses = new Float64Array(total);
  if (items.length === 0) gradient.fill(0);
  else losses.set(await task.lossAndGradient(parameters, share, gradient), first);
  const weight = items.length / total;
  for (let i = 0; i < gradient.length; i++) gradient[i] *= weight;
  await communicator.allReduce(gradient);
  await communicator.allReduce(losses);
  return losses;
}

/**
 * Trains until the last epoch, the time limit or the signal; begins where `start` left off.
 * @param run folder that the first rank writes; undefined on the others
 */
export async function trainingLoop(
  task: TrainingTask,
  config: TrainingConfig,
  run: RunFolder | undefined,
  start: TrainingState | undefined,
  events: TrainingEvents = {},
): Promise<TrainingOutcome> {
  const options = optimizerOptions(config);
  const { communicator = alone, signal, named = ownName } = events;
  const leads = communicator.rank === 0;
  const { updater = plainUpdater, matrices = [] } = task;
  const optimizer = start?.optimizer ?? createOptimizerState(task.initialParameters, options);
  const clipQueue = start?.clipQueue ?? createClipQueue();
  let position: RunPosition = start?.position ?? {
    epoch: 0,
    batch: 0,
    molecules: 0,
    seconds: 0,
    best: null,
    validated: 0,
  };
  const gradient = new Float32Array(optimizer.parameters.length);
  const totalSteps = config.steps ?? config.epochs * task.batches(0).length;
  const done = (): boolean =>
    config.steps === undefined ? position.epoch >= config.epochs : optimizer.steps >= config.steps;
  const began = performance.now();
  const secondsBefore = position.seconds;
  const moleculesBefore = position.molecules;
  const seconds = (): number => secondsBefore + (performance.now() - began) / 1000;
  let lastSave = seconds();
  let averageLoss = Number.NaN;
  let sinceLog = { loss: 0, steps: 0 };
  let lastLogged: number | null = null;

  let heard = performance.now();
  /** The signal came, on whichever rank, and all know it. */
  let interrupted = false;
  const { maxSeconds = Number.POSITIVE_INFINITY, clock = seconds } = events;
  const clockBegan = clock();
  const outOfTime = (): boolean => leads && clock() - clockBegan >= maxSeconds;
  /** Whether each is so on any of the ranks. */
  const onAnyRank = async (...facts: readonly boolean[]): Promise<readonly boolean[]> => {
    const counts = Float64Array.from(facts, Number);
    await communicator.allReduce(counts);
    return Array.from(counts, (count) => count > 0);
  };
  const gather = gathering(communicator, signal, () => {
    interrupted = true;
  });
  /** Machines that round differently do not drift apart. */
  const alike = async (): Promise<void> => {
    for (const name of REPLICATED) await communicator.broadcast(optimizer[name], 0);
  };
  const save = async (): Promise<void> => {
    position = { ...position, seconds: seconds() };
    await run?.saveState({ optimizer, clipQueue, position });
    lastSave = seconds();
  };
  /** Validates and saves; where the signal cuts it short, only saves. */
  const validate = async (): Promise<void> => {
    await alike();
    let validation: ValidationFigures;
    try {
      validation = await task.validate(optimizer.ema, { step: optimizer.steps, gather, signal });
    } catch (error) {
      if (!interrupted) throw error;
      return save();
    }
    await report({ validation });
    position = { ...position, validated: optimizer.steps };
    if (position.best === null || validation.loss < position.best) {
      position = { ...position, best: validation.loss };
      await run?.saveBest(optimizer.ema, { ...position, seconds: seconds() }, optimizer.steps);
    }
    await save();
  };
  const report = async (extra: Readonly<Record<string, unknown>>): Promise<void> => {
    if (!leads) return;
    if (sinceLog.steps > 0) lastLogged = sinceLog.loss / sinceLog.steps;
    const line: MetricsLine = {
      step: optimizer.steps,
      epoch: position.epoch,
      seconds: Math.round(seconds() * 1000) / 1000,
      molecules: position.molecules,
      loss: lastLogged,
      ...extra,
    };
    events.onMetrics?.(line);
    await run?.appendMetrics(line);
  };

  /** After every `validateEvery` steps, or after every epoch, and at the end. */
  const validationIsDue = (): boolean => {
    if (optimizer.steps === 0 || position.validated === optimizer.steps) return false;
    if (done()) return true;
    return config.validateEvery > 0 ? optimizer.steps % config.validateEvery === 0 : position.batch === 0;
  };
  const outcome = (finished: boolean): TrainingOutcome => ({
    position,
    steps: optimizer.steps,
    finished,
    interrupted: !finished && interrupted,
  });

  await alike();
  if (start === undefined) await save(); // A folder that cannot be written to shows now.
  if (validationIsDue()) await validate(); // Interrupted before it was done.
  while (!interrupted && !done()) {
    const batches = task.batches(position.epoch);
    while (position.batch < batches.length && !done()) {
      const batch = batches[position.batch];
      const learningRate = learningRateAt(config, optimizer.steps, totalSteps);
      const share = batchShare(position.epoch, position.batch, batch, communicator);
      const losses = await batchLossAndGradient(task, optimizer.parameters, share, gradient, communicator);
      task.checkLosses?.(losses);
      const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
      const norm = await updater.gradientNorm(gradient);
      if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
        const file = await run?.saveFailure({
          step: optimizer.steps,
          ...position,
          seed: config.seed,
          loss: String(loss),
          gradientNorm: String(norm),
          learningRate,
          batch: [...batch],
          losses: [...losses].map(String),
        });
        throw new WorkError(
          `step ${optimizer.steps}: the ${Number.isFinite(loss) ? "gradient" : "loss"} is not finite; the last checkpoint is intact, the batch is in ${file ?? "failure.json of the first rank's run"}. A lower training.learningRate or fixed training.clipping may help, with ${named("resume")}`,
        );
      }
      const scale = gradientScale(config.clipping, clipQueue, norm);
      await optimizerStep(updater, optimizer, gradient, learningRate, scale, options, matrices);
      position = { ...position, batch: position.batch + 1, molecules: position.molecules + batch.length };
      averageLoss = Number.isNaN(averageLoss) ? loss : 0.98 * averageLoss + 0.02 * loss;
      sinceLog = { loss: sinceLog.loss + loss, steps: sinceLog.steps + 1 };

      const moleculesPerSecond = (position.molecules - moleculesBefore) / (seconds() - secondsBefore);
      if (optimizer.steps % config.logEvery === 0) {
        await report({ gradientNorm: norm, clipped: scale < 1, learningRate, moleculesPerSecond });
        sinceLog = { loss: 0, steps: 0 };
      }
      if (leads)
        events.onProgress?.({
          step: optimizer.steps,
          totalSteps,
          epoch: position.epoch,
          loss: averageLoss,
          moleculesPerSecond,
        });

      if (performance.now() - heard > 100) {
        await new Promise(setImmediate); // an interruption is heard: engines may compute without ever waiting
        heard = performance.now();
      }
      const [stopped, late] = await onAnyRank(signal?.aborted ?? false, outOfTime());
      if (stopped) {
        interrupted = true;
        await save();
        return outcome(false);
      }
      if (late) {
        await validate();
        return outcome(false);
      }
      if (validationIsDue()) await validate();
      else if (seconds() - lastSave >= config.checkpointSeconds) await save();
      if (interrupted) return outcome(false);
    }
    if (position.batch === batches.length) position = { ...position, epoch: position.epoch + 1, batch: 0 };
    if (validationIsDue()) await validate();
    else if (done()) await save();
  }
  return outcome(!interrupted);
}

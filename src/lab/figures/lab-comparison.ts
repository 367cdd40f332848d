/** Trains models of the lab on one data set for the same time each, and measures them alike. */
import { join } from "node:path";
import { InputError, WorkError } from "../../errors.ts";
import { kernelLogDensity } from "../../evaluate/point-sets.ts";
import { findModel } from "../../models/edm/folder.ts";
import { mergeSettings } from "../../train/config-file.ts";
import type { LabData } from "../data/lab-data.ts";
import { rowLength } from "../data/lab-data.ts";
import { loadLabModel } from "../models/lab-folder.ts";
import type { LabModelKind } from "../models/lab-model.ts";
import { type LabSettings, labPreset, labSettingsSchema } from "../train/settings.ts";
import { trainLab } from "../train/train.ts";
import {
  evaluateLabModel,
  type LabEvaluation,
  type LabEvaluationOptions,
  meanAndError,
  wallClock,
} from "./lab-report.ts";

/** Data, time and kinds of a comparison. */
export interface ComparisonOptions extends LabEvaluationOptions {
  readonly data: LabData;
  readonly dataSettings: LabSettings["data"];
  /** Seconds of training of each model, counted with the clock. */
  readonly seconds: number;
  /** Folder of the runs, one for each kind. */
  readonly out: string;
  /** Told of each kind before it is trained. */
  readonly onKind?: (kind: LabModelKind) => void;
}

/** One model of a comparison: what it reached, or why it did not. */
export type ComparisonRow = { readonly model: string; readonly title: string } & (
  | {
      readonly parameters: number;
      readonly steps: number;
      readonly trainingSeconds: number;
      readonly evaluation: LabEvaluation;
      readonly samples: Float32Array;
    }
  /** Why there are no figures. */
  | { readonly problem: string }
);

/** Rows in the order of the kinds; a kind that cannot take the data, or diverges, says so. */
export async function* compareLab(
  kinds: readonly LabModelKind[],
  options: ComparisonOptions,
): AsyncGenerator<ComparisonRow> {
  for (const kind of kinds) {
    options.signal?.throwIfAborted();
    options.onKind?.(kind);
    try {
      yield await rowOf(kind, options);
    } catch (error) {
      if (!(error instanceof InputError || error instanceof WorkError)) throw error;
      yield { model: kind.name, title: kind.title, problem: error.message };
    }
  }
}

async function rowOf(kind: LabModelKind, options: ComparisonOptions): Promise<ComparisonRow> {
  const { data, seconds, out, clock = wallClock } = options;
  const base = labSettingsSchema(kind).parse(
    mergeSettings(labPreset(kind, data.name, data.shape.kind), { data: options.dataSettings }),
  );
  const train = (folder: string, settings: LabSettings, maxSeconds: number) => {
    const seen = { parameters: 0, perStep: Number.NaN };
    let first: { readonly step: number; readonly at: number } | undefined;
    const outcome = trainLab({
      model: kind.name,
      settings,
      data,
      out: join(out, folder),
      maxSeconds,
      clock,
      ...(options.signal && { signal: options.signal }),
      onStart: ({ parameters }) => {
        seen.parameters = parameters;
      },
      // The first step compiles.
      onProgress: ({ step }) => {
        const now = clock();
        if (first) seen.perStep = (now - first.at) / (step - first.step);
        else first = { step, at: now };
      },
    });
    return outcome.then((done) => ({ ...done, ...seen }));
  };
  const still = { ...base, training: { ...base.training, validateEvery: 1_000_000_000 } };
  /** As many epochs as fit into the time, so that the learning rate falls to the end within it: a short run tells. */
  const epochsThatFit = async (): Promise<number> => {
    const pilotSeconds = Math.max(1, seconds / 15);
    const pilot = await train(`pilot-${kind.name}`, still, pilotSeconds);
    const rows = data.train.length / rowLength(data.shape);
    const perEpoch = Math.floor(rows / Math.min(base.training.batchSize, rows));
    const perStep = Number.isNaN(pilot.perStep) ? pilotSeconds : pilot.perStep;
    return Math.max(1, Math.round((0.9 * seconds) / (perStep * perEpoch)));
  };
  const epochs = kind.fittedAtStart ? base.training.epochs : await epochsThatFit();
  options.signal?.throwIfAborted();
  const settings = { ...still, training: { ...still.training, epochs } };
  const began = clock();
  const outcome = await train(kind.name, settings, seconds);
  const trainingSeconds = clock() - began;
  options.signal?.throwIfAborted();
  const trained = await loadLabModel(findModel(join(out, kind.name)));
  const measured = await evaluateLabModel(trained.model, trained.parameters, data, options);
  trained.model.dispose?.();
  return {
    model: kind.name,
    title: kind.title,
    parameters: outcome.parameters,
    steps: outcome.steps,
    trainingSeconds,
    ...measured,
  };
}

/**
 * log p of test rows under the kernel density estimate of the training rows: what a density estimator without a model
 * reaches. The width is the best of a few on rows held out from the training rows.
 */
export function kernelBaseline(
  data: LabData,
  rows: number,
): { readonly mean: number; readonly sem: number; readonly width: number } {
  const D = rowLength(data.shape);
  const held = data.train.subarray(0, 300 * D);
  const rest = data.train.subarray(300 * D);
  const spread = Math.sqrt(data.train.reduce((sum, x) => sum + x * x, 0) / data.train.length);
  let best = { mean: -Infinity, width: Number.NaN };
  for (let k = 0; k < 8; k++) {
    const width = spread * 0.2 * 0.65 ** k;
    const { mean } = meanAndError(kernelLogDensity(rest, held, D, width));
    if (mean > best.mean) best = { mean, width };
  }
  const test = data.test.subarray(0, rows * D);
  return { ...meanAndError(kernelLogDensity(data.train, test, D, best.width)), width: best.width };
}

/** What a trained model of the lab is measured by: likelihood, distance of its samples to fresh data, and how long it takes. */

import { mmd, slicedWasserstein } from "../../evaluate/point-sets.ts";
import { breather } from "../../platform/breath.ts";
import { mixtureLogDensity } from "../data/gaussian-mixture.ts";
import { type LabData, rowLength } from "../data/lab-data.ts";
import type { LabModel } from "../models/lab-model.ts";

/** Likelihood and distances of a trained model, each with its counts. */
export interface LabEvaluation {
  /** log p of test rows in nats, in the unit of the data. */
  readonly logLikelihood?: {
    readonly kind: "exact" | "lower bound";
    readonly mean: number;
    readonly sem: number;
    readonly rows: number;
    /** The mean under the true distribution, where it is known: no model can have a higher one in expectation. */
    readonly truth?: number;
  };
  readonly slicedWasserstein: Distance;
  /** Of points. */
  readonly mmd?: Distance;
  readonly samples: number;
  readonly secondsPer10000Samples: number;
  readonly figures?: Readonly<Record<string, number>>;
}

/**
 * Distance of samples to test rows, beside that of rows of the data to the same test rows. One set of rows is not
 * enough for the latter: it differs by a factor of two from set to set.
 */
export interface Distance {
  readonly samples: number;
  /** Root mean square over `draws` sets of as many independent rows of the data. */
  readonly data: number;
  readonly draws: number;
  /** Smallest and largest of these: what may be expected of a perfect model. */
  readonly range: readonly [number, number];
  /** samples/data; 1 is perfect. */
  readonly ratio: number;
}

/** How many samples and rows are measured. */
export interface LabEvaluationOptions {
  readonly seed: number;
  /** Samples to draw, and test rows that they are compared with. */
  readonly samples: number;
  /** Test rows whose likelihood is computed. */
  readonly likelihoodRows: number;
  /** What seconds are counted with; wall time where absent. */
  readonly clock?: () => number;
  /** Aborted: rejects with its reason before the next measurement. */
  readonly signal?: AbortSignal | undefined;
}

type SetDistance = (a: Float32Array, b: Float32Array, dimension: number) => number;

/** Sets of data that the test rows are compared with. */
const DRAWS = 8;

/**
 * Up to `DRAWS` disjoint sets of n rows: new ones where the source can be drawn from, else training rows. They are
 * drawn at once and then cut: each draw of the moons is evenly spaced along them, as no sampler of a density is.
 */
function dataSets({ shape, train, draw }: LabData, n: number): readonly Float32Array[] {
  const size = n * rowLength(shape);
  const rows = draw?.(n * DRAWS, 0) ?? train;
  const sets = Math.min(DRAWS, Math.floor(rows.length / size));
  return Array.from({ length: sets }, (_, k) => rows.subarray(k * size, (k + 1) * size));
}

const yardsticks = new WeakMap<LabData, Map<SetDistance, { readonly n: number; readonly all: number[] }>>();

/** Distances of data to n test rows; the last are kept, for they are the same for every model. */
function dataDistances(data: LabData, n: number, of: SetDistance): readonly number[] {
  const kept = yardsticks.get(data) ?? new Map<SetDistance, { n: number; all: number[] }>();
  yardsticks.set(data, kept);
  const found = kept.get(of);
  if (found?.n === n) return found.all;
  const D = rowLength(data.shape);
  const all = dataSets(data, n).map((rows) => of(rows, data.test.subarray(0, n * D), D));
  kept.set(of, { n, all });
  return all;
}

function distanceOf(data: LabData, drawn: Float32Array, n: number, of: SetDistance): Distance {
  const D = rowLength(data.shape);
  const own = of(drawn, data.test.subarray(0, n * D), D);
  const distances = dataDistances(data, n, of);
  const rms = Math.sqrt(distances.reduce((sum, value) => sum + value * value, 0) / distances.length);
  return {
    samples: own,
    data: rms,
    draws: distances.length,
    range: [Math.min(...distances), Math.max(...distances)],
    ratio: own / rms,
  };
}

/** Seconds of wall time. */
export const wallClock = (): number => performance.now() / 1000;

/** The evaluation, and the samples that it is made of, in the model's own unit. */
export async function evaluateLabModel(
  model: LabModel,
  parameters: Float32Array,
  data: LabData,
  { seed, samples, likelihoodRows, clock = wallClock, signal }: LabEvaluationOptions,
): Promise<{ readonly evaluation: LabEvaluation; readonly samples: Float32Array }> {
  const D = rowLength(data.shape);
  const n = Math.min(samples, Math.floor(data.train.length / D), Math.floor(data.test.length / D));
  await model.sample(parameters, 1, seed); // compiled before the clock starts
  const heard = breather(signal);
  await heard();
  const began = clock();
  const drawn = await model.sample(parameters, n, seed);
  const seconds = clock() - began;
  await heard();
  const rows = data.test.subarray(0, Math.min(likelihoodRows, data.test.length / D) * D);
  const logs = await model.logLikelihood?.of(parameters, rows, seed);
  await heard();
  const figures = await model.figures?.(parameters, rows, seed);
  await heard();
  const shift = D * Math.log(data.standardisation?.scale ?? 1);
  return {
    samples: drawn,
    evaluation: {
      ...(logs &&
        model.logLikelihood && {
          logLikelihood: {
            kind: model.logLikelihood.kind,
            ...meanAndError(logs.map((value) => value - shift)),
            rows: logs.length,
            ...(data.mixture && { truth: meanAndError(mixtureLogDensity(data.mixture, rows)).mean }),
          },
        }),
      slicedWasserstein: distanceOf(data, drawn, n, slicedWasserstein),
      ...(data.shape.kind === "points" && { mmd: distanceOf(data, drawn, n, mmd) }),
      samples: n,
      secondsPer10000Samples: (seconds * 10_000) / n,
      ...(figures && { figures }),
    },
  };
}

/** Mean and its standard error. */
export function meanAndError(values: Float64Array): { readonly mean: number; readonly sem: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(n - 1, 1);
  return { mean, sem: Math.sqrt(variance / n) };
}

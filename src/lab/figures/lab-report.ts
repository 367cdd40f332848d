/** What a trained model of the lab is measured by: likelihood, distance of its samples to fresh data, and how long it takes. */

import { mmd, slicedWasserstein } from "../../evaluate/point-sets.ts";
import { mean, standardError } from "../../math/statistics.ts";
import { breather } from "../../platform/breath.ts";
import { mixtureLogDensity } from "../data/gaussian-mixture.ts";
import { type LabData, rowLength } from "../data/lab-data.ts";
import { type ImageJudge, type ImageJudgement, judged } from "../judge/judge.ts";
import type { LabModel } from "../models/lab-model.ts";
import { type Distance, distanceOf } from "./distance.ts";

export type { Distance } from "./distance.ts";

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
  /** Of images, by a classifier of the data. */
  readonly judgement?: ImageJudgement;
  readonly samples: number;
  readonly secondsPer10000Samples: number;
  readonly figures?: Readonly<Record<string, number>>;
}

/** How many samples and rows are measured. */
export interface LabEvaluationOptions {
  readonly seed: number;
  /** Samples to draw, and test rows that they are compared with. */
  readonly samples: number;
  /** Test rows whose likelihood is computed. */
  readonly likelihoodRows: number;
  /** What says whether images are of the data's classes. */
  readonly judge?: ImageJudge | undefined;
  /** What seconds are counted with; wall time where absent. */
  readonly clock?: () => number;
  /** Aborted: rejects with its reason before the next measurement. */
  readonly signal?: AbortSignal | undefined;
}

/** Seconds of wall time. */
export const wallClock = (): number => performance.now() / 1000;

/** The evaluation, and the samples that it is made of, in the model's own unit. */
export async function evaluateLabModel(
  model: LabModel,
  parameters: Float32Array,
  data: LabData,
  { seed, samples, likelihoodRows, judge, clock = wallClock, signal }: LabEvaluationOptions,
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
      slicedWasserstein: await distanceOf(data, drawn, slicedWasserstein),
      ...(data.shape.kind === "points" && { mmd: await distanceOf(data, drawn, mmd) }),
      ...(judge && { judgement: await judged(judge, data, drawn) }),
      samples: n,
      secondsPer10000Samples: (seconds * 10_000) / n,
      ...(figures && { figures }),
    },
  };
}

/** Mean and its standard error. */
export const meanAndError = (values: Float64Array): { readonly mean: number; readonly sem: number } => ({
  mean: mean(values),
  sem: standardError(values),
});

/** What a trained model of the lab is measured by: likelihood, distance of its samples to fresh data, and how long it takes. */

import { mixtureLogDensity } from "../data/lab/gaussian-mixture.ts";
import { type LabData, rowLength } from "../data/lab/lab-data.ts";
import type { LabModel } from "../models/lab/lab-model.ts";
import { slicedWasserstein, squaredMmd } from "./point-sets.ts";

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
  /** Distance of samples to test rows, and of training rows to the same test rows. */
  readonly slicedWasserstein: Distance;
  readonly squaredMmd?: Distance;
  readonly samples: number;
  readonly secondsPer10000Samples: number;
  readonly figures?: Readonly<Record<string, number>>;
}

export interface Distance {
  readonly samples: number;
  readonly data: number;
  /** samples/data; 1 is perfect. */
  readonly ratio: number;
}

export interface LabEvaluationOptions {
  readonly seed: number;
  /** Samples to draw, and test rows that they are compared with. */
  readonly samples: number;
  /** Test rows whose likelihood is computed. */
  readonly likelihoodRows: number;
}

/** The evaluation, and the samples that it is made of, in the model's own unit. */
export async function evaluateLabModel(
  model: LabModel,
  parameters: Float32Array,
  data: LabData,
  { seed, samples, likelihoodRows }: LabEvaluationOptions,
): Promise<{ readonly evaluation: LabEvaluation; readonly samples: Float32Array }> {
  const D = rowLength(data.shape);
  const n = Math.min(samples, Math.floor(data.train.length / D), Math.floor(data.test.length / D));
  await model.sample(parameters, 1, seed); // compiled before the clock starts
  const began = performance.now();
  const drawn = await model.sample(parameters, n, seed);
  const seconds = (performance.now() - began) / 1000;
  const test = data.test.subarray(0, n * D);
  const train = data.train.subarray(0, n * D);
  const distance = (of: (a: Float32Array, b: Float32Array, dimension: number) => number): Distance => {
    const [own, reference] = [of(drawn, test, D), of(train, test, D)];
    return { samples: own, data: reference, ratio: own / reference };
  };
  const rows = data.test.subarray(0, Math.min(likelihoodRows, data.test.length / D) * D);
  const logs = await model.logLikelihood?.of(parameters, rows, seed);
  const figures = await model.figures?.(parameters, rows, seed);
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
      slicedWasserstein: distance(slicedWasserstein),
      ...(data.shape.kind === "points" && { squaredMmd: distance(squaredMmd) }),
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

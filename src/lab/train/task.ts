/** A model of the lab with its data: what the training loop needs to know. */

import { WorkError } from "../../errors.ts";
import { permutation, type Stream, stream } from "../../math/random.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";
import type { TrainingTask } from "../../train/loop.ts";
import type { TrainingConfig } from "../../train/schema.ts";
import type { LabData } from "../data/lab-data.ts";
import { type Draw, type LabModel, rowLength } from "../models/lab-model.ts";

/** Rows that the loss of a validation is the mean of. */
const VALIDATED = 2048;

type Arrays = Record<string, np.Array>;

/** Compiled functions of the task are freed by `dispose`. */
export interface LabTask extends TrainingTask {
  readonly dispose: () => void;
}

export async function labTask(
  model: LabModel,
  data: Pick<LabData, "shape" | "train" | "test">,
  { seed, batchSize, epochs }: TrainingConfig,
): Promise<LabTask> {
  const { layout } = model;
  const D = rowLength(data.shape);
  const N = data.train.length / D;
  const B = Math.min(batchSize, N);
  const perEpoch = Math.floor(N / B);
  const totalBatches = epochs * perEpoch;

  // The mean alone: in jax-js 0.1.25 a gradient inside the loss cannot be differentiated where there is an aux output.
  const lossAndGradient = jax.jit(
    jax.valueAndGrad((parameters: ParameterTree, x: np.Array, draws: Arrays) =>
      model.loss(parameters, x, draws).mean(),
    ),
  );
  const lossOnly = jax.jit(model.loss);

  /** Rows are dropped that do not fill a batch, others in each epoch. */
  const batches = (epoch: number): readonly Uint32Array[] => {
    const order = permutation(N, stream({ seed, purpose: "batchOrder", index: epoch }));
    return Array.from({ length: perEpoch }, (_, b) => order.subarray(b * B, (b + 1) * B));
  };
  const rowsOf = (rows: Float32Array, indices: ArrayLike<number>): np.Array => {
    const chosen = new Float32Array(indices.length * D);
    for (let k = 0; k < indices.length; k++)
      chosen.set(rows.subarray(indices[k] * D, (indices[k] + 1) * D), k * D);
    return np.array(chosen, { shape: [indices.length, D] });
  };
  const drawn = (count: number, random: Stream, progress: number): Arrays =>
    deviceArrays(model.draws(count, random, progress));

  return {
    initialParameters: (await model.initialise?.(seed, data.train)) ?? initialParameters(layout, seed),
    batches,
    lossAndGradient: async (parameters, batch, epoch, gradient) => {
      // A batch is known by where it lies in the epoch's order.
      const b = batch.byteOffset / (B * Uint32Array.BYTES_PER_ELEMENT);
      const random = stream({ seed, purpose: "trainingNoise", index: epoch, step: b });
      const [value, gradients] = lossAndGradient(
        parameterTree(layout, parameters),
        rowsOf(data.train, batch),
        drawn(B, random, (epoch * perEpoch + b) / totalBatches),
      ) as unknown as [np.Array, ParameterTree];
      const [mean] = (await value.data()) as Float32Array;
      await readTree(layout, gradients, gradient);
      return new Float64Array(B).fill(mean);
    },
    validate: async (parameters, _, signal) => {
      const count = Math.min(VALIDATED, data.test.length / D);
      const size = Math.min(B, count);
      let sum = 0;
      let rows = 0;
      for (let first = 0; first + size <= count; first += size) {
        signal?.throwIfAborted();
        const random = stream({ seed, purpose: "validationNoise", index: first });
        const indices = Array.from({ length: size }, (_, k) => first + k);
        const losses = lossOnly(
          parameterTree(layout, parameters),
          rowsOf(data.test, indices),
          drawn(size, random, 1),
        );
        for (const loss of (await losses.data()) as Float32Array) sum += loss;
        rows += size;
      }
      if (!Number.isFinite(sum)) throw new WorkError("the loss on the test data is not finite");
      return { loss: sum / rows };
    },
    dispose: () => {
      lossAndGradient.dispose();
      lossOnly.dispose();
      model.dispose?.();
    },
  };
}

const deviceArrays = (draws: Readonly<Record<string, Draw>>): Arrays =>
  Object.fromEntries(
    Object.entries(draws).map(([name, { values, shape }]) => [name, np.array(values, { shape: [...shape] })]),
  );

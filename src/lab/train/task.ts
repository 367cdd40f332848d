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

type Arrays = Record<string, np.Array>;

/** Compiled functions of the task are freed by `dispose`. */
export async function labTask(
  model: LabModel,
  data: Pick<LabData, "shape" | "train" | "valid">,
  { seed, batchSize, epochs }: TrainingConfig,
): Promise<Required<Pick<TrainingTask, "dispose">> & TrainingTask> {
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
  const chosen = (rows: Float32Array, indices: ArrayLike<number>): Float32Array => {
    const out = new Float32Array(indices.length * D);
    for (let k = 0; k < indices.length; k++)
      out.set(rows.subarray(indices[k] * D, (indices[k] + 1) * D), k * D);
    return out;
  };
  /** What a batch of `count` rows draws, as far as it is that of the rows from `begin` on. */
  const drawn = (
    count: number,
    random: Stream,
    progress: number,
    begin = 0,
    rows = count,
  ): Record<string, Draw> =>
    Object.fromEntries(
      Object.entries(model.draws(count, random, progress)).map(([name, { values, shape }]) => {
        if (rows === count || shape[0] !== count) return [name, { values, shape }];
        const width = values.length / count;
        const own = values.slice(begin * width, (begin + rows) * width);
        return [name, { values: own, shape: [rows, ...shape.slice(1)] }];
      }),
    );
  const onDevice = (rows: Float32Array): np.Array => np.array(rows, { shape: [rows.length / D, D] });
  const drawsOnDevice = (draws: Record<string, Draw>): Arrays =>
    Object.fromEntries(
      Object.entries(draws).map(([name, { values, shape }]) => [
        name,
        np.array(values, { shape: [...shape] }),
      ]),
    );
  const { kernels } = model;
  const losses = async (
    parameters: Float32Array,
    rows: Float32Array,
    draws: Record<string, Draw>,
  ): Promise<Float64Array | Float32Array> => {
    if (kernels) return kernels.losses(parameters, rows, draws);
    const each = lossOnly(parameterTree(layout, parameters), onDevice(rows), drawsOnDevice(draws));
    return (await each.data()) as Float32Array;
  };

  return {
    initialParameters: (await model.initialise?.(seed, data.train)) ?? initialParameters(layout, seed),
    batches,
    lossAndGradient: async (parameters, { epoch, number, items, first, total }, gradient) => {
      const random = stream({ seed, purpose: "trainingNoise", index: epoch, step: number });
      const rows = chosen(data.train, items);
      const progress = (epoch * perEpoch + number) / totalBatches;
      const draws = drawn(total, random, progress, first, items.length);
      if (kernels) return kernels.lossAndGradient(parameters, rows, draws, gradient);
      const [value, gradients] = lossAndGradient(
        parameterTree(layout, parameters),
        onDevice(rows),
        drawsOnDevice(draws),
      ) as unknown as [np.Array, ParameterTree];
      const [mean] = (await value.data()) as Float32Array;
      await readTree(layout, gradients, gradient);
      return new Float64Array(items.length).fill(mean);
    },
    validate: async (parameters, { gather, signal }) => {
      const count = data.valid.length / D;
      const size = Math.min(B, count);
      const all = await gather(Math.floor(count / size), size, async (begin, end) => {
        const found = new Float64Array((end - begin) * size);
        for (let batch = begin; batch < end; batch++) {
          signal?.throwIfAborted();
          const first = batch * size;
          const random = stream({ seed, purpose: "validationNoise", index: first });
          const indices = Array.from({ length: size }, (_, k) => first + k);
          const each = await losses(parameters, chosen(data.valid, indices), drawn(size, random, 1));
          found.set(each, (batch - begin) * size);
        }
        return found;
      });
      const loss = all.reduce((sum, value) => sum + value, 0) / all.length;
      if (!Number.isFinite(loss)) throw new WorkError("the loss of the validation is not finite");
      return { loss };
    },
    dispose: () => {
      lossAndGradient.dispose();
      lossOnly.dispose();
      model.dispose?.();
    },
  };
}

/** Trains a model of the lab for a few steps, all rows in each, without folders or validation. */

import type { LabModel } from "../../src/lab/models/lab-model.ts";
import { stream } from "../../src/math/random.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { createOptimizerState, optimizerStep, plainUpdater } from "../../src/train/optimizer.ts";

export interface Fit {
  readonly parameters: Float32Array;
  /** Mean loss of each step. */
  readonly losses: readonly number[];
}

/** Adam whose learning rate falls to zero over `steps`. */
export async function fit(
  model: LabModel,
  rows: Float32Array,
  dimension: number,
  steps: number,
  learningRate: number,
): Promise<Fit> {
  const B = rows.length / dimension;
  const step = jax.jit(
    jax.valueAndGrad((p: ParameterTree, x: np.Array, draws: Record<string, np.Array>) =>
      model.loss(p, x, draws).mean(),
    ),
  );
  const options = {
    ...{ learningRate, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0 },
    ...{ amsgrad: false, emaDecay: 0.99 },
  };
  const start = (await model.initialise?.(1, rows)) ?? initialParameters(model.layout, 1);
  const state = createOptimizerState(start, options);
  const gradient = new Float32Array(start.length);
  const losses: number[] = [];
  for (let s = 0; s < steps; s++) {
    const draws = Object.entries(model.draws(B, stream({ seed: 1, purpose: "test", index: s }), s / steps));
    const [loss, gradients] = step(
      parameterTree(model.layout, state.parameters),
      np.array(rows.slice(), { shape: [B, dimension] }),
      Object.fromEntries(
        draws.map(([name, { values, shape }]) => [name, np.array(values.slice(), { shape: [...shape] })]),
      ),
    ) as unknown as [np.Array, unknown];
    losses.push((await loss.data())[0]);
    await readTree(model.layout, gradients, gradient);
    await optimizerStep(plainUpdater, state, gradient, learningRate * (1 - s / steps), 1, options);
  }
  step.dispose();
  return { parameters: state.parameters, losses };
}

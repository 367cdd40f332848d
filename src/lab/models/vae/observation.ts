/**
 * What a decoder's outputs mean, p(x | z): a Gaussian around them with one learned noise scale for points and grey
 * images, independent Bernoullis with those logits for binary images.
 */
import { InputError } from "../../../errors.ts";
import { LOG_SQRT_2PI } from "../../../math/normal.ts";
import type { Stream } from "../../../math/random.ts";
import type { Layout } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { nn, np } from "../../../platform/jax.ts";
import type { LabShape } from "../lab-model.ts";

/** Its parameters, under `observation` in the tree; empty for the Bernoulli. */
export type ObservationParameters = { readonly logScale?: np.Array };

export interface Observation {
  readonly specs: Layout;
  /** log p(x | z) of each row; takes ownership. outputs, x [..., D] → [...] */
  readonly logLikelihood: (
    parameters: ObservationParameters | undefined,
    outputs: np.Array,
    x: np.Array,
  ) => np.Array;
  /** E[x | z]; takes ownership. [..., D] → [..., D] */
  readonly mean: (outputs: np.Array) => np.Array;
  /** Draws x in place of its mean; `logScale` is the parameter of that name. */
  readonly draw: (row: Float32Array, logScale: number, random: Stream) => void;
}

/** log(1 + eˣ) that does not overflow. */
function softplus(x: np.Array): np.Array {
  const negative = np.less(x.ref, 0);
  const positivePart = np.where(negative.ref, 0, x.ref);
  const minusMagnitude = np.where(negative, x.ref, np.negative(x));
  return positivePart.add(np.log(np.exp(minusMagnitude).add(1)));
}

const bernoulli: Observation = {
  specs: [],
  // x·l − log(1 + eˡ) with l the logit
  logLikelihood: (_, outputs, x) => x.mul(outputs.ref).sub(softplus(outputs)).sum(-1),
  mean: nn.sigmoid,
  draw: (row, _, random) => {
    for (let i = 0; i < row.length; i++) row[i] = random.uniform() < row[i] ? 1 : 0;
  },
};

const gaussian: Observation = {
  specs: [{ name: "observation.logScale", shape: [1], bound: 0 }],
  logLikelihood: (parameters, outputs, x) => {
    const D = outputs.shape[outputs.ndim - 1];
    const logScale = parameters?.logScale as np.Array; // [1]
    const standardised = x.sub(outputs).mul(np.exp(np.negative(logScale.ref)));
    return np
      .square(standardised)
      .sum(-1)
      .mul(-0.5)
      .sub(logScale.mul(D))
      .sub(D * LOG_SQRT_2PI);
  },
  mean: (outputs) => outputs,
  draw: (row, logScale, random) => {
    const scale = Math.exp(logScale);
    for (let i = 0; i < row.length; i++) row[i] += scale * random.normal();
  },
};

/** @throws InputError for symbols */
export function observationOf(shape: LabShape): Observation {
  if (shape.kind === "symbols")
    throw new InputError("a variational auto-encoder here takes points or images, not symbols");
  return shape.kind === "images" && shape.binary ? bernoulli : gaussian;
}

export const observationParameters = (parameters: ParameterTree): ObservationParameters | undefined =>
  (parameters as { readonly observation?: ObservationParameters }).observation;

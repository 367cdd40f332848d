/** A multilayer perceptron whose weights are multiplied by fixed masks, and fixed arrays inside compiled functions. */
import { np } from "../../platform/jax.ts";
import { type Activation, type Mlp, mlp } from "./mlp.ts";
import { tensorSize } from "./parameters.ts";

/** A device array with the values `f(index)`, in the precision of the computation. */
export function fixed(
  shape: readonly number[],
  f: (...index: number[]) => number,
  dtype: np.Array["dtype"],
): np.Array {
  const values = Float32Array.from({ length: tensorSize(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (const size of shape.toReversed()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return f(...index);
  });
  return np.array(values, { shape: [...shape] }).astype(dtype);
}

/** 1 where output `to` of a layer may depend on its input `from`. */
export type Mask = (to: number, from: number) => boolean;

/** `mlp` with masks[k] on the weights of layer k; takes ownership of the layers and of `x`. */
export function maskedMlp(
  layers: Mlp,
  masks: readonly Mask[],
  x: np.Array,
  activation: Activation,
): np.Array {
  const masked = layers.map(({ weight, bias }, k) => ({
    weight: weight.mul(fixed(weight.shape, (to, from) => Number(masks[k](to, from)), x.dtype)),
    bias,
  }));
  return mlp(masked, x, activation);
}

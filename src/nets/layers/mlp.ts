/** Multilayer perceptron: linear layers with an activation between them, none after the last. */
import { np } from "../../platform/jax.ts";
import { linearSpecs, type ParameterSpec } from "./parameters.ts";
import { type Linear, linear } from "./tensors.ts";

/** Parameters of a multilayer perceptron, from its input on. */
export type Mlp = readonly Linear[];
export type Activation = (x: np.Array) => np.Array;

/**
 * 1 / (1 + e⁻ˣ). Below −28 it stays at 7 · 10⁻¹³: no power of the denominator that derivatives make overflows, where
 * the gradient of the tensor library's own is NaN below −88. Takes ownership.
 */
export const sigmoid: Activation = (x) => np.reciprocal(np.exp(np.minimum(x.neg(), 28)).add(1));

/** x · sigmoid(x). Takes ownership. */
export const silu: Activation = (x) => x.ref.mul(sigmoid(x));

/** Layers `name.0`, `name.1` … between the given widths; one layer for two widths. */
export const mlpSpecs = (name: string, sizes: readonly number[]): ParameterSpec[] =>
  sizes.slice(1).flatMap((outputs, k) => linearSpecs(`${name}.${k}`, sizes[k], outputs));

/** Takes ownership of the layers and of `x` [..., sizes₀]; [..., sizes_last]. */
export const mlp = (layers: Mlp, x: np.Array, activation: Activation): np.Array =>
  layers.reduce((h, layer, k) => linear(layer, k === 0 ? h : activation(h)), x);

/**
 * 3 × 3 convolutions that keep the size of the image, as products of whole lines: a line of W pixels times the banded
 * matrix [W · inputs, W · outputs] of a row of the kernel, for the line above, the line itself and the one below. That
 * multiplies by many zeros, and is five times faster on the CPU than nine shifted copies beside each other, and far
 * faster than the tensor library's own convolution.
 */
import { np } from "../../platform/jax.ts";
import { linearSpecs, type ParameterSpec } from "./parameters.ts";
import type { Linear } from "./tensors.ts";

/** A `Linear` layer of 9 · inputs: rows of the kernel, its columns, inputs. */
export const convSpecs = (name: string, inputs: number, outputs: number): ParameterSpec[] =>
  linearSpecs(name, 9 * inputs, outputs);

/** 1 where pixel `from` lies in column j of the kernel around pixel `to`. [to, 1, from, 1] */
const band = (W: number, j: number, dtype: np.Array["dtype"]): np.Array =>
  np
    .array(
      Float32Array.from({ length: W * W }, (_, k) => Number((k % W) + 1 - j === Math.floor(k / W))),
      { shape: [W, 1, W, 1] },
    )
    .astype(dtype);

/** Zeros beyond the edge; takes ownership. [B, H, W, inputs] → [B, H, W, outputs] */
export function conv3x3({ weight, bias }: Linear, x: np.Array): np.Array {
  const [B, H, W, inputs] = x.shape;
  const outputs = weight.shape[0];
  const lines = np.pad(x.reshape([B, H, W * inputs]), [
    [0, 0],
    [1, 1],
    [0, 0],
  ]);
  const kernel = weight.reshape([1, outputs, 9, inputs]);
  const products = [0, 1, 2].map((i) => {
    const banded = [0, 1, 2]
      .map((j) => kernel.ref.slice([], [], [3 * i + j, 3 * i + j + 1], []).mul(band(W, j, kernel.dtype))) // [W, outputs, W, inputs]
      .reduce((sum, part) => sum.add(part))
      .reshape([W * outputs, W * inputs]);
    return np.matmul(lines.ref.slice([], [i, i + H], []), banded.transpose());
  });
  kernel.dispose();
  lines.dispose();
  return products
    .reduce((sum, product) => sum.add(product))
    .reshape([B, H, W, outputs])
    .add(bias);
}

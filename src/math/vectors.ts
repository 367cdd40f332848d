/** Vectors in space, and those between rows of positions [N, 3]. */

import { hypot } from "./elementary.ts";

export type Vector = readonly [number, number, number];

export const dot = (p: Vector, q: Vector): number => p[0] * q[0] + p[1] * q[1] + p[2] * q[2];

export const cross = (p: Vector, q: Vector): [number, number, number] => [
  p[1] * q[2] - p[2] * q[1],
  p[2] * q[0] - p[0] * q[2],
  p[0] * q[1] - p[1] * q[0],
];

/** The vector of length 1 along v; of none, none. */
export const unit = (v: Vector): Vector => {
  const over = 1 / (hypot(...v) + 1e-12);
  return [v[0] * over, v[1] * over, v[2] * over];
};

/** x_i − x_j. */
export const difference = (x: ArrayLike<number>, i: number, j: number): Vector => [
  x[3 * i] - x[3 * j],
  x[3 * i + 1] - x[3 * j + 1],
  x[3 * i + 2] - x[3 * j + 2],
];

/** |x_i − x_j| */
export const distance = (x: ArrayLike<number>, i: number, j: number): number =>
  hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);

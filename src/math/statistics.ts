/** Means of numbers and how sure they are. */
import { square } from "./elementary.ts";

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/** Of the mean; 0 for a single value. */
export function standardError(values: ArrayLike<number>): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += square(values[i] - middle);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/** Parameters of a network: a list of named tensors in a fixed order, kept as one flat array. */

/** Name, shape and initial distribution of one tensor. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Uniform in ±bound (0: zeros). */
  readonly bound: number;
}

/** Order of the tensors in the flat array. */
export type Layout = readonly ParameterSpec[];

export const tensorSize = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Number of values of all tensors. */
export const layoutSize = (layout: Layout): number =>
  layout.reduce((sum, { shape }) => sum + tensorSize(shape), 0);

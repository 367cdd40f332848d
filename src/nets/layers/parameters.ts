/** Parameters of a network: named tensors in a fixed order, kept as one flat array. Needs no jax-js. */
import { stream } from "../../math/random.ts";

/** Name, shape and initial distribution of one tensor. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Uniform in center ± bound. */
  readonly bound: number;
  /** 0 when absent. */
  readonly center?: number;
}

/** Order of the tensors in the flat array. */
export type Layout = readonly ParameterSpec[];

export const tensorSize = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Number of values of all tensors. */
export const layoutSize = (layout: Layout): number =>
  layout.reduce((sum, { shape }) => sum + tensorSize(shape), 0);

/** The two parameters of a PyTorch-like linear layer, uniform in ±1/√in. */
export function linearSpecs(name: string, inputs: number, outputs: number): ParameterSpec[] {
  const bound = 1 / Math.sqrt(inputs);
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], bound },
    { name: `${name}.bias`, shape: [outputs], bound },
  ];
}

/** A linear layer, uniform in ±√(6 / (in + out)) (Glorot & Bengio 2010), bias zero; fans other than the shape's where given. */
export function glorotSpecs(
  name: string,
  inputs: number,
  outputs: number,
  fanIn = inputs,
  fanOut = outputs,
): [ParameterSpec, ParameterSpec] {
  return [
    { name: `${name}.weight`, shape: [outputs, inputs], bound: Math.sqrt(6 / (fanIn + fanOut)) },
    { name: `${name}.bias`, shape: [outputs], bound: 0 },
  ];
}

/** Initial values; tensor k is drawn from its own stream, so adding a layer changes no other. */
export function initialParameters(layout: Layout, seed: number): Float32Array {
  const values = new Float32Array(layoutSize(layout));
  let offset = 0;
  layout.forEach(({ shape, bound, center = 0 }, index) => {
    const random = stream({ seed, purpose: "parameters", index });
    const end = offset + tensorSize(shape);
    for (; offset < end; offset++) values[offset] = center + bound * (2 * random.uniform() - 1);
  });
  return values;
}

/** View of each tensor in the flat array, by name and in order. */
export function namedViews<A extends Float32Array | Float64Array>(layout: Layout, values: A): Map<string, A> {
  const views = new Map<string, A>();
  let offset = 0;
  for (const { name, shape } of layout) {
    const end = offset + tensorSize(shape);
    views.set(name, values.subarray(offset, end) as A);
    offset = end;
  }
  return views;
}

/** Double precision on the CPU device, and a few statistics for tests. */
import { stream } from "../../src/math/random.ts";
import { np } from "../../src/platform/jax.ts";

// jax-js asks whether data is a Float16Array before it asks for a Float64Array, and Node 20 has none.
if (!("Float16Array" in globalThis)) Object.assign(globalThis, { Float16Array: class {} });

export const float64 = (values: readonly number[], shape: number[]): np.Array =>
  np.array(Float64Array.from(values), { shape });

/** Reads and takes over. */
export const numbers = async (x: np.Array): Promise<number[]> => Array.from(await x.data());

/** The value of an array of one element; takes it over. */
export const scalar = async (x: np.Array): Promise<number> => (await x.data())[0];

export const normals = (n: number, index = 0): number[] =>
  Array.from(stream({ seed: 5, purpose: "test", index }).normals(new Float64Array(n)));

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, v) => sum + v, 0) / values.length;

/** Standard error of the mean. */
export const standardError = (values: readonly number[]): number => {
  const m = mean(values);
  return Math.sqrt(mean(values.map((v) => (v - m) ** 2)) / values.length);
};

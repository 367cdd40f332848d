/** A compiled function of rows applied to any number of them: in blocks of one size, so it is compiled once. */
import { type Layout, type ParameterTree, parameterTree } from "../../nets/parameters.ts";
import { jax, np } from "../../runtime/jax.ts";

/** Takes ownership. [block, inputs] → [block, …] */
export type RowFunction = (parameters: ParameterTree, rows: np.Array) => np.Array;

/**
 * f of every row. The last block is filled up with zeros, so a row's result does not depend on how many there are.
 * @param inputs values in a row
 * @returns [n, …]
 */
export async function inBlocks(
  f: RowFunction,
  layout: Layout,
  parameters: Float32Array,
  rows: Float32Array,
  inputs: number,
  block = 256,
): Promise<Float32Array> {
  const n = rows.length / inputs;
  const tree = parameterTree(layout, parameters);
  let results = new Float32Array(0);
  for (let first = 0; first < n; first += block) {
    const chunk = new Float32Array(block * inputs);
    chunk.set(rows.subarray(first * inputs, (first + block) * inputs));
    const device = np.array(chunk, { shape: [block, inputs] });
    const values = (await f(jax.tree.ref(tree), device).data()) as Float32Array;
    const outputs = values.length / block;
    if (first === 0) results = new Float32Array(n * outputs);
    results.set(values.subarray(0, Math.min(block, n - first) * outputs), first * outputs);
  }
  jax.tree.dispose(tree);
  return results;
}

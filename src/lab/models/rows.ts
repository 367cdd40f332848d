/** Functions of rows, compiled once for blocks of a fixed size, and the space in which rows are sampled. */
import type { Space } from "../../diffusion/space.ts";
import { type Purpose, stream } from "../../math/random.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";

/** Rows computed at once; the last block is filled up, so a row does not depend on how many there are. */
const BLOCK = 1024;

/** A function of each row, and of one number for each row; takes ownership. x [B, D], t [B] → [B, E] */
export type RowFunction = (parameters: ParameterTree, x: np.Array, t: np.Array) => np.Array;

/** Values of all rows, one call for each block. [n, D] → [n, E] */
async function inBlocks(
  rows: ArrayLike<number>,
  columns: number,
  block: number,
  call: (x: np.Array, first: number, size: number) => np.Array,
): Promise<Float64Array> {
  const n = rows.length / columns;
  let out: Float64Array | undefined;
  for (let first = 0; first < n; first += block) {
    const size = Math.min(block, n - first);
    const x = new Float32Array(block * columns);
    for (let i = 0; i < size * columns; i++) x[i] = rows[first * columns + i];
    const values = (await call(np.array(x, { shape: [block, columns] }), first, size).data()) as Float32Array;
    const width = values.length / block;
    out ??= new Float64Array(n * width);
    out.set(values.subarray(0, size * width), first * width);
  }
  return out ?? new Float64Array(0);
}

export interface CompiledRows {
  /** [n, D] → [n, E] */
  readonly of: (parameters: Float32Array, rows: ArrayLike<number>) => Promise<Float64Array>;
  readonly dispose: () => void;
}

/**
 * @param columns D
 * @param f of each row; takes ownership. x [B, D] → [B, E]
 */
export function rowFunction(
  layout: Layout,
  columns: number,
  f: (parameters: ParameterTree, x: np.Array) => np.Array,
  block = BLOCK,
): CompiledRows {
  const compiled = jax.jit(f);
  return {
    of: async (parameters, rows) => {
      const tree = parameterTree(layout, parameters);
      try {
        return await inBlocks(rows, columns, block, (x) => compiled(jax.tree.ref(tree), x));
      } finally {
        jax.tree.dispose(tree);
      }
    },
    dispose: () => compiled.dispose(),
  };
}

export interface RowNetwork {
  /** The function with these parameters on the device; `release` frees them. */
  readonly with: (parameters: Float32Array) => BoundRowNetwork;
  readonly dispose: () => void;
}

export interface BoundRowNetwork {
  /** [n, D], the number of each row or one for all → [n, E] */
  readonly of: (rows: ArrayLike<number>, t: number | ArrayLike<number>) => Promise<Float64Array>;
  readonly release: () => void;
}

/** @param columns D */
export function rowNetwork(layout: Layout, columns: number, f: RowFunction, block = BLOCK): RowNetwork {
  const compiled = jax.jit(f);
  return {
    with: (parameters) => {
      const tree = parameterTree(layout, parameters);
      return {
        of: (rows, t) =>
          inBlocks(rows, columns, block, (x, first, size) => {
            const times = new Float32Array(block);
            if (typeof t === "number") times.fill(t);
            else for (let i = 0; i < size; i++) times[i] = t[first + i];
            return compiled(jax.tree.ref(tree), x, np.array(times, { shape: [block] }));
          }),
        release: () => jax.tree.dispose(tree),
      };
    },
    dispose: () => compiled.dispose(),
  };
}

/** n rows of standard normals; row i's depend on (seed, purpose, first + i, step) alone. */
export function rowSpace(
  n: number,
  columns: number,
  seed: number,
  purpose: Purpose = "samplingNoise",
  first = 0,
): Space {
  return {
    length: n * columns,
    noise: (step) => {
      const noise = new Float64Array(n * columns);
      for (let i = 0; i < n; i++)
        stream({ seed, purpose, index: first + i, step }).normals(
          noise.subarray(i * columns, (i + 1) * columns),
        );
      return noise;
    },
    project: () => {},
  };
}

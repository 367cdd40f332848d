/** Ragged batches as padded device arrays, for the networks that jax-js computes. */

import type { PaddedGraph } from "../nets/egnn/egnn.ts";
import { np } from "../platform/jax.ts";
import { atomOffsets } from "./engine.ts";

/** Which molecules of a ragged batch make the rows of a padded one. */
export interface Padding {
  /** Molecule of each row. [B] */
  readonly molecules: readonly number[];
  /** Atoms a row holds. */
  readonly N: number;
}

/** The rows [A, channels] as [B, N, channels], zeros behind the atoms. */
export function paddedRows(
  rows: Float32Array,
  channels: number,
  sizes: Int32Array,
  { molecules, N }: Padding,
): np.Array {
  const offsets = atomOffsets(sizes);
  const out = new Float32Array(molecules.length * N * channels);
  molecules.forEach((m, row) => {
    out.set(rows.subarray(offsets[m] * channels, offsets[m + 1] * channels), row * N * channels);
  });
  return np.array(out, { shape: [molecules.length, N, channels] });
}

/** Masks of atoms and pairs. @param divisors divisor of sums over neighbours, by molecule */
export function paddedGraph(
  sizes: Int32Array,
  { molecules, N }: Padding,
  divisors: ArrayLike<number>,
): PaddedGraph {
  const B = molecules.length;
  const atoms = new Float32Array(B * N);
  const pairs = new Float32Array(B * N * N);
  molecules.forEach((m, row) => {
    const n = sizes[m];
    atoms.fill(1, row * N, row * N + n);
    for (let i = 0; i < n; i++) {
      const start = (row * N + i) * N;
      pairs.fill(1, start, start + n);
      pairs[start + i] = 0;
    }
  });
  return {
    atoms: np.array(atoms, { shape: [B, N, 1] }),
    pairs: np.array(pairs, { shape: [B, N, N, 1] }),
    divisor: np.array(
      Float32Array.from(molecules, (m) => divisors[m]),
      { shape: [B, 1, 1] },
    ),
  };
}

/**
 * Molecules of equal size together, small ones first: padding without anything to pad. The last molecule of a group
 * is repeated until their number is a power of two, so that few shapes have to be compiled.
 */
export function bySize(sizes: Int32Array): Padding[] {
  const groups = new Map<number, number[]>();
  sizes.forEach((n, m) => {
    const group = groups.get(n);
    if (group) group.push(m);
    else groups.set(n, [m]);
  });
  for (const group of groups.values()) {
    const last = group[group.length - 1];
    while ((group.length & (group.length - 1)) !== 0) group.push(last);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([N, molecules]) => ({ molecules, N }));
}

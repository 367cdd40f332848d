/**
 * Neighbours within a cutoff for a batch of molecules, by cells where a molecule is large (chem/neighbours.ts), and
 * their padding to few shapes, so that a compiled network is used again: sizes are rounded up to four per octave.
 */
import { forEachPairWithin } from "../../chem/neighbours.ts";

/** Directed pairs of a batch: neighbours of atom i are senders[offsets[i]] … senders[offsets[i + 1] − 1], ascending. */
export interface NeighbourList {
  /** [A + 1] */
  readonly offsets: Uint32Array;
  /** Rows of the batch. [offsets[A]] */
  readonly senders: Uint32Array;
}

/**
 * All pairs of different atoms of a molecule that are less than `cutoff` apart.
 * @param positions Å, row-major [A, 3]
 * @param sizes atoms of each molecule, side by side [M]
 */
export function neighbourList(
  positions: Float64Array,
  sizes: ArrayLike<number>,
  cutoff: number,
): NeighbourList {
  const atoms = positions.length / 3;
  const [first, second]: [number[], number[]] = [[], []];
  let start = 0;
  for (let m = 0; m < sizes.length; m++) {
    const own = positions.subarray(3 * start, 3 * (start + sizes[m]));
    const begin = start;
    forEachPairWithin(own, cutoff, (i, j) => {
      first.push(begin + i);
      second.push(begin + j);
    });
    start += sizes[m];
  }
  const offsets = new Uint32Array(atoms + 1);
  for (const i of first) offsets[i + 1]++;
  for (const j of second) offsets[j + 1]++;
  for (let i = 0; i < atoms; i++) offsets[i + 1] += offsets[i];
  const at = offsets.slice(0, atoms);
  const senders = new Uint32Array(offsets[atoms]);
  first.forEach((i, k) => {
    senders[at[i]++] = second[k];
    senders[at[second[k]]++] = i;
  });
  for (let i = 0; i < atoms; i++) senders.subarray(offsets[i], offsets[i + 1]).sort();
  return { offsets, senders };
}

/** `count` rounded up so that there are four sizes between one power of two and the next; small ones as they are. */
export function bucketed(count: number): number {
  if (count <= 8) return Math.max(count, 1);
  const step = 2 ** (Math.floor(Math.log2(count)) - 2);
  return Math.ceil(count / step) * step;
}

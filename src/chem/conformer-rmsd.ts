/**
 * RMSD of two conformers: heavy atoms, best superposition, and the best of all ways to match symmetric atoms (as
 * RDKit's GetBestRMS without hydrogens, which GeoDiff's COV and MAT are made of).
 */
import { center, superposedRmsd } from "../math/superposition.ts";
import { type GraphMaps, heavyGraph, isomorphisms } from "./automorphisms.ts";
import type { Topology } from "./topology.ts";

/** Compares conformers of one molecule; atoms of the two sides may be in different order. */
export interface ConformerComparison {
  /** Heavy atoms of a structure of the first or second side, centred. */
  readonly first: (positions: Float64Array) => Float64Array;
  /** The same of the second. */
  readonly second: (positions: Float64Array) => Float64Array;
  /** RMSD in Å of what `first` and `second` returned. */
  readonly rmsd: (a: Float64Array, b: Float64Array) => number;
  readonly maps: GraphMaps;
}

/** Undefined where the two graphs are not the same molecule. */
export function conformerComparison(first: Topology, second: Topology): ConformerComparison | undefined {
  const [a, b] = [heavyGraph(first), heavyGraph(second)];
  const maps = isomorphisms(a, b);
  if (maps.maps.length === 0) return undefined;
  const rmsd = (x: Float64Array, y: Float64Array): number => {
    let best = Number.POSITIVE_INFINITY;
    for (const map of maps.maps) best = Math.min(best, superposedRmsd(x, y, map));
    return best;
  };
  return { first: (x) => rowsOf(x, a.heavy), second: (x) => rowsOf(x, b.heavy), rmsd, maps };
}

function rowsOf(x: Float64Array, atoms: readonly number[]): Float64Array {
  const rows = new Float64Array(3 * atoms.length);
  atoms.forEach((atom, k) => {
    rows.set(x.subarray(3 * atom, 3 * atom + 3), 3 * k);
  });
  return center(rows);
}

/** RMSD in Å of every pair of structures, each [N, 3] in Å. [A, B] */
export function rmsdMatrix(
  comparison: ConformerComparison,
  first: readonly Float64Array[],
  second: readonly Float64Array[],
): Float64Array {
  const a = first.map(comparison.first);
  const b = second.map(comparison.second);
  const matrix = new Float64Array(a.length * b.length);
  a.forEach((x, p) => {
    b.forEach((y, q) => {
      matrix[p * b.length + q] = comparison.rmsd(x, y);
    });
  });
  return matrix;
}

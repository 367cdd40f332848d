/**
 * Bonds from distances alone, by the tables of EDM (see bond-tables.ts). Thresholds are nested as in the
 * authors' code: a pair must be below its single threshold to be tried as a double bond, and below its double
 * threshold to be tried as a triple one; "below" is strict. Distances are double precision here, single there.
 */

import { InputError } from "../errors.ts";
import { BOND_THRESHOLDS, type BondRule, type BondThresholds, pairIndex } from "./bond-tables.ts";
import type { Bond, Molecule } from "./molecule.ts";
import { forEachPairWithin } from "./neighbours.ts";

export type { BondRule } from "./bond-tables.ts";

/** Order of the bond between two atoms: 0 none, 1 single, 2 double, 3 triple. `distance` in Å. */
export function bondOrder(z1: number, z2: number, distance: number, rule: BondRule): 0 | 1 | 2 | 3 {
  return orderIn(BOND_THRESHOLDS[rule], z1, z2, distance);
}

function orderIn(thresholds: BondThresholds, z1: number, z2: number, distance: number): 0 | 1 | 2 | 3 {
  const pair = pairIndex(z1, z2);
  const picometres = 100 * distance;
  if (pair < 0 || !(picometres < thresholds.single[pair])) return 0;
  if (!(picometres < thresholds.double[pair])) return 1;
  return picometres < thresholds.triple[pair] ? 3 : 2;
}

/** Calls `visit(i, j, order, distance)` once for every bonded pair i < j, distance in Å, without allocating. */
export function forEachBond(
  molecule: Molecule,
  rule: BondRule,
  visit: (i: number, j: number, order: 1 | 2 | 3, distance: number) => void,
): void {
  const thresholds = BOND_THRESHOLDS[rule];
  const { atomicNumbers } = molecule;
  forEachPairWithin(molecule.positions, thresholds.reach, (i, j, squared) => {
    const distance = Math.sqrt(squared);
    const order = orderIn(thresholds, atomicNumbers[i], atomicNumbers[j], distance);
    if (order > 0) visit(i, j, order as 1 | 2 | 3, distance);
  });
}

/** No matter has so many bonds an atom: a crowd lies on one spot. Up to 1,000 atoms memory holds even that. */
const MOST_BONDS_PER_ATOM = 50;
const ALWAYS_ALLOWED = 500_000;

/**
 * Every bond the rule sees, i < j, sorted by (i, j). Orders are as the distances say and need not fit any
 * valence; `withBonds` (bond-orders.ts) makes them consistent.
 * @throws InputError when there are more than 50 bonds an atom and memory may run out
 */
export function perceiveBonds(molecule: Molecule, rule: BondRule): Bond[] {
  const bonds: Bond[] = [];
  const most = Math.max(ALWAYS_ALLOWED, MOST_BONDS_PER_ATOM * molecule.atomicNumbers.length);
  forEachBond(molecule, rule, (i, j, order) => {
    bonds.push({ i, j, order });
    if (bonds.length > most) {
      throw new InputError(
        `${molecule.name || "a molecule"} of ${molecule.atomicNumbers.length} atoms has more than ` +
          `${MOST_BONDS_PER_ATOM} bonds an atom: its atoms lie on top of each other; check its coordinates and their unit (Å)`,
      );
    }
  });
  return bonds.sort((a, b) => a.i - b.i || a.j - b.j);
}

/** Connected component of every atom, numbered from 0 in the order of their first atoms. [N] */
export function components(
  atoms: number,
  bonds: Iterable<{ readonly i: number; readonly j: number }>,
): Int32Array {
  const parent = Int32Array.from({ length: atoms }, (_, i) => i);
  const root = (start: number): number => {
    let i = start;
    while (parent[i] !== i) {
      parent[i] = parent[parent[i]];
      i = parent[i];
    }
    return i;
  };
  for (const { i, j } of bonds) {
    const a = root(i);
    const b = root(j);
    parent[Math.max(a, b)] = Math.min(a, b); // the root is the smallest index
  }
  const label = new Int32Array(atoms);
  let count = 0;
  for (let i = 0; i < atoms; i++) {
    const r = root(i);
    label[i] = r === i ? count++ : label[r];
  }
  return label;
}

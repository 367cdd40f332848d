/**
 * Atom and molecule stability as published with EDM (Hoogeboom et al. 2022, section 5; qm9/analyze.py of the
 * authors' code): an atom is stable when its summed bond orders equal an allowed valence, a molecule when all of
 * its atoms are. Deviations: an element outside of the rule, an error there, is an atom that is not stable; a
 * molecule without atoms, never met there, is not stable.
 */

import { allowedValences, type BondRule } from "./bond-tables.ts";
import type { Bond, Molecule } from "./molecule.ts";
import { forEachBond } from "./perception.ts";

/** How many atoms of a molecule are stable, and whether all are. */
export interface Stability {
  readonly stableAtoms: number;
  readonly atoms: number;
  readonly stable: boolean;
}

/**
 * Counts the stable atoms of a molecule by the given rule (Hoogeboom et al. 2022, section 5); its `bonds`, if any, play no
 * part: they are perceived from the positions.
 */
export function stability(molecule: Molecule, rule: BondRule): Stability {
  const sums = new Int32Array(molecule.atomicNumbers.length);
  forEachBond(molecule, rule, (i, j, order) => {
    sums[i] += order;
    sums[j] += order;
  });
  return judge(molecule.atomicNumbers, sums, rule);
}

/** The same from bonds that `perceiveBonds` has found. */
export function valenceStability(
  atomicNumbers: Uint8Array,
  bonds: readonly Bond[],
  rule: BondRule,
): Stability {
  const sums = new Int32Array(atomicNumbers.length);
  for (const { i, j, order } of bonds) {
    sums[i] += order;
    sums[j] += order;
  }
  return judge(atomicNumbers, sums, rule);
}

function judge(atomicNumbers: Uint8Array, sums: Int32Array, rule: BondRule): Stability {
  const atoms = sums.length;
  let stableAtoms = 0;
  for (let i = 0; i < atoms; i++) {
    if (allowedValences(atomicNumbers[i], rule)?.includes(sums[i])) stableAtoms++;
  }
  return { stableAtoms, atoms, stable: atoms > 0 && stableAtoms === atoms };
}

/**
 * Formal charges that bond orders imply, for graphs that come without: N with four bonds is N⁺, O with one O⁻, and so on for
 * closed shells of the main group. Aromatic bonds say too little: their atoms stay as they are.
 */
import type { BondedAtoms } from "../topology.ts";

/** Charge of an element by the sum of its bond orders, where that is not one of its neutral valences. */
const CHARGES: Readonly<Record<number, Readonly<Record<number, number>>>> = {
  5: { 4: -1 },
  7: { 2: -1, 4: 1 },
  8: { 1: -1, 3: 1 },
  9: { 0: -1 },
  13: { 4: -1 },
  15: { 4: 1 },
  16: { 1: -1, 3: 1, 5: 1 },
  17: { 0: -1 },
  33: { 4: 1 },
  34: { 1: -1, 3: 1 },
  35: { 0: -1 },
  53: { 0: -1 },
};

/** In units of e; a carbon with three bonds is C⁻ beside a positive atom (isocyanides, ylides) and left alone elsewhere. [N] */
export function impliedCharges({ atomicNumbers, bonds }: BondedAtoms): Int8Array {
  const sums = new Int32Array(atomicNumbers.length);
  const aromatic = new Uint8Array(atomicNumbers.length);
  for (const { i, j, order } of bonds)
    for (const atom of [i, j]) {
      sums[atom] += order;
      if (order === 4) aromatic[atom] = 1;
    }
  const charges = Int8Array.from(atomicNumbers, (z, i) => (aromatic[i] ? 0 : (CHARGES[z]?.[sums[i]] ?? 0)));
  for (const { i, j } of bonds)
    for (const [atom, other] of [
      [i, j],
      [j, i],
    ])
      if (atomicNumbers[atom] === 6 && sums[atom] === 3 && !aromatic[atom] && charges[other] > 0)
        charges[atom] = -1;
  return charges;
}

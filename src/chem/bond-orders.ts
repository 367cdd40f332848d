/**
 * Bonds for files that other programs read. Neither library does this for us: OpenChemLib 9.25 does not export its
 * BondOrderCalculator to JavaScript and RDKit.js has no DetermineBonds. So the bonds are those that distances show
 * (perception.ts); orders and charges come from valence-search.ts. The tables miss long bonds (N-O from 1.50, C-N
 * from 1.57, C-C from 1.64 Å); where one such bond mends the valences, it is added. Metrics never see these bonds.
 */

import type { BondRule } from "./bond-tables.ts";
import { chargeOf, statedCharge } from "./electrons/charge.ts";
import { expectedBondLength, LENGTH_TOLERANCE } from "./geometry.ts";
import type { Bond, Molecule } from "./molecule.ts";
import { forEachPairWithin } from "./neighbours.ts";
import { perceiveBonds } from "./perception.ts";
import { assignBondOrders, type BondAssignment } from "./valence-search.ts";

/** At most this many stretched bonds are tried, the least stretched first. */
const MOST_TRIED = 8;

/** Property of a molecule that has a charge because nothing else closes its shells. */
export const ASSUMED_CHARGE = "assumed_charge";

/**
 * Adds bonds with orders that fit valences, and formal charges. Where no assignment gives every atom a
 * closed-shell valence and the molecule the charge that is stated (`charge=`, or its formal charges), the perceived orders stay,
 * charges are zero and the property `valence` says "inconsistent". Where the only assignment leaves a charge that nobody
 * stated, the property `assumed_charge` says it.
 */
export function withBonds(molecule: Molecule, rule: BondRule): Molecule {
  const perceived = perceiveBonds(molecule, rule);
  const charge = molecule.formalCharges === undefined ? statedCharge(molecule) : chargeOf(molecule);
  let best = assignBondOrders(molecule, perceived, charge);
  if (best === undefined || chargedAtoms(best) > 0) {
    for (const bond of stretchedBonds(molecule, perceived)) {
      const mended = assignBondOrders(molecule, [...perceived, bond], charge);
      if (mended === undefined) continue;
      if (best === undefined || chargedAtoms(mended) < chargedAtoms(best)) best = mended;
      if (chargedAtoms(best) === 0) break;
    }
  }
  if (best !== undefined) {
    const net = charge === undefined ? netCharge(best) : 0;
    return {
      ...molecule,
      ...best,
      ...(net !== 0 && { properties: { ...molecule.properties, [ASSUMED_CHARGE]: net } }),
    };
  }
  return {
    ...molecule,
    bonds: perceived,
    formalCharges: new Int8Array(molecule.atomicNumbers.length),
    properties: { ...molecule.properties, valence: "inconsistent" },
  };
}

const chargedAtoms = ({ formalCharges }: BondAssignment): number =>
  formalCharges.reduce((count, charge) => count + (charge === 0 ? 0 : 1), 0);

const netCharge = ({ formalCharges }: BondAssignment): number =>
  formalCharges.reduce((sum, charge) => sum + charge, 0);

/** Pairs that are not bonded, yet nearer than a single bond and a quarter, hydrogens apart; nearest first. */
function stretchedBonds({ atomicNumbers, positions }: Molecule, bonds: readonly Bond[]): Bond[] {
  const bonded = new Set(bonds.map(({ i, j }) => `${i} ${j}`));
  const found: { readonly bond: Bond; readonly stretch: number }[] = [];
  let reach = 0;
  for (const z of new Set(atomicNumbers)) reach = Math.max(reach, 2 * (expectedBondLength(z, z, 1) ?? 0));
  forEachPairWithin(positions, (1 + LENGTH_TOLERANCE) * reach, (i, j, squared) => {
    if (atomicNumbers[i] === 1 || atomicNumbers[j] === 1 || bonded.has(`${i} ${j}`)) return;
    const expected = expectedBondLength(atomicNumbers[i], atomicNumbers[j], 1);
    if (expected === undefined) return;
    const stretch = Math.sqrt(squared) / expected;
    if (stretch <= 1 + LENGTH_TOLERANCE) found.push({ bond: { i, j, order: 1 }, stretch });
  });
  found.sort((a, b) => a.stretch - b.stretch);
  return found.slice(0, MOST_TRIED).map(({ bond }) => bond);
}

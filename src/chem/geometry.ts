/**
 * Is this geometry possible? Checks in the manner of PoseBusters (Buttenschoen, Morris, Deane, Chem. Sci. 2024):
 * bond lengths and 1,3-distances within 25 % of what they should be, no clashes, no atoms in one place, one piece.
 * PoseBusters takes its bounds from RDKit's distance geometry and leaves hydrogens out; here the reference is the
 * sum of Pyykkö's covalent radii by bond order (Pyykkö & Atsumi, Chem. Eur. J. 2009), ideal angles by the number
 * of neighbours, Bondi's van der Waals radii, and hydrogens count. Nothing here was fitted to a data set.
 */

import { distance } from "../math/vectors.ts";
import { covalentRadius, vanDerWaalsRadius } from "./elements.ts";
import type { Bond, BondOrder, Molecule } from "./molecule.ts";
import { forEachPairWithin } from "./neighbours.ts";
import { components } from "./perception.ts";

/** Bonds and 1,3-distances may be this fraction below their lower or above their upper bound. */
export const LENGTH_TOLERANCE = 0.25;
/** Atoms that share neither bond nor neighbour clash below this fraction of the sum of their vdW radii. */
export const CLASH_FRACTION = 0.7;
/** Å; the same for a hydrogen on N, O, F against another N, O, F, where 1.8 Å is a usual hydrogen bond. */
export const HYDROGEN_BOND_LENGTH = 1.8;
/** Å; atoms nearer than this are in one place (the shortest bond there is, H2, has 0.74 Å). */
export const OVERLAP_DISTANCE = 0.5;

/** What was found in one molecule. */
export interface GeometryCheck {
  readonly bonds: number;
  /** Bonds too short or too long for their order. */
  readonly badBonds: number;
  /** Pairs of neighbours of one atom, those that are bonded to each other excluded. */
  readonly angles: number;
  readonly badAngles: number;
  readonly clashes: number;
  readonly overlaps: number;
  readonly fragments: number;
}

// Å, for single, double and triple bonds
// biome-ignore format: a table
const BOND_RADII: Readonly<Record<number, readonly [number, number, number]>> = {
  1: [0.32, 0.32, 0.32], 5: [0.85, 0.78, 0.73], 6: [0.75, 0.67, 0.6], 7: [0.71, 0.6, 0.54], 8: [0.63, 0.57, 0.53],
  9: [0.64, 0.59, 0.53], 13: [1.26, 1.13, 1.11], 14: [1.16, 1.07, 1.02], 15: [1.11, 1.02, 0.94],
  16: [1.03, 0.94, 0.95], 17: [0.99, 0.95, 0.93], 33: [1.21, 1.14, 1.06], 34: [1.16, 1.07, 1.07],
  35: [1.14, 1.09, 1.1], 53: [1.33, 1.29, 1.25],
};

/** Length in Å that a bond should have; undefined for elements without a radius. 4 (aromatic) is between 1 and 2. */
export function expectedBondLength(z1: number, z2: number, order: BondOrder): number | undefined {
  const first = bondRadius(z1, order);
  const second = bondRadius(z2, order);
  return first === undefined || second === undefined ? undefined : first + second;
}

function bondRadius(z: number, order: BondOrder): number | undefined {
  const radii = BOND_RADII[z];
  if (radii === undefined) return covalentRadius(z);
  return order === 4 ? (radii[0] + radii[1]) / 2 : radii[order - 1];
}

interface Neighbour {
  readonly atom: number;
  readonly order: BondOrder;
}

/**
 * Checks a molecule against the given bonds, as `perceiveBonds` returns them. Pairs of elements without radii are
 * left out of the count. Runs in O(N) for dense matter.
 */
export function checkGeometry(molecule: Molecule, bonds: readonly Bond[]): GeometryCheck {
  const { atomicNumbers, positions } = molecule;
  const neighbours: Neighbour[][] = Array.from(atomicNumbers, () => []);
  for (const { i, j, order } of bonds) {
    neighbours[i].push({ atom: j, order });
    neighbours[j].push({ atom: i, order });
  }
  const fragments = components(atomicNumbers.length, bonds).reduce((most, c) => Math.max(most, c + 1), 0);
  return {
    ...checkBonds(molecule, bonds),
    ...checkAngles(molecule, neighbours),
    ...checkContacts(atomicNumbers, positions, neighbours),
    fragments,
  };
}

/** Whether every check passed. */
export const passesAll = (check: GeometryCheck): boolean =>
  check.badBonds === 0 &&
  check.badAngles === 0 &&
  check.clashes === 0 &&
  check.overlaps === 0 &&
  check.fragments === 1;

function checkBonds({ atomicNumbers, positions }: Molecule, bonds: readonly Bond[]) {
  let checked = 0;
  let bad = 0;
  for (const { i, j, order } of bonds) {
    const expected = expectedBondLength(atomicNumbers[i], atomicNumbers[j], order);
    if (expected === undefined) continue;
    checked++;
    if (!within(distance(positions, i, j), expected, expected)) bad++;
  }
  return { bonds: checked, badBonds: bad };
}

function checkAngles({ atomicNumbers, positions }: Molecule, neighbours: readonly (readonly Neighbour[])[]) {
  let angles = 0;
  let badAngles = 0;
  neighbours.forEach((around, centre) => {
    for (let a = 0; a < around.length; a++) {
      for (let b = a + 1; b < around.length; b++) {
        const i = around[a].atom;
        const k = around[b].atom;
        if (neighbours[i].some(({ atom }) => atom === k)) continue;
        const first = expectedBondLength(atomicNumbers[i], atomicNumbers[centre], around[a].order);
        const second = expectedBondLength(atomicNumbers[k], atomicNumbers[centre], around[b].order);
        if (first === undefined || second === undefined) continue;
        angles++;
        const squareRing = sharedNeighbours(neighbours, i, k) > 1;
        const [least, most] = squareRing ? [90, 90] : idealAngles(atomicNumbers[centre], around);
        const span = distance(positions, i, k);
        if (!within(span, thirdSide(first, second, least), thirdSide(first, second, most))) badAngles++;
      }
    }
  });
  return { angles, badAngles };
}

function checkContacts(
  atomicNumbers: Uint8Array,
  positions: Float64Array,
  neighbours: readonly (readonly Neighbour[])[],
) {
  let widest = 0;
  for (const z of new Set(atomicNumbers)) widest = Math.max(widest, vanDerWaalsRadius(z) ?? 0);
  let clashes = 0;
  let overlaps = 0;
  forEachPairWithin(positions, Math.max(2 * widest * CLASH_FRACTION, OVERLAP_DISTANCE), (i, j, squared) => {
    if (squared < OVERLAP_DISTANCE ** 2) overlaps++;
    const contact = contactDistance(atomicNumbers, neighbours, i, j);
    if (!(squared < (CLASH_FRACTION * contact) ** 2)) return;
    if (neighbours[i].some(({ atom }) => atom === j) || sharedNeighbours(neighbours, i, j) > 0) return;
    clashes++;
  });
  return { clashes, overlaps };
}

const ELECTRONEGATIVE = new Set([7, 8, 9]);

function contactDistance(
  atomicNumbers: Uint8Array,
  neighbours: readonly (readonly Neighbour[])[],
  i: number,
  j: number,
): number {
  const donates = (h: number, acceptor: number): boolean =>
    atomicNumbers[h] === 1 &&
    ELECTRONEGATIVE.has(atomicNumbers[acceptor]) &&
    neighbours[h].some(({ atom }) => ELECTRONEGATIVE.has(atomicNumbers[atom]));
  if (donates(i, j) || donates(j, i)) return HYDROGEN_BOND_LENGTH;
  return (vanDerWaalsRadius(atomicNumbers[i]) ?? 0) + (vanDerWaalsRadius(atomicNumbers[j]) ?? 0);
}

/**
 * Smallest and largest ideal angle in degrees at an atom: 180 where two neighbours share a triple or two double
 * bonds, 109.5 for four neighbours, up to 120 for fewer; from 90 for more than four and for heavy atoms, whose
 * bonds are made of p orbitals.
 */
function idealAngles(z: number, around: readonly Neighbour[]): readonly [number, number] {
  const orders = around.reduce((sum, { order }) => sum + (order === 4 ? 1.5 : order), 0);
  const linear = around.length === 2 && orders >= 4 && z <= 10;
  if (linear) return [180, 180];
  if (around.length > 4) return [90, 180];
  return [z > 10 ? 90 : 109.5, around.length === 4 ? 109.5 : 120];
}

function sharedNeighbours(neighbours: readonly (readonly Neighbour[])[], i: number, k: number): number {
  let shared = 0;
  for (const a of neighbours[i]) for (const b of neighbours[k]) if (a.atom === b.atom) shared++;
  return shared;
}

const within = (length: number, lower: number, upper: number): boolean =>
  length >= (1 - LENGTH_TOLERANCE) * lower && length <= (1 + LENGTH_TOLERANCE) * upper;

/** Third side of a triangle with two sides and the angle between them in degrees. */
function thirdSide(a: number, b: number, degrees: number): number {
  return Math.sqrt(a * a + b * b - 2 * a * b * Math.cos((degrees * Math.PI) / 180));
}

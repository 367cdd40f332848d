/**
 * Small molecules of C, N, O, F (hydrogens implied) drawn at random: a graph grows atom by atom within the
 * valences, and is kept when a chemist would not expect it to fall apart. The rules are ours, in the spirit of
 * GDB (Fink & Reymond 2007): no cumulated bonds, no strained rings, no weak heteroatom bonds, no tautomers that
 * would not stay.
 */

import { Molecule as OclMolecule } from "openchemlib";
import type { Bond, BondOrder } from "../chem/molecule.ts";
import type { Stream } from "../math/random.ts";

/** Heavy atoms and the bonds between them. */
export interface MolecularGraph {
  readonly atomicNumbers: readonly number[];
  readonly bonds: readonly Bond[];
}

const VALENCE: Readonly<Record<number, number>> = { 6: 4, 7: 3, 8: 2, 9: 1 };
/** Shares about those of the heavy atoms of QM9. */
const ELEMENT_SHARES: readonly (readonly [z: number, share: number])[] = [
  [6, 0.7],
  [7, 0.13],
  [8, 0.15],
  [9, 0.02],
];
const ORDER_SHARES: readonly (readonly [order: BondOrder, share: number])[] = [
  [1, 0.8],
  [2, 0.15],
  [3, 0.05],
];
const RING_SHARE = 0.25;

/** One of the values, drawn by their shares (which sum to 1). */
function drawn<T>(shares: readonly (readonly [T, number])[], random: Stream): T {
  let rest = random.uniform();
  for (const [value, share] of shares) {
    rest -= share;
    if (rest < 0) return value;
  }
  return shares[shares.length - 1][0];
}

/**
 * Draws a connected graph of `heavyAtoms` atoms within the valences, or undefined where the draw ended in a dead
 * end. Each atom is bonded to one atom that is there already, at times to two, which closes a ring.
 */
export function drawGraph(heavyAtoms: number, random: Stream): MolecularGraph | undefined {
  const atomicNumbers = [drawn(ELEMENT_SHARES, random)];
  const free = [VALENCE[atomicNumbers[0]]];
  const bonds: Bond[] = [];
  while (atomicNumbers.length < heavyAtoms) {
    const added = atomicNumbers.length;
    atomicNumbers.push(drawn(ELEMENT_SHARES, random));
    free.push(VALENCE[atomicNumbers[added]]);
    const partners = random.uniform() < RING_SHARE ? 2 : 1;
    for (let k = 0; k < partners; k++) {
      const order = drawn(ORDER_SHARES, random);
      const sites = free
        .map((_, i) => i)
        .filter(
          (i) => i < added && free[i] >= order && !bonds.some((bond) => bond.i === i && bond.j === added),
        );
      if (sites.length === 0 || free[added] < order) return undefined;
      const site = sites[random.integer(sites.length)];
      bonds.push({ i: site, j: added, order });
      free[site] -= order;
      free[added] -= order;
    }
  }
  return { atomicNumbers, bonds };
}

/** The graph as OpenChemLib holds it, without coordinates; atoms and bonds keep their numbers. */
export function toOpenChemLib(graph: MolecularGraph): OclMolecule {
  const molecule = new OclMolecule(graph.atomicNumbers.length, graph.bonds.length);
  for (const z of graph.atomicNumbers) molecule.addAtom(z);
  for (const { i, j, order } of graph.bonds) molecule.setBondOrder(molecule.addBond(i, j), order);
  molecule.ensureHelperArrays(OclMolecule.cHelperRings);
  return molecule;
}

/** Whether a molecule of this graph can be expected to be stable and not overly strained. */
export function isReasonable(graph: MolecularGraph): boolean {
  return hasSoundBonds(graph) && hasSoundRings(graph) && hasSoundGroups(graph);
}

const isHetero = (z: number): boolean => z !== 6;

/** The bonds of each atom, seen from it. */
function neighbours({ atomicNumbers, bonds }: MolecularGraph) {
  const of = atomicNumbers.map(
    (): { readonly atom: number; readonly z: number; readonly order: number }[] => [],
  );
  for (const { i, j, order } of bonds) {
    of[i].push({ atom: j, z: atomicNumbers[j], order });
    of[j].push({ atom: i, z: atomicNumbers[i], order });
  }
  return of;
}

/** No cumulated double bonds; of bonds between heteroatoms only N–N and N–O, single and not in a row. */
function hasSoundBonds(graph: MolecularGraph): boolean {
  return neighbours(graph).every((bonds, atom) => {
    if (bonds.filter(({ order }) => order === 2).length > 1) return false;
    if (!isHetero(graph.atomicNumbers[atom])) return true;
    const hetero = bonds.filter(({ z }) => isHetero(z));
    if (hetero.length > 1) return false;
    return hetero.every(
      ({ z, order }) => order === 1 && (z === 7 || graph.atomicNumbers[atom] === 7) && z !== 9,
    );
  });
}

/**
 * At most two rings, fused or spiro but not bridged; rings of three and four saturated, with one heteroatom at
 * most and not fused to each other; no triple bond in a ring, no double bond at the atoms of a fusion unless
 * aromatic.
 */
function hasSoundRings(graph: MolecularGraph): boolean {
  const closures = graph.bonds.length - graph.atomicNumbers.length + 1;
  if (closures === 0) return true;
  if (closures > 2) return false;
  const molecule = toOpenChemLib(graph);
  const rings = molecule.getRingSet();
  if (rings.getSize() !== closures) return false;
  const ringAtoms = Array.from({ length: closures }, (_, r) => rings.getRingAtoms(r));
  for (let r = 0; r < closures; r++) {
    const orders = rings.getRingBonds(r).map((bond) => molecule.getBondOrder(bond));
    const hetero = ringAtoms[r].filter((atom) => isHetero(graph.atomicNumbers[atom])).length;
    if (orders.includes(3)) return false;
    if (ringAtoms[r].length > 4) continue;
    if (hetero > 1 || orders.includes(2)) return false;
    // a double bond leading out of a ring of three strains it as one inside does
    const outward = graph.bonds.some(
      ({ i, j, order }) => order > 1 && ringAtoms[r].includes(i) !== ringAtoms[r].includes(j),
    );
    if (ringAtoms[r].length === 3 && outward) return false;
  }
  if (closures === 1) return true;
  const shared = ringAtoms[0].filter((atom) => ringAtoms[1].includes(atom));
  if (shared.length > 2) return false;
  if (shared.length === 2 && ringAtoms.every((atoms) => atoms.length <= 4)) return false;
  return !graph.bonds.some(
    ({ i, j, order }, bond) =>
      order > 1 && (shared.includes(i) || shared.includes(j)) && !molecule.isAromaticBond(bond),
  );
}

/** No enols, ynols, enamines and imidic acids with a free H; no hydrates and their like; no carbonic acids. */
function hasSoundGroups(graph: MolecularGraph): boolean {
  const around = neighbours(graph);
  const used = around.map((bonds) => bonds.reduce((sum, { order }) => sum + order, 0));
  const molecule = toOpenChemLib(graph);
  return around.every((bonds, atom) => {
    if (graph.atomicNumbers[atom] !== 6) return true;
    const single = bonds.filter(({ z, order }) => order === 1 && isHetero(z));
    const withHydrogen = single.filter((bond) => bond.z !== 9 && used[bond.atom] < VALENCE[bond.z]);
    const multiple = bonds.find(({ order }) => order > 1);
    if (multiple === undefined) return withHydrogen.length === 0 || single.length === 1;
    if (molecule.isAromaticAtom(atom)) return true;
    if (multiple.z === 8) return single.length < 2 || !withHydrogen.some(({ z }) => z === 8);
    return withHydrogen.length === 0;
  });
}

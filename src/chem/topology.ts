/**
 * The graph of a molecule as conformer models see it (GeoDiff, Xu et al. 2022, section 3 and appendix): atoms with
 * formal charge, aromaticity, hybridisation and ring size; bonds; pairs of atoms two and three bonds apart. Rings
 * and aromaticity are OpenChemLib's, hybridisation follows the neighbours and bond orders.
 */
import { Molecule as OclMolecule } from "openchemlib";
import type { Bond } from "./molecule.ts";

/** 0 hydrogen and single atoms, 1 sp, 2 sp², 3 sp³. */
export type Hybridisation = 0 | 1 | 2 | 3;

/** Hop count of pairs more than three bonds apart. */
export const FAR = 4;

/** A molecular graph with what chemistry says of its atoms and bonds. */
export interface Topology {
  /** Nuclear charges. [N] */
  readonly atomicNumbers: Uint8Array;
  /** In units of e. [N] */
  readonly formalCharges: Int8Array;
  /** Orders of one Kekulé structure: 1, 2 or 3. */
  readonly bonds: readonly Bond[];
  /** 1 for aromatic bonds. [bonds] */
  readonly aromaticBonds: Uint8Array;
  /** 1 for aromatic atoms. [N] */
  readonly aromaticAtoms: Uint8Array;
  readonly hybridisation: readonly Hybridisation[];
  /** Size of the smallest ring (up to 7) that an atom is in, 0 outside of rings. [N] */
  readonly ringSizes: Uint8Array;
  /** Rings of up to seven atoms. */
  readonly rings: readonly (readonly number[])[];
  /** Bonds between two atoms on the shortest way, FAR for more than three. [N, N] */
  readonly hops: Uint8Array;
  /** Bonded atoms of each atom, ascending. */
  readonly neighbours: readonly (readonly number[])[];
}

/** What a topology is made from; bond orders 1, 2, 3 (a Kekulé structure). */
export interface BondedAtoms {
  readonly atomicNumbers: Uint8Array;
  readonly formalCharges?: Int8Array;
  readonly bonds: readonly Bond[];
}

/** The topology of a molecule with all its hydrogens as atoms. */
export function topologyOf({ atomicNumbers, formalCharges, bonds }: BondedAtoms): Topology {
  const n = atomicNumbers.length;
  const charges = formalCharges ?? new Int8Array(n);
  const { ocl, ...places } = toOpenChemLib({ atomicNumbers, formalCharges: charges, bonds });
  const ringSet = ocl.getRingSet();
  const ours = new Int32Array(n);
  places.atoms.forEach((place, i) => {
    ours[place] = i;
  });
  const rings = Array.from({ length: ringSet.getSize() }, (_, r) =>
    ringSet.getRingAtoms(r).map((place) => ours[place]),
  );
  const ringSizes = new Uint8Array(n);
  for (const ring of rings) {
    for (const atom of ring) {
      if (ringSizes[atom] === 0 || ring.length < ringSizes[atom]) ringSizes[atom] = ring.length;
    }
  }
  const aromaticAtoms = Uint8Array.from(places.atoms, (place) => Number(ocl.isAromaticAtom(place)));
  const aromaticBonds = Uint8Array.from(places.bonds, (place) => Number(ocl.isAromaticBond(place)));
  const neighbours = neighbourLists(n, bonds);
  return {
    atomicNumbers,
    formalCharges: charges,
    bonds,
    aromaticBonds,
    aromaticAtoms,
    hybridisation: hybridisations(atomicNumbers, bonds, aromaticAtoms, neighbours),
    ringSizes,
    rings,
    hops: hopCounts(neighbours),
    neighbours,
  };
}

/** A molecule as OpenChemLib holds it, and which of its atoms and bonds are which of ours. */
export interface OpenChemLibMolecule {
  readonly ocl: OclMolecule;
  /** Our atom i is OpenChemLib's atom `atoms[i]`. [N] */
  readonly atoms: Int32Array;
  /** Our bond b is OpenChemLib's bond `bonds[b]`. */
  readonly bonds: Int32Array;
}

/**
 * The molecule for OpenChemLib, rings perceived. Hydrogens and their bonds come last, where OpenChemLib would move
 * them by itself without telling.
 */
export function toOpenChemLib({ atomicNumbers, formalCharges, bonds }: BondedAtoms): OpenChemLibMolecule {
  const ocl = new OclMolecule(atomicNumbers.length, bonds.length);
  const atoms = new Int32Array(atomicNumbers.length);
  const places = new Int32Array(bonds.length);
  const light = (z: number): boolean => z === 1;
  for (const hydrogens of [false, true]) {
    atomicNumbers.forEach((z, i) => {
      if (light(z) === hydrogens) atoms[i] = ocl.addAtom(z);
    });
  }
  for (const hydrogens of [false, true]) {
    bonds.forEach(({ i, j, order }, b) => {
      if ((light(atomicNumbers[i]) || light(atomicNumbers[j])) !== hydrogens) return;
      places[b] = ocl.addBond(atoms[i], atoms[j]);
      ocl.setBondOrder(places[b], order);
    });
  }
  formalCharges?.forEach((charge, i) => {
    if (charge !== 0) ocl.setAtomCharge(atoms[i], charge);
  });
  ocl.ensureHelperArrays(OclMolecule.cHelperRings);
  return { ocl, atoms, bonds: places };
}

/** Bonded atoms of each atom, ascending. */
export function neighbourLists(n: number, bonds: readonly Bond[]): number[][] {
  const lists = Array.from({ length: n }, (): number[] => []);
  for (const { i, j } of bonds) {
    lists[i].push(j);
    lists[j].push(i);
  }
  for (const list of lists) list.sort((a, b) => a - b);
  return lists;
}

function hopCounts(neighbours: readonly (readonly number[])[]): Uint8Array {
  const n = neighbours.length;
  const hops = new Uint8Array(n * n).fill(FAR);
  for (let start = 0; start < n; start++) {
    hops[start * n + start] = 0;
    let shell = [start];
    for (let distance = 1; distance < FAR; distance++) {
      const next: number[] = [];
      for (const atom of shell) {
        for (const other of neighbours[atom]) {
          if (hops[start * n + other] <= distance) continue;
          hops[start * n + other] = distance;
          next.push(other);
        }
      }
      shell = next;
    }
  }
  return hops;
}

function hybridisations(
  atomicNumbers: Uint8Array,
  bonds: readonly Bond[],
  aromatic: Uint8Array,
  neighbours: readonly (readonly number[])[],
): Hybridisation[] {
  const doubles = new Uint8Array(atomicNumbers.length);
  const triples = new Uint8Array(atomicNumbers.length);
  for (const { i, j, order } of bonds) {
    for (const atom of [i, j]) {
      if (order === 2) doubles[atom]++;
      if (order === 3) triples[atom]++;
    }
  }
  const planar = (atom: number): boolean =>
    neighbours[atom].length <= 3 && (aromatic[atom] === 1 || doubles[atom] === 1);
  return Array.from(atomicNumbers, (z, atom): Hybridisation => {
    if (z === 1 || neighbours[atom].length === 0) return 0;
    if (neighbours[atom].length <= 2 && (triples[atom] > 0 || doubles[atom] > 1)) return 1;
    if (planar(atom)) return 2;
    // a lone pair beside a π system takes part in it
    const lonePair = (z === 7 || z === 8) && neighbours[atom].length <= 3;
    return lonePair && neighbours[atom].some((other) => z === 7 && planar(other)) ? 2 : 3;
  });
}

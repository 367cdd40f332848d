/**
 * Many molecules in a few flat arrays: what a data set holds in memory and on disk. Molecule m owns the atoms
 * offsets[m] … offsets[m+1]. Ragged, so nothing is padded until a batch is made.
 */

import type { Molecule } from "../chem/molecule.ts";

/** M molecules with A atoms in all. */
export interface MoleculeSet {
  /** Cartesian positions in Å, row-major. [A, 3] */
  readonly positions: Float64Array;
  /** Nuclear charges Z. [A] */
  readonly atomicNumbers: Uint8Array;
  /** First atom of each molecule, and at the end A. [M+1] */
  readonly offsets: Uint32Array;
  /** Forces in the unit of the files they came from, NaN where unknown; absent where no molecule has any. [A, 3] */
  readonly forces?: Float64Array;
  /** Scalar properties by name, NaN where unknown. [M] each */
  readonly properties: Readonly<Record<string, Float64Array>>;
}

/** Number of molecules. */
export const setSize = (set: MoleculeSet): number => set.offsets.length - 1;

/** Number of atoms of molecule `i`. */
export const atomsOf = (set: MoleculeSet, i: number): number => set.offsets[i + 1] - set.offsets[i];

/** Number of atoms of every molecule. [M] */
export function sizesOf(set: MoleculeSet): Uint32Array {
  return Uint32Array.from({ length: setSize(set) }, (_, i) => atomsOf(set, i));
}

/** Molecule `i` as a value of its own (copies), with the properties that are known of it. */
export function moleculeAt(set: MoleculeSet, i: number): Molecule {
  if (!(i >= 0 && i < setSize(set))) throw new RangeError(`molecule ${i} of a set of ${setSize(set)}`);
  const begin = set.offsets[i];
  const end = set.offsets[i + 1];
  const properties: Record<string, number> = {};
  for (const [name, column] of Object.entries(set.properties)) {
    if (!Number.isNaN(column[i])) properties[name] = column[i];
  }
  return {
    atomicNumbers: set.atomicNumbers.slice(begin, end),
    positions: set.positions.slice(3 * begin, 3 * end),
    ...(set.forces && end > begin && !Number.isNaN(set.forces[3 * begin])
      ? { forces: set.forces.slice(3 * begin, 3 * end) }
      : {}),
    ...(Object.keys(properties).length > 0 ? { properties } : {}),
  };
}

/** Every molecule in turn. */
export function* moleculesOf(set: MoleculeSet): Generator<Molecule> {
  for (let i = 0; i < setSize(set); i++) yield moleculeAt(set, i);
}

/** The molecules at the given indices, in that order (copies). */
export function subset(set: MoleculeSet, indices: ArrayLike<number>): MoleculeSet {
  const count = indices.length;
  const offsets = new Uint32Array(count + 1);
  for (let k = 0; k < count; k++) offsets[k + 1] = offsets[k] + atomsOf(set, indices[k]);
  const positions = new Float64Array(3 * offsets[count]);
  const forces = set.forces && new Float64Array(positions.length);
  const atomicNumbers = new Uint8Array(offsets[count]);
  for (let k = 0; k < count; k++) {
    const begin = set.offsets[indices[k]];
    const end = set.offsets[indices[k] + 1];
    positions.set(set.positions.subarray(3 * begin, 3 * end), 3 * offsets[k]);
    if (set.forces) forces?.set(set.forces.subarray(3 * begin, 3 * end), 3 * offsets[k]);
    atomicNumbers.set(set.atomicNumbers.subarray(begin, end), offsets[k]);
  }
  const properties: Record<string, Float64Array> = {};
  for (const [name, column] of Object.entries(set.properties)) {
    properties[name] = Float64Array.from({ length: count }, (_, k) => column[indices[k]]);
  }
  return { positions, atomicNumbers, offsets, ...(forces && { forces }), properties };
}

/** The sets one after the other; properties and forces that a set does not have are NaN there. */
export function concatenate(sets: readonly MoleculeSet[]): MoleculeSet {
  const molecules = sets.reduce((sum, set) => sum + setSize(set), 0);
  const atoms = sets.reduce((sum, set) => sum + set.atomicNumbers.length, 0);
  const positions = new Float64Array(3 * atoms);
  const atomicNumbers = new Uint8Array(atoms);
  const offsets = new Uint32Array(molecules + 1);
  const forces = sets.some((set) => set.forces) ? new Float64Array(3 * atoms).fill(Number.NaN) : undefined;
  const properties: Record<string, Float64Array> = {};
  for (const name of new Set(sets.flatMap((set) => Object.keys(set.properties)))) {
    properties[name] = new Float64Array(molecules).fill(Number.NaN);
  }
  let molecule = 0;
  let atom = 0;
  for (const set of sets) {
    positions.set(set.positions, 3 * atom);
    if (set.forces) forces?.set(set.forces, 3 * atom);
    atomicNumbers.set(set.atomicNumbers, atom);
    for (let i = 0; i <= setSize(set); i++) offsets[molecule + i] = atom + set.offsets[i];
    for (const [name, column] of Object.entries(set.properties)) properties[name].set(column, molecule);
    molecule += setSize(set);
    atom += set.atomicNumbers.length;
  }
  return { positions, atomicNumbers, offsets, ...(forces && { forces }), properties };
}

/** Collects molecules one by one in arrays that grow by doubling. */
export interface MoleculeSetBuilder {
  readonly add: (molecule: Molecule) => void;
  /** Molecules so far. */
  readonly size: () => number;
  /** The set of what was added. The builder must not be used afterwards. */
  readonly finish: () => MoleculeSet;
}

/**
 * An empty builder. Of the properties of a molecule, finite numbers become columns; strings, logicals and
 * arrays are left out. Bonds and charges are left out as well.
 */
export function moleculeSetBuilder(): MoleculeSetBuilder {
  let positions = new Float64Array(3 * 1024);
  let atomicNumbers = new Uint8Array(1024);
  let offsets = new Uint32Array(256);
  let forces: Float64Array | undefined;
  const columns = new Map<string, Float64Array>();
  let molecules = 0;
  let atoms = 0;

  const add = (molecule: Molecule): void => {
    const n = molecule.atomicNumbers.length;
    if (atoms + n > 0xffffffff) throw new RangeError("a data set holds at most 4,294,967,295 atoms");
    if (atoms + n > atomicNumbers.length) {
      const capacity = Math.max(2 * atomicNumbers.length, atoms + n);
      positions = grown(positions, new Float64Array(3 * capacity));
      atomicNumbers = grown(atomicNumbers, new Uint8Array(capacity));
      forces &&= grown(forces, new Float64Array(3 * capacity).fill(Number.NaN));
    }
    if (molecules + 2 > offsets.length) {
      offsets = grown(offsets, new Uint32Array(2 * offsets.length));
      for (const [name, column] of columns) {
        columns.set(name, grown(column, new Float64Array(offsets.length).fill(Number.NaN)));
      }
    }
    positions.set(molecule.positions, 3 * atoms);
    if (molecule.forces) {
      forces ??= new Float64Array(positions.length).fill(Number.NaN);
      forces.set(molecule.forces, 3 * atoms);
    }
    atomicNumbers.set(molecule.atomicNumbers, atoms);
    for (const [name, value] of Object.entries(molecule.properties ?? {})) {
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      let column = columns.get(name);
      if (column === undefined) {
        column = new Float64Array(offsets.length).fill(Number.NaN);
        columns.set(name, column);
      }
      column[molecules] = value;
    }
    atoms += n;
    molecules++;
    offsets[molecules] = atoms;
  };

  const finish = (): MoleculeSet => ({
    positions: positions.slice(0, 3 * atoms),
    atomicNumbers: atomicNumbers.slice(0, atoms),
    offsets: offsets.slice(0, molecules + 1),
    ...(forces && { forces: forces.slice(0, 3 * atoms) }),
    properties: Object.fromEntries([...columns].map(([name, column]) => [name, column.slice(0, molecules)])),
  });

  return { add, size: () => molecules, finish };
}

/** The set of the given molecules; see `moleculeSetBuilder` for what is kept. */
export function fromMolecules(molecules: Iterable<Molecule>): MoleculeSet {
  const builder = moleculeSetBuilder();
  for (const molecule of molecules) builder.add(molecule);
  return builder.finish();
}

function grown<A extends Float64Array | Uint8Array | Uint32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/**
 * minimol: the built-in data set, for machines without network and for tests. Small molecules of H, C, N, O, F
 * are drawn (minimol-graphs.ts), embedded (embedding.ts) and relaxed with OpenChemLib's MMFF94 (Halgren 1996). A pure function of (seed, count): molecule by molecule, the same bytes.
 */

import { ForceFieldMMFF94, Molecule as OclMolecule, Resources } from "openchemlib";
import type { Bond, BondOrder, Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { type Stream, stream } from "../math/random.ts";
import type { DatasetInfo } from "./dataset-info.ts";
import { embedByDistances } from "./embedding.ts";
import { drawGraph, isReasonable, toOpenChemLib } from "./minimol-graphs.ts";
import { type MoleculeSet, moleculeSetBuilder, subset } from "./molecule-set.ts";
import { type DatasetPlace, holdingDataset, writeDataset } from "./store.ts";

/** Size and seed of the built-in data. */
export interface MinimolOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Molecules, default 2,500. */
  readonly count?: number;
  /** Told of every molecule that is made. */
  readonly onProgress?: (made: number, count: number) => void;
}

/** The molecules of minimol and what was thrown away on the way. */
export interface Minimol {
  readonly molecules: MoleculeSet;
  /** Drawn, new and reasonable, but not embedded or not relaxed. */
  readonly failed: number;
}

const FEWEST_HEAVY_ATOMS = 3;
const MOST_HEAVY_ATOMS = 7;
/** Including hydrogens. */
const MOST_ATOMS = 20;
/** Ten times OpenChemLib's own: a third faster, and energies within 0.001 kcal/mol of those. */
const TOLERANCES = { gradTol: 1e-3, funcTol: 1e-5 };

/** Draws, embeds and relaxes `count` different molecules of at most 20 atoms; takes a breath after each. */
export async function minimolMolecules(options: MinimolOptions = {}): Promise<Minimol> {
  const { seed = 0, count = 2_500, onProgress } = options;
  Resources.registerFromNodejs();
  const seen = new Set<string>();
  const builder = moleculeSetBuilder();
  let failed = 0;
  for (let index = 0; builder.size() < count; index++) {
    if (index > 10_000 * (count + 1))
      throw new InputError(`minimol has no ${count} different molecules; ask for fewer`);
    const random = stream({ seed, purpose: "dataset", index });
    const heavyAtoms = FEWEST_HEAVY_ATOMS + random.integer(MOST_HEAVY_ATOMS - FEWEST_HEAVY_ATOMS + 1);
    const graph = drawGraph(heavyAtoms, random);
    if (graph === undefined || !isReasonable(graph)) continue;
    const molecule = toOpenChemLib(graph);
    const identity = molecule.getIDCode();
    if (seen.has(identity)) continue;
    seen.add(identity);
    molecule.addImplicitHydrogens();
    if (molecule.getAllAtoms() > MOST_ATOMS) continue;
    const relaxed = relaxedConformer(molecule, random);
    if (relaxed === undefined) {
      failed++;
      continue;
    }
    builder.add(relaxed);
    onProgress?.(builder.size(), count);
    await new Promise(setImmediate); // an interruption is heard
  }
  return { molecules: builder.finish(), failed };
}

/** One conformer at a minimum of MMFF94; undefined when it cannot be embedded or relaxed. */
function relaxedConformer(molecule: OclMolecule, random: Stream): Molecule | undefined {
  molecule.ensureHelperArrays(OclMolecule.cHelperRings);
  const n = molecule.getAllAtoms();
  const atomicNumbers = Uint8Array.from({ length: n }, (_, i) => molecule.getAtomicNo(i));
  const bonds = Array.from(
    { length: molecule.getAllBonds() },
    (_, b): Bond => ({
      i: molecule.getBondAtom(0, b),
      j: molecule.getBondAtom(1, b),
      order: molecule.getBondOrder(b) as BondOrder,
    }),
  );
  const ringSet = molecule.getRingSet();
  const rings = Array.from({ length: ringSet.getSize() }, (_, r) => ringSet.getRingAtoms(r));
  const start = embedByDistances({ atomicNumbers, bonds, rings }, random);
  if (start === undefined) return undefined;
  for (let i = 0; i < n; i++) {
    molecule.setAtomX(i, start[3 * i]);
    molecule.setAtomY(i, start[3 * i + 1]);
    molecule.setAtomZ(i, start[3 * i + 2]);
  }
  let energy: number;
  try {
    const field = new ForceFieldMMFF94(molecule, ForceFieldMMFF94.MMFF94);
    if (field.minimise(TOLERANCES) !== 0) return undefined;
    energy = field.getTotalEnergy();
  } catch {
    return undefined; // MMFF94 has no parameters for an atom
  }
  const positions = Float64Array.from({ length: 3 * n }, (_, k) => {
    const atom = Math.floor(k / 3);
    return [molecule.getAtomX(atom), molecule.getAtomY(atom), molecule.getAtomZ(atom)][k % 3];
  });
  return positions.every(Number.isFinite)
    ? { atomicNumbers, positions, properties: { mmff94: energy } }
    : undefined;
}

/** Where to write minimol. */
export interface MakeMinimolOptions extends MinimolOptions, DatasetPlace {
  /** Default "minimol". */
  readonly name?: string;
}

/** Makes minimol and writes it as a data set: of every ten molecules eight train, one validates, one tests. */
export const makeMinimol = (options: MakeMinimolOptions = {}): Promise<DatasetInfo> =>
  holdingDataset({ ...options, name: options.name ?? "minimol" }, () => makeHeld(options));

async function makeHeld(options: MakeMinimolOptions): Promise<DatasetInfo> {
  const { name = "minimol", seed = 0, count = 2_500, home, replace = false } = options;
  if (!Number.isInteger(count) || count < 10)
    throw new InputError(`count must be a whole number ≥ 10, got ${count}`);
  const { molecules, failed } = await minimolMolecules(options);
  const part = (belongs: (digit: number) => boolean): MoleculeSet =>
    subset(
      molecules,
      Array.from({ length: count }, (_, i) => i).filter((i) => belongs(i % 10)),
    );
  return writeDataset({
    name,
    home,
    replace,
    held: true,
    train: part((digit) => digit < 8),
    valid: part((digit) => digit === 8),
    test: part((digit) => digit === 9),
    units: { mmff94: "kcal/mol" },
    provenance: {
      command: "data make minimol",
      sources: [],
      options: { seed, count },
      dropped: { notEmbedded: failed },
    },
  });
}

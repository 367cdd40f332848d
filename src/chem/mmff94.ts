/** MMFF94 (Halgren 1996) and conformers made by rules, both by OpenChemLib. Energies in kcal/mol. */
import { ConformerGenerator, ForceFieldMMFF94, Molecule as OclMolecule, Resources } from "openchemlib";
import { type BondedAtoms, type OpenChemLibMolecule, toOpenChemLib } from "./topology.ts";

let registered = false;

/**
 * Fetches OpenChemLib's tables, where they cannot be read from disk: a page awaits this before it asks for MMFF94.
 * @param url of `resources.json` of openchemlib; a bundler finds it by itself
 */
export async function fetchMmff94(url?: string): Promise<void> {
  await Resources.registerFromUrl(url);
  registered = true;
}

/** OpenChemLib's tables, read from disk the first time. */
export function registerResources(): void {
  if (!registered) Resources.registerFromNodejs();
  registered = true;
}

/** A structure at a minimum of MMFF94. */
export interface Relaxed {
  /** In Å. [N, 3] */
  readonly positions: Float64Array;
  /** kcal/mol */
  readonly energy: number;
}

/** The MMFF94 energy of a structure [N, 3] in Å, in kcal/mol; undefined where MMFF94 lacks parameters for an atom. */
export function mmff94Energy(molecule: BondedAtoms, positions: Float64Array): number | undefined {
  return fieldOf(molecule, positions)?.field.getTotalEnergy();
}

/** The nearest minimum of MMFF94 from positions [N, 3] in Å; undefined where it lacks parameters or does not converge. */
export function relaxMmff94(molecule: BondedAtoms, positions: Float64Array): Relaxed | undefined {
  const made = fieldOf(molecule, positions);
  if (made === undefined) return undefined;
  try {
    made.field.minimise({ maxIts: 1000, gradTol: 1e-3, funcTol: 1e-5 });
  } catch {
    return undefined;
  }
  const energy = made.field.getTotalEnergy();
  const relaxed = positionsOf(made);
  return Number.isFinite(energy) && relaxed.every(Number.isFinite)
    ? { positions: relaxed, energy }
    : undefined;
}

function fieldOf(molecule: BondedAtoms, positions: Float64Array) {
  registerResources();
  const made = toOpenChemLib(molecule);
  setPositions(made, positions);
  try {
    return { ...made, field: new ForceFieldMMFF94(made.ocl, ForceFieldMMFF94.MMFF94) };
  } catch {
    return undefined;
  }
}

type Placed = Pick<OpenChemLibMolecule, "ocl" | "atoms">;

function setPositions({ ocl, atoms }: Placed, positions: Float64Array): void {
  atoms.forEach((place, i) => {
    ocl.setAtomX(place, positions[3 * i]);
    ocl.setAtomY(place, positions[3 * i + 1]);
    ocl.setAtomZ(place, positions[3 * i + 2]);
  });
}

const positionsOf = ({ ocl, atoms }: Placed): Float64Array =>
  Float64Array.from(
    [...atoms].flatMap((place) => [ocl.getAtomX(place), ocl.getAtomY(place), ocl.getAtomZ(place)]),
  );

/**
 * Conformers by OpenChemLib's generator (rigid fragments joined by torsions from crystals), each relaxed with MMFF94:
 * the cheap way that a learned model is to be compared with. May find fewer than asked for.
 * @param like a structure whose handedness and double bonds are taken over
 */
export function ruleBasedConformers(
  molecule: BondedAtoms,
  count: number,
  seed: number,
  like: Float64Array,
): Float64Array[] {
  registerResources();
  const { ocl, atoms } = toOpenChemLib(molecule);
  setPositions({ ocl, atoms }, like);
  ocl.ensureHelperArrays(OclMolecule.cHelperCIP); // parities from positions
  const generator = new ConformerGenerator(seed);
  if (!generator.initializeConformers(ocl, { maxTorsionSets: Math.max(1000, 20 * count) })) return [];
  const found: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const next = generator.getNextConformerAsMolecule();
    if (next === null) break;
    const positions = positionsOf({ ocl: next, atoms });
    found.push(relaxMmff94(molecule, positions)?.positions ?? positions);
  }
  return found;
}

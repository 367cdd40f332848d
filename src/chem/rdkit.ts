/**
 * RDKit as WebAssembly (@rdkit/rdkit), loaded once on first use, for what the field measures with it: validity and
 * uniqueness as published with EDM (Hoogeboom et al. 2022; qm9/rdkit_functions.py). The graph has every atom, H
 * too, and the perceived bonds; RDKit sanitizes the whole, the SMILES is that of the largest fragment, and
 * under-valent atoms silently get implicit hydrogens, as there. Graphs go in as V3000 molblocks with all atoms
 * at the origin, so no stereochemistry is read from positions, and with removeHs off.
 */

import type * as RdkitPackage from "@rdkit/rdkit";
import { WorkError } from "../errors.ts";
import { symbolOf } from "./elements.ts";
import type { Bond, Molecule } from "./molecule.ts";
import { components } from "./perception.ts";

/** A loaded RDKit. */
export type Rdkit = RdkitPackage.MainModule;

let loading: Promise<Rdkit> | undefined;

/** Not resolved when this is bundled: the package reaches for Node's modules, which no bundler has for a page. */
const PACKAGE = "@rdkit/rdkit";

/**
 * Loads RDKit, the first time only (about half a second). A page has the script `RDKit_minimal.js` of @rdkit/rdkit run
 * before, which defines `initRDKitModule`.
 * @param locateFile where a page finds `RDKit_minimal.wasm`, if not beside that script
 * @throws WorkError when it cannot be loaded
 */
export function loadRdkit(locateFile?: (file: string) => string): Promise<Rdkit> {
  loading ??= start(locateFile).catch((cause: unknown) => {
    loading = undefined;
    throw new WorkError(
      "RDKit could not be loaded; is @rdkit/rdkit installed completely (`npm ci`), or its RDKit_minimal.js in the page?",
      { cause },
    );
  });
  return loading;
}

async function start(locateFile: ((file: string) => string) | undefined): Promise<Rdkit> {
  const { initRDKitModule } = globalThis as {
    readonly initRDKitModule?: typeof RdkitPackage.default.default;
  };
  const initialize = initRDKitModule ?? ((await import(PACKAGE)) as typeof RdkitPackage).default.default;
  const quiet = (): void => {};
  const rdkit = await initialize({
    print: quiet,
    printErr: quiet,
    ...(locateFile === undefined ? {} : { locateFile }),
  });
  rdkit.disable_logging();
  return rdkit;
}

/** The largest molecule handed to RDKit: it walks graphs by recursion, and WebAssembly's stack is small. */
export const RDKIT_MAX_ATOMS = 1000;

/** A molecule that RDKit's WebAssembly stack has no room for. The module is lost with it: load another. */
export class RdkitOverflow extends WorkError {}

const KEEP_HYDROGENS = JSON.stringify({ removeHs: false });
const REMOVE_HYDROGENS = JSON.stringify({ removeHs: true });

/**
 * Canonical SMILES of the molecule's largest fragment by number of atoms, explicit hydrogens kept as atoms, or
 * null when RDKit cannot sanitize the molecule (a valence too high, no Kekulé structure) or when it has no atoms.
 * Of several largest fragments the one with the first atom counts.
 * @param bonds the graph; positions, formal charges and `molecule.bonds` play no part
 * @param part "whole" for the SMILES of all fragments, which the published reference set is made of
 * @throws RdkitOverflow for more than RDKIT_MAX_ATOMS atoms, and where fewer already overflow RDKit's stack
 */
export function sanitizedSmiles(
  rdkit: Rdkit,
  molecule: Molecule,
  bonds: readonly Bond[],
  part: "largest" | "whole" = "largest",
): string | null {
  const atoms = molecule.atomicNumbers.length;
  if (atoms === 0 || overfull(molecule.atomicNumbers, bonds)) return null;
  if (atoms > RDKIT_MAX_ATOMS)
    throw new RdkitOverflow(`${atoms} atoms are too many for RDKit (${RDKIT_MAX_ATOMS})`);
  const whole = smilesOf(rdkit, connectionTable(molecule.atomicNumbers, bonds));
  if (whole === null || part === "whole") return whole;
  const fragment = largestFragment(components(atoms, bonds));
  if (fragment.length === atoms) return whole;
  const place = new Map(fragment.map((atom, k): [number, number] => [atom, k]));
  return smilesOf(
    rdkit,
    connectionTable(
      Uint8Array.from(fragment, (atom) => molecule.atomicNumbers[atom]),
      bonds
        .filter(({ i }) => place.has(i))
        .map(({ i, j, order }) => ({ i: place.get(i)!, j: place.get(j)!, order })),
    ),
  );
}

/**
 * Whether RDKit sanitizes a molblock (V2000 or V3000), charges included: "can other programs read this record?".
 */
export function sanitizes(rdkit: Rdkit, molblock: string): boolean {
  return smilesOf(rdkit, molblock) !== null;
}

/**
 * SMILES as people write it: hydrogens implied, charges and stereochemistry as the record (a molblock with bonds and
 * positions) has them. Null when RDKit cannot sanitize it.
 */
export function readableSmiles(rdkit: Rdkit, molblock: string): string | null {
  return smilesOf(rdkit, molblock, REMOVE_HYDROGENS);
}

// Valences RDKit never lets a neutral atom exceed, whatever its clean-up does, as long as no metal is near.
const MOST_BONDS: Readonly<Record<number, number>> = { 1: 1, 6: 4, 7: 5, 8: 2, 9: 1 };
const NON_METALS = new Set([1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 33, 34, 35, 53]);

/**
 * Whether some atom has more bonds than RDKit can accept. It would say so itself, but only after a ring
 * search that takes minutes for the tangles an untrained model makes.
 */
function overfull(atomicNumbers: Uint8Array, bonds: readonly Bond[]): boolean {
  if (!atomicNumbers.every((z) => NON_METALS.has(z))) return false;
  const sums = new Float64Array(atomicNumbers.length);
  for (const { i, j, order } of bonds) {
    const electrons = order === 4 ? 1 : order;
    sums[i] += electrons;
    sums[j] += electrons;
  }
  return sums.some((sum, i) => sum > (MOST_BONDS[atomicNumbers[i]] ?? 8));
}

function smilesOf(rdkit: Rdkit, molblock: string, reading = KEEP_HYDROGENS): string | null {
  try {
    const mol = rdkit.get_mol(molblock, reading);
    if (mol === null) return null;
    const smiles = mol.get_smiles();
    mol.delete();
    return smiles;
  } catch (cause) {
    loading = undefined;
    throw new RdkitOverflow("RDKit's WebAssembly module broke down on this molecule", { cause });
  }
}

function largestFragment(component: Int32Array): number[] {
  const sizes = new Int32Array(component.length);
  for (const c of component) sizes[c]++;
  const largest = sizes.indexOf(Math.max(...sizes));
  return Array.from(component.keys()).filter((atom) => component[atom] === largest);
}

/** V3000 molblock of a graph, all atoms at the origin. */
function connectionTable(atomicNumbers: Uint8Array, bonds: readonly Bond[]): string {
  const lines = [
    "",
    "",
    "",
    "  0  0  0     0  0            999 V3000",
    "M  V30 BEGIN CTAB",
    `M  V30 COUNTS ${atomicNumbers.length} ${bonds.length} 0 0 0`,
    "M  V30 BEGIN ATOM",
  ];
  atomicNumbers.forEach((z, i) => {
    lines.push(`M  V30 ${i + 1} ${symbolOf(z)} 0 0 0 0`);
  });
  lines.push("M  V30 END ATOM", "M  V30 BEGIN BOND");
  bonds.forEach(({ i, j, order }, k) => {
    lines.push(`M  V30 ${k + 1} ${order} ${i + 1} ${j + 1}`);
  });
  lines.push("M  V30 END BOND", "M  V30 END CTAB", "M  END", "");
  return lines.join("\n");
}

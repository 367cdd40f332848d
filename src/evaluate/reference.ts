/**
 * What generated molecules are compared with: the SMILES of a data set, for novelty, and its histograms of atom
 * types, sizes and structure. As published with EDM, a reference SMILES is that of the whole molecule, from the bonds its
 * geometry shows; training molecules that RDKit refuses are left out of the set.
 */

import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { perceiveBonds } from "../chem/perception.ts";
import { loadRdkit, RdkitOverflow, sanitizedSmiles } from "../chem/rdkit.ts";
import { radiusOfGyration, type StructureHistograms, structureCounter } from "./distributions.ts";
import { type Histogram, tally } from "./histogram.ts";
import { type RuleChoice, ruleFor, validityBonds } from "./rule.ts";

/** A data set as metrics see it. */
export interface Reference {
  readonly molecules: number;
  readonly smiles: ReadonlySet<string>;
  /** Atoms by element symbol. */
  readonly atomTypes: Histogram;
  /** Molecules by number of atoms. */
  readonly sizes: Histogram;
  readonly structure: StructureHistograms;
  /** Mean over the molecules, Å. */
  readonly radiusOfGyration: number;
}

/**
 * Reads a data set once. About 4,000 molecules of QM9 a second; keep the result where it is needed again.
 * @param options `onProgress` is called with the number of molecules so far, every 1,000
 */
export async function buildReference(
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  options: { readonly rule?: RuleChoice; readonly onProgress?: (molecules: number) => void } = {},
): Promise<Reference> {
  let rdkit = await loadRdkit();
  const smiles = new Set<string>();
  const atomTypes: Record<string, number> = {};
  const sizes: Record<string, number> = {};
  const structure = structureCounter();
  let [count, radii] = [0, 0];
  for await (const molecule of molecules) {
    count++;
    radii += radiusOfGyration(molecule.positions);
    tally(sizes, molecule.atomicNumbers.length);
    for (const z of molecule.atomicNumbers) tally(atomTypes, symbolOf(z));
    const rule = ruleFor(molecule, options.rule ?? "auto");
    const bonds = perceiveBonds(molecule, rule);
    structure.add(molecule, bonds);
    try {
      const found = sanitizedSmiles(rdkit, molecule, validityBonds(bonds, rule), "whole");
      if (found !== null) smiles.add(found);
    } catch (error) {
      if (!(error instanceof RdkitOverflow)) throw error;
      rdkit = await loadRdkit();
    }
    if (count % 1000 === 0) options.onProgress?.(count);
  }
  return {
    molecules: count,
    smiles,
    atomTypes,
    sizes,
    structure: structure.histograms(),
    radiusOfGyration: radii / count,
  };
}

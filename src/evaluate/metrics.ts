/**
 * What a set of molecules is worth, each number with its counts. Stability, validity, uniqueness and novelty are as
 * published with EDM (Hoogeboom et al. 2022, section 5), so that numbers compare; connectedness, geometry and the
 * distances of distributions beside them were tuned by nobody. Works on a stream: memory holds one molecule and
 * the set of SMILES. Deviations: see stability.ts; molecules too large for RDKit count as not valid.
 */

import { allowedValences } from "../chem/bond-tables.ts";
import { closedShellStability } from "../chem/electrons/closed-shells.ts";
import { symbolOf } from "../chem/elements.ts";
import { checkGeometry, passesAll } from "../chem/geometry.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import { perceiveBonds } from "../chem/perception.ts";
import { loadRdkit, type Rdkit, RdkitOverflow, sanitizedSmiles } from "../chem/rdkit.ts";
import { valenceStability } from "../chem/stability.ts";
import { totalVariation, wasserstein } from "./distances.ts";
import {
  radiusOfGyration,
  type StructureHistograms,
  structureCounter,
  structureDistance,
} from "./distributions.ts";
import { type Histogram, tally } from "./histogram.ts";
import type { Reference } from "./reference.ts";
import { type RuleChoice, ruleFor, validityBonds } from "./rule.ts";

export { buildReference, type Reference } from "./reference.ts";

/** `count` of `of`; the fraction of nothing is null. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly fraction: number | null;
}

/** Molecules in which every bond, angle, contact … passes (chem/geometry.ts). */
export interface GeometryShares {
  readonly bondLengths: Share;
  readonly bondAngles: Share;
  readonly noClashes: Share;
  readonly noOverlap: Share;
  /** All of these, and connected. */
  readonly passesAll: Share;
}

/** Distances to the reference, 0 for equal histograms. */
export interface ReferenceDistances {
  readonly molecules: number;
  readonly atomTypesTotalVariation: number | null;
  readonly sizesTotalVariation: number | null;
  /** In atoms. */
  readonly sizesWasserstein: number | null;
  /** Mean Jensen–Shannon divergences in bits by kind of bond, angle and pair, see distributions.ts. */
  readonly bondLengthsJensenShannon: number | null;
  readonly bondAnglesJensenShannon: number | null;
  readonly pairDistancesJensenShannon: number | null;
  readonly smallestRingsJensenShannon: number | null;
  /** Shares of atoms less those of the reference, by element. */
  readonly elementShares: Readonly<Record<string, number>>;
  /** Mean radius of gyration over that of the reference, less 1. */
  readonly radiusOfGyration: number | null;
}

/** The JSON of `equimol evaluate`. */
export interface Evaluation {
  readonly molecules: number;
  readonly atoms: number;
  /** Which bond rule was applied; "mixed" when "auto" chose both, molecule by molecule. */
  readonly rule: "qm9" | "geom" | "mixed";
  readonly atomStable: Share;
  readonly moleculeStable: Share;
  /** Stability by our own rule, which knows aromatic rings and charges (chem/electrons/closed-shells.ts). */
  readonly closedShell: { readonly atoms: Share; readonly molecules: Share };
  readonly valid: Share;
  /** Different SMILES, of the valid molecules. */
  readonly unique: Share;
  /** SMILES that the reference lacks, of the different ones. Only with a reference. */
  readonly novel?: Share;
  readonly connected: Share;
  readonly geometry: GeometryShares;
  /** Mean over the molecules, every atom counting the same; Å. */
  readonly radiusOfGyration: number | null;
  /** Atoms by element. */
  readonly elements: Histogram;
  /** Molecules by number of atoms. */
  readonly sizes: Histogram;
  /** Atoms of elements that the rule does not know; none of them counts as stable. */
  readonly unsupportedElements: Histogram;
  /** Molecules too large for RDKit, counted as not valid. */
  readonly validityUnchecked: number;
  readonly distances?: ReferenceDistances;
}

/** What was found of one molecule. */
export interface MoleculeVerdict {
  /** By the published rule. */
  readonly stable: boolean;
  /** Stable by our own rule (chem/electrons/closed-shells.ts). */
  readonly closedShell: boolean;
  readonly valid: boolean;
  /** Of the largest fragment; null when not valid. */
  readonly smiles: string | null;
}

/** The rule of bonds, what novelty is measured against, and whom to tell. */
export interface EvaluationOptions {
  readonly rule?: RuleChoice;
  readonly reference?: Reference;
  /** Called for every molecule, in their order. */
  readonly onMolecule?: (verdict: MoleculeVerdict) => void;
  /** Called with the number of molecules so far, every 100. */
  readonly onProgress?: (molecules: number) => void;
}

/**
 * Evaluates molecules one by one: stability by EDM's rule, validity and uniqueness by RDKit, novelty where there is a
 * reference, geometry. Bonds are perceived from the positions, whatever bonds they bring.
 * @returns the counts, ready for JSON
 * @throws WorkError when RDKit cannot be loaded
 */
export async function evaluateMolecules(
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  options: EvaluationOptions = {},
): Promise<Evaluation> {
  let rdkit = await loadRdkit();
  const rules = { qm9: 0, geom: 0 };
  const smiles = new Set<string>();
  const elements: Record<string, number> = {};
  const sizes: Record<string, number> = {};
  const unsupportedElements: Record<string, number> = {};
  const structure = structureCounter();
  const n = {
    molecules: 0,
    atoms: 0,
    stableAtoms: 0,
    stable: 0,
    closedAtoms: 0,
    closed: 0,
    valid: 0,
    connected: 0,
    unchecked: 0,
  };
  let radii = 0;
  const good = { bondLengths: 0, bondAngles: 0, noClashes: 0, noOverlap: 0, all: 0 };

  for await (const molecule of molecules) {
    const rule = ruleFor(molecule, options.rule ?? "auto");
    const bonds = perceiveBonds(molecule, rule);
    rules[rule]++;
    n.molecules++;
    radii += radiusOfGyration(molecule.positions);
    n.atoms += molecule.atomicNumbers.length;
    tally(sizes, molecule.atomicNumbers.length);
    for (const z of molecule.atomicNumbers) {
      tally(elements, symbolOf(z));
      if (allowedValences(z, rule) === undefined) tally(unsupportedElements, symbolOf(z));
    }

    const { stableAtoms, stable } = valenceStability(molecule.atomicNumbers, bonds, rule);
    n.stableAtoms += stableAtoms;
    if (stable) n.stable++;
    const ours = closedShellStability(molecule, bonds, rule);
    n.closedAtoms += ours.stableAtoms;
    if (ours.stable) n.closed++;

    const found = smilesOrOverflow(rdkit, molecule, validityBonds(bonds, rule));
    if (found === "overflow") {
      n.unchecked++;
      rdkit = await loadRdkit();
    } else if (found !== null) {
      n.valid++;
      smiles.add(found.smiles);
    }
    const own = found === null || found === "overflow" ? null : found.smiles;
    options.onMolecule?.({ stable, closedShell: ours.stable, valid: own !== null, smiles: own });

    if (options.reference !== undefined) structure.add(molecule, bonds);

    const check = checkGeometry(molecule, bonds);
    if (check.fragments === 1) n.connected++;
    if (check.badBonds === 0) good.bondLengths++;
    if (check.badAngles === 0) good.bondAngles++;
    if (check.clashes === 0) good.noClashes++;
    if (check.overlaps === 0) good.noOverlap++;
    if (passesAll(check)) good.all++;
    if (n.molecules % 100 === 0) options.onProgress?.(n.molecules);
  }

  const { reference } = options;
  const ofMolecules = (count: number): Share => share(count, n.molecules);
  return {
    molecules: n.molecules,
    atoms: n.atoms,
    rule: ruleReported(options.rule, rules),
    atomStable: share(n.stableAtoms, n.atoms),
    moleculeStable: ofMolecules(n.stable),
    closedShell: { atoms: share(n.closedAtoms, n.atoms), molecules: ofMolecules(n.closed) },
    valid: ofMolecules(n.valid),
    unique: share(smiles.size, n.valid),
    ...(reference === undefined ? {} : { novel: share(novelCount(smiles, reference), smiles.size) }),
    connected: ofMolecules(n.connected),
    geometry: {
      bondLengths: ofMolecules(good.bondLengths),
      bondAngles: ofMolecules(good.bondAngles),
      noClashes: ofMolecules(good.noClashes),
      noOverlap: ofMolecules(good.noOverlap),
      passesAll: ofMolecules(good.all),
    },
    radiusOfGyration: n.molecules === 0 ? null : radii / n.molecules,
    elements,
    sizes,
    unsupportedElements,
    validityUnchecked: n.unchecked,
    ...(reference === undefined
      ? {}
      : { distances: distancesTo(reference, elements, sizes, structure.histograms(), radii / n.molecules) }),
  };
}

function ruleReported(choice: RuleChoice = "auto", used: { readonly qm9: number; readonly geom: number }) {
  if (choice !== "auto") return choice;
  if (used.geom === 0) return "qm9";
  return used.qm9 === 0 ? "geom" : "mixed";
}

/** A count with what it is a count of. */
export function share(count: number, of: number): Share {
  return { count, of, fraction: of === 0 ? null : count / of };
}

function smilesOrOverflow(
  rdkit: Rdkit,
  molecule: Molecule,
  bonds: readonly Bond[],
): { readonly smiles: string } | "overflow" | null {
  try {
    const smiles = sanitizedSmiles(rdkit, molecule, bonds);
    return smiles === null ? null : { smiles };
  } catch (error) {
    if (error instanceof RdkitOverflow) return "overflow";
    throw error;
  }
}

function novelCount(smiles: ReadonlySet<string>, reference: Reference): number {
  let novel = 0;
  for (const one of smiles) if (!reference.smiles.has(one)) novel++;
  return novel;
}

function distancesTo(
  reference: Reference,
  elements: Histogram,
  sizes: Histogram,
  structure: StructureHistograms,
  radius: number,
): ReferenceDistances {
  const atoms = (histogram: Histogram): number =>
    Object.values(histogram).reduce((sum, count) => sum + count, 0);
  const [own, theirs] = [atoms(elements), atoms(reference.atomTypes)];
  const symbols = [...new Set([...Object.keys(reference.atomTypes), ...Object.keys(elements)])];
  return {
    molecules: reference.molecules,
    atomTypesTotalVariation: totalVariation(elements, reference.atomTypes),
    sizesTotalVariation: totalVariation(sizes, reference.sizes),
    sizesWasserstein: wasserstein(sizes, reference.sizes),
    bondLengthsJensenShannon: structureDistance(structure, reference.structure, "bondLengths"),
    bondAnglesJensenShannon: structureDistance(structure, reference.structure, "bondAngles"),
    pairDistancesJensenShannon: structureDistance(structure, reference.structure, "pairDistances"),
    smallestRingsJensenShannon: structureDistance(structure, reference.structure, "smallestRings"),
    elementShares:
      own === 0 || theirs === 0
        ? {}
        : Object.fromEntries(
            symbols.map((symbol) => [
              symbol,
              (elements[symbol] ?? 0) / own - (reference.atomTypes[symbol] ?? 0) / theirs,
            ]),
          ),
    radiusOfGyration: Number.isFinite(radius) ? radius / reference.radiusOfGyration - 1 : null,
  };
}

/** Generated conformers against reference ones, beside rule-based conformers and noise on the same molecules. */
import { type ConformerComparison, conformerComparison } from "../chem/conformer-rmsd.ts";
import { ruleBasedConformers } from "../chem/mmff94.ts";
import { loadRdkit, type Rdkit } from "../chem/rdkit.ts";
import type { BondedAtoms } from "../chem/topology.ts";
import type { Ensemble } from "../data/ensembles.ts";
import { InputError } from "../errors.ts";
import { stream } from "../math/random.ts";
import { center } from "../math/superposition.ts";
import { breath } from "../platform/breath.ts";
import { type Coverage, type CoverageSummary, coverageOf, summarise } from "./conformer-metrics.ts";
import {
  type ComparedEnsemble,
  compared,
  isomericSmiles,
  joined,
  type SameMolecule,
  sameMolecule,
  sortOf,
} from "./same-molecule.ts";

/** Å: for small molecules as in QM9, and the two in use for drug-like ones. */
export const THRESHOLDS: readonly number[] = [0.5, 0.75, 1.25];

/** Thresholds, and what generated conformers are compared with. */
export interface ConformerEvaluationOptions {
  /** Default: THRESHOLDS. */
  readonly thresholds?: readonly number[] | undefined;
  /** Rule-based conformers and noise beside the generated ones; true by default. */
  readonly baselines?: boolean | undefined;
  readonly seed?: number | undefined;
  /** Told after each molecule. */
  readonly onProgress?: (done: number) => void;
  /** Aborted: rejects with its reason before the next molecule. */
  readonly signal?: AbortSignal | undefined;
}

/** COV and MAT over all references, and of each. */
export interface ConformerEvaluation {
  readonly generated: CoverageSummary & {
    /** Generated conformers whose stereochemistry is that of a reference, of those that RDKit can read. */
    readonly stereo: { readonly count: number; readonly of: number };
  };
  /** OpenChemLib's conformers, relaxed with MMFF94; as many as were generated. */
  readonly rules?: CoverageSummary;
  /** Normal noise as wide as the reference. */
  readonly noise?: CoverageSummary;
  /** References without generated conformers; they count as not covered. */
  readonly missing: readonly string[];
  /** Ensembles that are of a molecule that came before, in any drawing: they are one with that. */
  readonly joined: { readonly generated: number; readonly references: number };
  readonly molecules: readonly ({ readonly name: string } & Coverage)[];
}

/**
 * COV and MAT (GeoDiff, section 5.2) of generated ensembles, which are matched to the references by their graphs.
 * @throws InputError when no generated molecule is one of the references
 */
export async function evaluateConformers(
  generated: readonly Ensemble[],
  references: readonly Ensemble[],
  options: ConformerEvaluationOptions = {},
): Promise<ConformerEvaluation> {
  const { thresholds = THRESHOLDS, baselines = true, seed = 0, onProgress, signal } = options;
  const rdkit = await loadRdkit();
  const pool = joined(
    rdkit,
    generated.map((ensemble) => compared(rdkit, ensemble)),
  );
  const asked = joined(
    rdkit,
    references.map((ensemble) => compared(rdkit, ensemble)),
  );
  const molecules: ({ name: string } & Coverage)[] = [];
  const [rules, noise]: [Coverage[], Coverage[]] = [[], []];
  const missing: string[] = [];
  const stereo = { count: 0, of: 0 };
  for (const [index, one] of asked.entries()) {
    await breath(); // an interruption is heard
    signal?.throwIfAborted();
    const { ensemble: reference, topology } = one;
    const found = matching(rdkit, pool, one);
    const comparison = found?.comparison ?? conformerComparison(topology, topology);
    if (comparison === undefined) continue;
    const within = found === undefined ? comparison : conformerComparison(found.topology, found.topology);
    if (within === undefined) continue;
    if (found === undefined) missing.push(reference.name);
    const own = found?.ensemble ?? { ...reference, conformers: [] };
    const coverage = (molecule: BondedAtoms, by: ConformerComparison, sampled: readonly Float64Array[]) =>
      coverageOf(molecule, by, by === comparison ? within : by, sampled, reference.conformers, thresholds);
    molecules.push({ name: reference.name, ...coverage(own, comparison, own.conformers) });
    const isotopes = (reference.isotopes && own.isotopes) !== undefined;
    const drawn = found?.second.ensemble ?? reference;
    const known = new Set(reference.conformers.map((x) => isomericSmiles(rdkit, drawn, x, isotopes)));
    for (const x of own.conformers) {
      const smiles = isomericSmiles(rdkit, own, x, isotopes);
      if (smiles === null) continue;
      stereo.of++;
      if (known.has(smiles)) stereo.count++;
    }
    const itself = conformerComparison(topology, topology);
    if (baselines && itself !== undefined) {
      const count = Math.max(own.conformers.length, 1);
      const ruled = ruleBasedConformers(reference, count, seed + index, reference.conformers[0]);
      rules.push(coverage(reference, itself, ruled));
      noise.push(coverage(reference, itself, noiseLike(reference.conformers[0], count, seed, index)));
    }
    onProgress?.(index + 1);
  }
  if (missing.length === asked.length)
    throw new InputError(
      `no molecule of the generated file is one of the ${asked.length} references (first reference: ${asked[0].ensemble.name})`,
    );
  return {
    generated: { ...summarise(molecules), stereo },
    ...(baselines && { rules: summarise(rules), noise: summarise(noise) }),
    missing,
    joined: { generated: generated.length - pool.length, references: references.length - asked.length },
    molecules,
  };
}

type Found = ComparedEnsemble & SameMolecule;

/** The generated molecule that is the reference; of several the one with the same name, else the one of the same isomer. */
function matching(
  rdkit: Rdkit,
  pool: readonly ComparedEnsemble[],
  reference: ComparedEnsemble,
): Found | undefined {
  const sort = sortOf(reference);
  const found = pool.flatMap((candidate): Found[] => {
    if (sortOf(candidate) !== sort) return [];
    const same = sameMolecule(candidate, reference);
    return same === undefined ? [] : [{ ...candidate, ...same }];
  });
  if (found.length < 2) return found[0];
  const isomer = ({ ensemble }: ComparedEnsemble): string | null =>
    isomericSmiles(rdkit, ensemble, ensemble.conformers[0], false);
  const wanted = isomer(reference);
  return (
    found.find(({ ensemble }) => ensemble.name === reference.ensemble.name) ??
    found.find((candidate) => isomer(candidate) === wanted) ??
    found[0]
  );
}

/** Normal noise with the reference's mean squared distance from its centre. */
function noiseLike(reference: Float64Array, count: number, seed: number, index: number): Float64Array[] {
  const centred = center(reference.slice());
  const scale = Math.sqrt(centred.reduce((sum, value) => sum + value * value, 0) / centred.length);
  return Array.from({ length: count }, (_, k) => {
    const random = stream({ seed, purpose: "validationNoise", index, step: k });
    return random.normals(new Float64Array(reference.length)).map((value) => scale * value);
  });
}

/** Generated conformers against reference ones, beside rule-based conformers and noise on the same molecules. */
import { type ConformerComparison, conformerComparison } from "../chem/conformer-rmsd.ts";
import { ruleBasedConformers } from "../chem/mmff94.ts";
import { loadRdkit, type Rdkit, readableSmiles } from "../chem/rdkit.ts";
import { type BondedAtoms, type Topology, topologyOf } from "../chem/topology.ts";
import type { Ensemble } from "../data/ensembles.ts";
import { InputError } from "../errors.ts";
import { formatSdf } from "../formats/sdf-write.ts";
import { stream } from "../math/random.ts";
import { center } from "../math/superposition.ts";
import { breath } from "../platform/breath.ts";
import { type Coverage, type CoverageSummary, coverageOf, summarise } from "./conformer-metrics.ts";

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
  const pool = generated.map((ensemble) => ({ ensemble, topology: topologyOf(whole(ensemble)) }));
  const molecules: ({ name: string } & Coverage)[] = [];
  const [rules, noise]: [Coverage[], Coverage[]] = [[], []];
  const missing: string[] = [];
  const stereo = { count: 0, of: 0 };
  for (const [index, reference] of references.entries()) {
    await breath(); // an interruption is heard
    signal?.throwIfAborted();
    const topology = topologyOf(whole(reference));
    const found = matching(pool, topology, reference.name);
    const comparison = found?.comparison ?? conformerComparison(topology, topology);
    if (comparison === undefined) continue;
    const within = found === undefined ? comparison : conformerComparison(found.topology, found.topology);
    if (within === undefined) continue;
    if (found === undefined) missing.push(reference.name);
    const own = found?.ensemble ?? { ...reference, conformers: [] };
    const coverage = (molecule: BondedAtoms, by: ConformerComparison, sampled: readonly Float64Array[]) =>
      coverageOf(molecule, by, by === comparison ? within : by, sampled, reference.conformers, thresholds);
    molecules.push({ name: reference.name, ...coverage(own, comparison, own.conformers) });
    const known = new Set(reference.conformers.map((x) => isomericSmiles(rdkit, reference, x)));
    for (const x of own.conformers) {
      const smiles = isomericSmiles(rdkit, own, x);
      if (smiles === null) continue;
      stereo.of++;
      if (known.has(smiles)) stereo.count++;
    }
    const itself = conformerComparison(topology, topology);
    if (baselines && itself !== undefined) {
      const count = Math.max(own.conformers.length, 1);
      const ruled = ruleBasedConformers(whole(reference), count, seed + index, reference.conformers[0]);
      rules.push(coverage(reference, itself, ruled));
      noise.push(coverage(reference, itself, noiseLike(reference.conformers[0], count, seed, index)));
    }
    onProgress?.(index + 1);
  }
  if (missing.length === references.length)
    throw new InputError(
      `no molecule of the generated file is one of the ${references.length} references (first reference: ${references[0].name})`,
    );
  return {
    generated: { ...summarise(molecules), stereo },
    ...(baselines && { rules: summarise(rules), noise: summarise(noise) }),
    missing,
    molecules,
  };
}

/** Aromatic bonds of order 4 have no Kekulé structure to offer; single bonds keep the graph. */
const whole = (ensemble: Ensemble): Ensemble => ({
  ...ensemble,
  bonds: ensemble.bonds.map((bond) => (bond.order === 4 ? { ...bond, order: 1 } : bond)),
});

interface Found {
  readonly ensemble: Ensemble;
  readonly topology: Topology;
  readonly comparison: ConformerComparison;
}

/** The generated molecule of the same graph; of several the one with the same name. */
function matching(
  pool: readonly { readonly ensemble: Ensemble; readonly topology: Topology }[],
  topology: Topology,
  name: string,
): Found | undefined {
  const named = [...pool].sort((a, b) => Number(b.ensemble.name === name) - Number(a.ensemble.name === name));
  for (const candidate of named) {
    const comparison = conformerComparison(candidate.topology, topology);
    if (comparison !== undefined) return { ...candidate, comparison };
  }
  return undefined;
}

function isomericSmiles(rdkit: Rdkit, ensemble: Ensemble, positions: Float64Array): string | null {
  if (positions.some((value) => Math.abs(value) > 9000)) return null;
  const { atomicNumbers, bonds, formalCharges } = ensemble;
  return readableSmiles(
    rdkit,
    formatSdf({ atomicNumbers, positions, bonds, ...(formalCharges && { formalCharges }) }),
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

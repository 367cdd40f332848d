/**
 * How well generated conformers cover reference ones (Ganea et al. 2021, GeoMol, eq. 12 and 13; Xu et al. 2022,
 * section 5.1). COV-R: share of the references with a generated conformer within δ; MAT-R: mean distance of a
 * reference to its nearest generated one; COV-P and MAT-P the other way round. Distances are RMSD of heavy atoms
 * with symmetric atoms matched. Geometry checks are ours (chem/geometry.ts).
 */
import { type ConformerComparison, rmsdMatrix } from "../chem/conformer-rmsd.ts";
import { checkGeometry } from "../chem/geometry.ts";
import type { BondedAtoms } from "../chem/topology.ts";

/** COV-R and COV-P at a threshold. */
export interface CoverageAt {
  /** δ in Å. */
  readonly threshold: number;
  readonly recall: number;
  readonly precision: number;
}

/** COV and MAT of one molecule (GeoDiff, section 5.2). */
export interface Coverage {
  readonly generated: number;
  readonly references: number;
  readonly coverage: readonly CoverageAt[];
  /** MAT-R and MAT-P in Å; null without generated conformers. */
  readonly matching: { readonly recall: number | null; readonly precision: number | null };
  /** Mean RMSD in Å between generated conformers; null for fewer than two. */
  readonly diversity: number | null;
  /** Generated conformers without a bad bond length, a bad angle, a clash. */
  readonly soundBonds: number;
  readonly soundAngles: number;
  readonly noClashes: number;
}

/** Figures of one molecule. */
export function coverageOf(
  molecule: BondedAtoms,
  comparison: ConformerComparison,
  within: ConformerComparison,
  generated: readonly Float64Array[],
  references: readonly Float64Array[],
  thresholds: readonly number[],
): Coverage {
  const [G, R] = [generated.length, references.length];
  const matrix = rmsdMatrix(comparison, generated, references); // [G, R]
  const nearestGenerated = references.map((_, r) => least(G, (g) => matrix[g * R + r]));
  const nearestReference = generated.map((_, g) => least(R, (r) => matrix[g * R + r]));
  const share = (nearest: readonly number[], threshold: number): number =>
    nearest.length === 0 ? 0 : nearest.filter((rmsd) => rmsd < threshold).length / nearest.length;
  const checks = generated.map((positions) =>
    checkGeometry({ atomicNumbers: molecule.atomicNumbers, positions }, molecule.bonds),
  );
  return {
    generated: G,
    references: R,
    coverage: thresholds.map((threshold) => ({
      threshold,
      recall: share(nearestGenerated, threshold),
      precision: share(nearestReference, threshold),
    })),
    matching: {
      recall: G === 0 ? null : mean(nearestGenerated),
      precision: G === 0 ? null : mean(nearestReference),
    },
    diversity: diversityOf(within, generated),
    soundBonds: checks.filter(({ badBonds }) => badBonds === 0).length,
    soundAngles: checks.filter(({ badAngles }) => badAngles === 0).length,
    noClashes: checks.filter(({ clashes, overlaps }) => clashes + overlaps === 0).length,
  };
}

/** Conformers beyond this many are left out of the mean over pairs. */
const MOST_FOR_DIVERSITY = 50;

/** Mean RMSD in Å between different conformers (of the first 50); null for fewer than two. */
export function diversityOf(within: ConformerComparison, conformers: readonly Float64Array[]): number | null {
  const some = conformers.slice(0, MOST_FOR_DIVERSITY).map(within.first);
  if (some.length < 2) return null;
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < some.length; i++) {
    for (let j = i + 1; j < some.length; j++) {
      sum += within.rmsd(some[i], some[j]);
      pairs++;
    }
  }
  return sum / pairs;
}

const least = (count: number, value: (k: number) => number): number => {
  let smallest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < count; k++) smallest = Math.min(smallest, value(k));
  return smallest;
};

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Mean and median over molecules. */
export interface Spread {
  readonly mean: number;
  readonly median: number;
}

/** Figures of many molecules, each counting once. */
export interface CoverageSummary {
  readonly molecules: number;
  readonly generated: number;
  readonly coverage: readonly {
    readonly threshold: number;
    readonly recall: Spread;
    readonly precision: Spread;
  }[];
  readonly matching: { readonly recall: Spread | null; readonly precision: Spread | null };
  readonly diversity: Spread | null;
  /** Shares of all generated conformers. */
  readonly soundBonds: number | null;
  readonly soundAngles: number | null;
  readonly noClashes: number | null;
}

export function summarise(all: readonly Coverage[]): CoverageSummary {
  const spread = (values: readonly (number | null)[]): Spread | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : { mean: mean(known), median: median(known) };
  };
  const generated = all.reduce((sum, one) => sum + one.generated, 0);
  const share = (of: (one: Coverage) => number): number | null =>
    generated === 0 ? null : all.reduce((sum, one) => sum + of(one), 0) / generated;
  const thresholds = all[0]?.coverage.map(({ threshold }) => threshold) ?? [];
  const none = { mean: Number.NaN, median: Number.NaN };
  return {
    molecules: all.length,
    generated,
    coverage: thresholds.map((threshold, k) => ({
      threshold,
      recall: spread(all.map((one) => one.coverage[k].recall)) ?? none,
      precision: spread(all.map((one) => one.coverage[k].precision)) ?? none,
    })),
    matching: {
      recall: spread(all.map(({ matching }) => matching.recall)),
      precision: spread(all.map(({ matching }) => matching.precision)),
    },
    diversity: spread(all.map(({ diversity }) => diversity)),
    soundBonds: share((one) => one.soundBonds),
    soundAngles: share((one) => one.soundAngles),
    noClashes: share((one) => one.noClashes),
  };
}

/**
 * What may be done to conformers once they are made: relaxation with MMFF94, an energy window, pruning of near
 * duplicates, ranking. Every step reports the set before and after, for each changes what metrics say of it.
 */
import { conformerComparison } from "../chem/conformer-rmsd.ts";
import { checkGeometry } from "../chem/geometry.ts";
import { mmff94Energy, relaxMmff94 } from "../chem/mmff94.ts";
import { type Stereo, stereoIsRight } from "../chem/stereo.ts";
import type { Topology } from "../chem/topology.ts";
import { diversityOf, mean } from "./conformer-metrics.ts";

/** The steps, each left out when it is not named. */
export interface ProcessingOptions {
  /** Moves every conformer to its nearest minimum of MMFF94. */
  readonly relax?: boolean | undefined;
  /** Leaves out conformers more than this above the lowest, in kcal/mol of MMFF94. */
  readonly energyWindow?: number | undefined;
  /** Leaves out conformers nearer than this to one of lower energy (or of lower index), in Å. */
  readonly prune?: number | undefined;
  /** Lowest energy first. */
  readonly rank?: boolean | undefined;
}

/** A conformer that is left. */
export interface ProcessedConformer {
  readonly index: number;
  readonly positions: Float64Array;
  /** MMFF94 in kcal/mol; undefined where it was not asked for or MMFF94 lacks parameters. */
  readonly energy?: number;
}

/** A set of conformers in figures. */
export interface ProcessingStage {
  readonly step: "generated" | "relaxed" | "energy window" | "pruned" | "ranked";
  readonly conformers: number;
  /** kcal/mol; null where unknown. */
  readonly meanEnergy: number | null;
  readonly lowestEnergy: number | null;
  /** Mean RMSD in Å between conformers; null for fewer than two. */
  readonly diversity: number | null;
  /** Conformers that pass every check of bond lengths, angles and contacts. */
  readonly sound: number;
}

/** Applies the steps in their order. Conformers that relaxation cannot move or would invert stay as they were. */
export function processConformers(
  topology: Topology,
  stereo: Stereo,
  conformers: readonly ProcessedConformer[],
  { relax = false, energyWindow, prune, rank = false }: ProcessingOptions,
): { readonly conformers: readonly ProcessedConformer[]; readonly stages: readonly ProcessingStage[] } {
  const comparison = conformerComparison(topology, topology);
  if (comparison === undefined) throw new RangeError("a graph without atoms");
  const stage = (step: ProcessingStage["step"], set: readonly ProcessedConformer[]): ProcessingStage => {
    const energies = set.map(({ energy }) => energy).filter((energy) => energy !== undefined);
    return {
      step,
      conformers: set.length,
      meanEnergy: energies.length === 0 ? null : mean(energies),
      lowestEnergy: energies.length === 0 ? null : Math.min(...energies),
      diversity: diversityOf(
        comparison,
        set.map(({ positions }) => positions),
      ),
      sound: set.filter(({ positions }) => isSound(topology, positions)).length,
    };
  };
  let set = conformers.map((conformer) => withEnergy(conformer, mmff94Energy(topology, conformer.positions)));
  const stages = [stage("generated", set)];
  if (relax) {
    set = set.map((conformer) => {
      const relaxed = relaxMmff94(topology, conformer.positions);
      return relaxed === undefined || !stereoIsRight(stereo, relaxed.positions)
        ? conformer
        : { ...conformer, ...relaxed };
    });
    stages.push(stage("relaxed", set));
  }
  if (energyWindow !== undefined) {
    const lowest = Math.min(...set.map(({ energy = Number.POSITIVE_INFINITY }) => energy));
    set = set.filter(({ energy }) => energy === undefined || energy - lowest <= energyWindow);
    stages.push(stage("energy window", set));
  }
  if (prune !== undefined) {
    const kept: { readonly conformer: ProcessedConformer; readonly rows: Float64Array }[] = [];
    for (const conformer of byEnergy(set)) {
      const rows = comparison.first(conformer.positions);
      if (kept.every((other) => comparison.rmsd(rows, other.rows) >= prune)) kept.push({ conformer, rows });
    }
    set = kept.map(({ conformer }) => conformer).sort((a, b) => a.index - b.index);
    stages.push(stage("pruned", set));
  }
  if (rank) {
    set = byEnergy(set);
    stages.push(stage("ranked", set));
  }
  return { conformers: set, stages };
}

const withEnergy = (conformer: ProcessedConformer, energy: number | undefined): ProcessedConformer => ({
  ...conformer,
  ...(energy !== undefined && Number.isFinite(energy) && { energy }),
});

/** Lowest energy first, unknown energies last, then by index. */
const byEnergy = (set: readonly ProcessedConformer[]): ProcessedConformer[] =>
  [...set].sort(
    (a, b) =>
      (a.energy ?? Number.POSITIVE_INFINITY) - (b.energy ?? Number.POSITIVE_INFINITY) || a.index - b.index,
  );

function isSound({ atomicNumbers, bonds }: Topology, positions: Float64Array): boolean {
  const { badBonds, badAngles, clashes, overlaps } = checkGeometry({ atomicNumbers, positions }, bonds);
  return badBonds + badAngles + clashes + overlaps === 0;
}

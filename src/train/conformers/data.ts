/**
 * What conformers are learned from: single geometries, whose graphs come from bond perception, and ensembles, which
 * bring their bonds. Molecules whose graph is not that of one whole closed-shell molecule are dropped and counted.
 */
import { withBonds } from "../../chem/bond-orders.ts";
import type { Bond } from "../../chem/molecule.ts";
import { components } from "../../chem/perception.ts";
import type { Rdkit } from "../../chem/rdkit.ts";
import { isWhole } from "../../chem/rdkit-graph.ts";
import { stereoOfPositions } from "../../chem/stereo.ts";
import { type BondedAtoms, topologyOf } from "../../chem/topology.ts";
import type { Ensemble } from "../../data/ensembles.ts";
import { type MoleculeSet, moleculeAt, setSize } from "../../data/molecule-set.ts";
import { center } from "../../math/superposition.ts";
import { bondRuleOf } from "../../models/edm/model.ts";
import { type GraphChannels, graphChannels } from "../../models/geodiff/channels.ts";

/** A structure with its graph. */
export interface Example {
  readonly graph: GraphChannels;
  /** Centred, in Å. [N, 3] */
  readonly positions: Float64Array;
}

/** Molecules that were left out, by reason. */
export interface DroppedMolecules {
  /** No closed-shell assignment of bond orders. */
  readonly inconsistent: number;
  readonly fragmented: number;
  readonly tooLarge: number;
}

/** A molecule with bonds, and its structures. */
export interface BondedConformers extends BondedAtoms {
  readonly conformers: readonly Float64Array[];
}

/** Single geometries as graphs. */
export function bondedMolecules(
  set: MoleculeSet,
  maxAtoms: number,
): { readonly molecules: BondedConformers[]; readonly dropped: DroppedMolecules } {
  const rule = bondRuleOf({ elements: [...new Set(set.atomicNumbers)] as [number, ...number[]] });
  const molecules: BondedConformers[] = [];
  let [inconsistent, fragmented, tooLarge] = [0, 0, 0];
  for (let i = 0; i < setSize(set); i++) {
    const molecule = withBonds(moleculeAt(set, i), rule);
    const { atomicNumbers, bonds = [], formalCharges, positions } = molecule;
    if (atomicNumbers.length > maxAtoms) tooLarge++;
    else if (molecule.properties?.valence === "inconsistent") inconsistent++;
    else if (new Set(components(atomicNumbers.length, bonds)).size > 1) fragmented++;
    else
      molecules.push({
        atomicNumbers,
        bonds,
        ...(formalCharges && { formalCharges }),
        conformers: [positions],
      });
  }
  return { molecules, dropped: { inconsistent, fragmented, tooLarge } };
}

/** Ensembles that RDKit takes for whole molecules. */
export function bondedEnsembles(
  rdkit: Rdkit,
  ensembles: readonly Ensemble[],
  maxAtoms: number,
): {
  readonly molecules: (BondedConformers & { readonly name: string })[];
  readonly dropped: DroppedMolecules;
} {
  const small = ensembles.filter(({ atomicNumbers }) => atomicNumbers.length <= maxAtoms);
  const whole = small.filter((ensemble) => isWhole(rdkit, ensemble));
  return {
    molecules: whole.map((ensemble) => ({ ...ensemble, bonds: kekulised(ensemble.bonds) })),
    dropped: {
      inconsistent: small.length - whole.length,
      fragmented: 0,
      tooLarge: ensembles.length - small.length,
    },
  };
}

/** Aromatic orders are not for graphs; files with ensembles give Kekulé structures. */
const kekulised = (bonds: readonly Bond[]): readonly Bond[] =>
  bonds.map((bond) => (bond.order === 4 ? { ...bond, order: 1 } : bond));

/** A structure of a molecule as the network sees it: stereochemistry as the structure has it. */
export function exampleOf(
  molecule: BondedConformers,
  conformer: number,
  elements: readonly number[],
  topology = topologyOf(molecule),
): Example {
  const positions = molecule.conformers[conformer];
  const graph = graphChannels(topology, stereoOfPositions(topology, positions), elements);
  return { graph, positions: center(positions.slice()) };
}

/** Molecules and their chemistry. */
export { withBonds } from "../chem/bond-orders.ts";
export type { BondRule } from "../chem/bond-tables.ts";
export { type ConformerComparison, conformerComparison, rmsdMatrix } from "../chem/conformer-rmsd.ts";
export { atomicNumberOf, symbolOf } from "../chem/elements.ts";
export { hillFormula } from "../chem/formula.ts";
export { checkGeometry } from "../chem/geometry.ts";
export { fetchMmff94, mmff94Energy, type Relaxed, relaxMmff94, ruleBasedConformers } from "../chem/mmff94.ts";
export {
  type AtomColumn,
  atomCount,
  type Bond,
  type BondMark,
  type BondOrder,
  type Molecule,
  type PropertyValue,
} from "../chem/molecule.ts";
export { bondOrder, perceiveBonds } from "../chem/perception.ts";
export { loadRdkit, type Rdkit } from "../chem/rdkit.ts";
export { type GraphWithStereo, graphOfMolblock, graphOfSmiles } from "../chem/rdkit-graph.ts";
export { type Stability, stability } from "../chem/stability.ts";
export { type Stereo, stereoErrors, stereoIsRight, stereoOfPositions } from "../chem/stereo.ts";
export { type Topology, topologyOf } from "../chem/topology.ts";

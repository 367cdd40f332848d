/** The readable definitions of the networks, in jax-js. */

export { dynamics } from "../nets/egnn/dynamics.ts";
export { type DynamicsConfig, dynamicsLayout } from "../nets/egnn/dynamics-layout.ts";
export { type EgnnParameters, egnn, type PaddedGraph } from "../nets/egnn/egnn.ts";
export type { EgnnConfig } from "../nets/egnn/egnn-config.ts";
export { type GnnParameters, gnn } from "../nets/egnn/gnn.ts";
export { type GeoDiffConfig, type GeoDiffParameters, geoDiff } from "../nets/geodiff/geodiff.ts";
export { atomwiseOutputs, type GeometricConfig, geometricLayout } from "../nets/geometric.ts";
export { vectorOutput, vectorOutputLayout } from "../nets/layers/gated-equivariant.ts";
export type { MolecularGraph } from "../nets/layers/molecular-graph.ts";
export { type NeighbourList, neighbourList } from "../nets/layers/neighbour-list.ts";
export { initialParameters, type Layout, layoutSize, namedViews } from "../nets/layers/parameters.ts";
export { parameterTree } from "../nets/layers/tensors.ts";
export { readSchnetpackWeights } from "../nets/painn/schnetpack-weights.ts";

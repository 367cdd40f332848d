/**
 * The geometric networks under one roof: which there are, their parameters, and their output, one number for each
 * atom. SchNet, PaiNN, EGNN and the general message passing end in SchNetPack's atomwise head; DimeNet brings its own,
 * and PaiNN may end in gated equivariant blocks that give a vector besides.
 */
import { np } from "../platform/jax.ts";
import { type DimenetConfig, type DimenetParameters, dimenet, dimenetLayout } from "./dimenet/dimenet.ts";
import { type VectorOutput, vectorOutput, vectorOutputLayout } from "./layers/gated-equivariant.ts";
import {
  type MessagePassingConfig,
  type MessagePassingParameters,
  messagePassing,
  messagePassingLayout,
} from "./layers/message-passing.ts";
import { silu } from "./layers/mlp.ts";
import type { MolecularGraph } from "./layers/molecular-graph.ts";
import { glorotSpecs, type Layout } from "./layers/parameters.ts";
import { type Linear, linear, type ParameterTree } from "./layers/tensors.ts";
import { type PainnConfig, type PainnParameters, painn, painnLayout } from "./painn/painn.ts";
import { type SchnetConfig, type SchnetParameters, schnet, schnetLayout } from "./schnet/schnet.ts";

/** A network and its sizes; "egnn" and "mpnn" are message passing with other defaults, as the DimeNets are one. */
export type GeometricConfig =
  /** vectors: four outputs for each atom, a number and a vector that turns along, instead of one. */
  | ({ readonly kind: "painn"; readonly vectors?: boolean } & PainnConfig)
  | ({ readonly kind: "schnet" } & SchnetConfig)
  | ({ readonly kind: "dimenet" } & DimenetConfig)
  | ({ readonly kind: "dimenet++" } & DimenetConfig)
  | ({ readonly kind: "egnn" } & MessagePassingConfig)
  | ({ readonly kind: "mpnn" } & MessagePassingConfig);

/** Two layers from features to a number: F → F/2 → 1, SiLU. */
type Head = readonly [Linear, Linear];
const headSpecs = (F: number): Layout => [
  ...glorotSpecs("output.0", F, F / 2),
  ...glorotSpecs("output.1", F / 2, 1),
];
const head = ([first, second]: Head, features: np.Array): np.Array =>
  linear(second, silu(linear(first, features)));

function representationLayout(config: GeometricConfig): Layout {
  switch (config.kind) {
    case "painn":
      return painnLayout(config);
    case "schnet":
      return schnetLayout(config);
    case "dimenet":
    case "dimenet++":
      return dimenetLayout(config);
    case "egnn":
    case "mpnn":
      return messagePassingLayout(config);
  }
}

const hasHead = ({ kind }: GeometricConfig): boolean => kind !== "dimenet" && kind !== "dimenet++";

/** Names and shapes of all parameters: `representation.…`, then the head's `output.…`. */
export function geometricLayout(config: GeometricConfig): Layout {
  const representation = representationLayout(config).map((spec) => ({
    ...spec,
    name: `representation.${spec.name}`,
  }));
  if (!hasHead(config)) return representation;
  const output = hasVectors(config)
    ? vectorOutputLayout(config.hidden).map((spec) => ({ ...spec, name: `output.${spec.name}` }))
    : headSpecs(config.hidden);
  return [...representation, ...output];
}

const hasVectors = (config: GeometricConfig): boolean => config.kind === "painn" && config.vectors === true;

/** Outputs of each atom. */
export const outputChannels = (config: GeometricConfig): number => (hasVectors(config) ? 4 : 1);

type Parameters = { readonly representation: unknown; readonly output: Head | VectorOutput };

/**
 * The outputs of the atoms, zero for padding. Owns parameters and `x`, borrows the graph.
 * @param x Å [B, N, 3]
 * @returns [B, N, 1], or [B, N, 4] of a number and a vector
 */
export function atomwiseOutputs(
  config: GeometricConfig,
  parameters: ParameterTree,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  const { representation: p, output } = parameters as unknown as Parameters;
  if (config.kind === "dimenet" || config.kind === "dimenet++")
    return dimenet(config, p as DimenetParameters, x, graph).mul(graph.atoms.ref);
  if (config.kind === "painn" && config.vectors === true) {
    const { scalars: s, vectors: v } = painn(config, p as PainnParameters, x, graph);
    const { scalars, vectors } = vectorOutput(output as VectorOutput, s, v);
    return np.concatenate([scalars.reshape([...scalars.shape, 1]), vectors], 2).mul(graph.atoms.ref);
  }
  return head(output as Head, features(config, p, x, graph)).mul(graph.atoms.ref);
}

/** Scalar features of the atoms. [B, N, F] */
function features(
  config: Exclude<GeometricConfig, { readonly kind: "dimenet" | "dimenet++" }>,
  parameters: unknown,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  switch (config.kind) {
    case "painn": {
      const { scalars, vectors } = painn(config, parameters as PainnParameters, x, graph);
      vectors.dispose();
      return scalars;
    }
    case "schnet":
      return schnet(config, parameters as SchnetParameters, x, graph);
    case "egnn":
    case "mpnn":
      return messagePassing(config, parameters as MessagePassingParameters, x, graph);
  }
}

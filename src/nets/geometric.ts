/**
 * The geometric networks under one roof: which there are, their parameters, and their output, one number for each
 * atom. PaiNN, SchNet, EGNN and the general message passing end in SchNetPack's atomwise head; DimeNet brings its own.
 */
import { nn, type np } from "../runtime/jax.ts";
import type { MolecularGraph } from "./molecular-graph.ts";
import { type PainnConfig, type PainnParameters, painn, painnLayout } from "./painn.ts";
import { glorotSpecs, type Layout, type Linear, linear, type ParameterTree } from "./parameters.ts";

/** A network and its sizes. */
export type GeometricConfig = { readonly kind: "painn" } & PainnConfig;

/** Two layers from features to a number: F → F/2 → 1, SiLU. */
type Head = readonly [Linear, Linear];
const headSpecs = (F: number): Layout => [
  ...glorotSpecs("output.0", F, F / 2),
  ...glorotSpecs("output.1", F / 2, 1),
];
const head = ([first, second]: Head, features: np.Array): np.Array =>
  linear(second, nn.silu(linear(first, features)));

const named = (prefix: string, layout: Layout): Layout =>
  layout.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }));

/** Names and shapes of all parameters: `representation.…`, then `output.…`. */
export function geometricLayout(config: GeometricConfig): Layout {
  return [...named("representation", painnLayout(config)), ...headSpecs(config.hidden)];
}

type Parameters = { readonly representation: unknown; readonly output: Head };

/**
 * The outputs of the atoms, zero for padding. Owns parameters and `x`, borrows the graph.
 * @param x Å [B, N, 3]
 * @returns [B, N, 1]
 */
export function atomwiseOutputs(
  config: GeometricConfig,
  parameters: ParameterTree,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  const { representation, output } = parameters as unknown as Parameters;
  const { scalars, vectors } = painn(config, representation as PainnParameters, x, graph);
  vectors.dispose();
  return head(output, scalars).mul(graph.atoms.ref);
}

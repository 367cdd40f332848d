/**
 * The network without equivariance that EDM is compared with (GDM in Hoogeboom et al. 2022, table 1): positions
 * are ordinary features of a graph network of the same layers as the EGNN, without edge features. As in the published
 * code an atom also sends to itself. Deviation: padding sends nothing (there it does, so that outputs depend on it).
 */
import { np } from "../../platform/jax.ts";
import { type Linear, linear } from "../layers/tensors.ts";
import { type GraphConvolution, graphConvolution, type PaddedGraph } from "./egnn.ts";

/** Parameters of the baseline without equivariance. */
export type GnnParameters = {
  readonly embedding: Linear;
  readonly layers: readonly GraphConvolution[];
  readonly embeddingOut: Linear;
};

/**
 * Takes ownership of its arguments.
 * @param x positions [B, N, 3]
 * @param h features [B, N, inFeatures]
 * @returns position channels and features, [B, N, 3 + outFeatures]
 */
export function gnn(parameters: GnnParameters, x: np.Array, h: np.Array, graph: PaddedGraph): np.Array {
  const [B, N] = x.shape;
  const pairs = graph.atoms.ref.reshape([B, N, 1, 1]).mul(graph.atoms.ref.reshape([B, 1, N, 1])); // [B, N, N, 1]
  graph.pairs.dispose();
  let features = linear(parameters.embedding, np.concatenate([x, h], 2));
  for (const layer of parameters.layers)
    features = graphConvolution(layer, features, undefined, { ...graph, pairs });
  pairs.dispose();
  graph.divisor.dispose();
  return linear(parameters.embeddingOut, features).mul(graph.atoms);
}

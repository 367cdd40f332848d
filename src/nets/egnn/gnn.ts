/**
 * The network without equivariance that EDM is compared with (GDM in Hoogeboom et al. 2022, table 1): positions
 * are ordinary features of a graph network of the same layers as the EGNN, without edge features.
 */
import { np } from "../../platform/jax.ts";
import { type Layout, type Linear, linear, linearSpecs } from "../layers/parameters.ts";
import { type GraphConvolution, graphConvolution, type PaddedGraph } from "./egnn.ts";
import { type EgnnConfig, graphConvolutionSpecs } from "./egnn-config.ts";

export type GnnParameters = {
  readonly embedding: Linear;
  readonly layers: readonly GraphConvolution[];
  readonly embeddingOut: Linear;
};

/** The options of the EGNN that mean something here. */
export type GnnConfig = Pick<EgnnConfig, "inFeatures" | "outFeatures" | "hidden" | "layers" | "attention">;

/** Order of the parameters; positions enter and leave as three more features. */
export function gnnLayout({ inFeatures, outFeatures, hidden: H, layers, attention }: GnnConfig): Layout {
  return [
    ...linearSpecs("embedding", 3 + inFeatures, H),
    ...Array.from({ length: layers }, (_, l) =>
      graphConvolutionSpecs(`layers.${l}`, H, 2 * H, attention),
    ).flat(),
    ...linearSpecs("embeddingOut", H, 3 + outFeatures),
  ];
}

/**
 * Takes ownership of its arguments.
 * @param x positions [B, N, 3]
 * @param h features [B, N, inFeatures]
 * @returns position channels and features, [B, N, 3 + outFeatures]
 */
export function gnn(parameters: GnnParameters, x: np.Array, h: np.Array, graph: PaddedGraph): np.Array {
  let features = linear(parameters.embedding, np.concatenate([x, h], 2));
  for (const layer of parameters.layers) features = graphConvolution(layer, features, undefined, graph);
  graph.pairs.dispose();
  graph.divisor.dispose();
  return linear(parameters.embeddingOut, features).mul(graph.atoms);
}

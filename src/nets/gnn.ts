/**
 * The network without equivariance that EDM is compared with (GDM in Hoogeboom et al. 2022, table 1): positions
 * are ordinary features of a graph network of the same layers as the EGNN, without edge features.
 */
import { nn, np } from "../runtime/jax.ts";
import type { PaddedGraph } from "./egnn.ts";
import type { EgnnConfig } from "./egnn-config.ts";
import { type Layout, type Linear, linear, linearSpecs } from "./parameters.ts";

type GraphConvolution = {
  readonly edge: readonly [Linear, Linear];
  readonly node: readonly [Linear, Linear];
  readonly attention?: Linear;
};

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
    ...Array.from({ length: layers }, (_, l) => [
      ...linearSpecs(`layers.${l}.edge.0`, 2 * H, H),
      ...linearSpecs(`layers.${l}.edge.1`, H, H),
      ...linearSpecs(`layers.${l}.node.0`, 2 * H, H),
      ...linearSpecs(`layers.${l}.node.1`, H, H),
      ...(attention ? linearSpecs(`layers.${l}.attention`, H, 1) : []),
    ]).flat(),
    ...linearSpecs("embeddingOut", H, 3 + outFeatures),
  ];
}

/** h_i ← h_i + φ_h(h_i, Σ_j ẽ_ij φ_e(h_i, h_j)). [B, N, H] */
function graphConvolution(p: GraphConvolution, h: np.Array, graph: PaddedGraph): np.Array {
  const [B, N, H] = h.shape;
  const receiver = linear({ weight: p.edge[0].weight.ref.slice([], [0, H]), bias: p.edge[0].bias }, h.ref);
  const sender = np.matmul(h.ref, p.edge[0].weight.slice([], [H]).transpose());
  const first = receiver.reshape([B, N, 1, H]).add(sender.reshape([B, 1, N, H])); // [B, N, N, H]
  let message = nn.silu(linear(p.edge[1], nn.silu(first)));
  if (p.attention) message = message.ref.mul(nn.sigmoid(linear(p.attention, message)));
  const aggregate = message.mul(graph.pairs.ref).sum(2).div(graph.divisor.ref);
  const update = linear(p.node[1], nn.silu(linear(p.node[0], np.concatenate([h.ref, aggregate], 2))));
  return h.add(update).mul(graph.atoms.ref);
}

/**
 * Takes ownership of its arguments.
 * @param x positions [B, N, 3]
 * @param h features [B, N, inFeatures]
 * @returns position channels and features, [B, N, 3 + outFeatures]
 */
export function gnn(parameters: GnnParameters, x: np.Array, h: np.Array, graph: PaddedGraph): np.Array {
  let features = linear(parameters.embedding, np.concatenate([x, h], 2));
  for (const layer of parameters.layers) features = graphConvolution(layer, features, graph);
  graph.pairs.dispose();
  graph.divisor.dispose();
  return linear(parameters.embeddingOut, features).mul(graph.atoms);
}

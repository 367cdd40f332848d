/**
 * Message passing in its general form (Gilmer et al., "Neural message passing for quantum chemistry", ICML 2017):
 * m_ij = φ_m(h_i, h_j, e_ij), m_i = AGG_j m_ij, h_i ← UPD(h_i, m_i). With sums, squared distances as edges, a gate on
 * the messages and residual updates it is the invariant EGNN (Satorras, Hoogeboom, Welling 2021, equations 3, 5, 6
 * and section 3.3), which predicts properties without moving atoms. Messages fade at the cutoff, which the papers do
 * not ask for, so that energies are smooth.
 */
import { np } from "../../platform/jax.ts";
import { sigmoid, silu } from "./mlp.ts";
import { embedSpecies, type MolecularGraph, neighboursOf, pairGeometry } from "./molecular-graph.ts";
import { glorotSpecs, type Layout } from "./parameters.ts";
import { cosineCutoff, type RadialBasis, radialBasis } from "./radial.ts";
import { type Linear, linear } from "./tensors.ts";

/** Sizes of general message passing. */
export interface MessagePassingConfig {
  /** Elements that the network tells apart. */
  readonly types: number;
  readonly hidden: number;
  readonly layers: number;
  /** AGG */
  readonly aggregation: "sum" | "mean" | "max";
  /** UPD: h + φ(h, m), or a gated recurrent unit. */
  readonly update: "residual" | "gru";
  /** e_ij: radial functions, or d² as in EGNN. */
  readonly edges: "basis" | "squared";
  /** Multiplies messages by σ(φ_inf(m_ij)), EGNN's equation 8. */
  readonly gate: boolean;
  readonly radial: RadialBasis;
}

type Layer = {
  readonly message: {
    readonly receiver: Linear;
    readonly sender: { readonly weight: np.Array };
    readonly edge: { readonly weight: np.Array };
    readonly second: Linear;
  };
  readonly gate?: Linear;
  /** residual: two layers; gru: from m and from h, three gates each. */
  readonly update: readonly [Linear, Linear];
};

/** Names and order: `messagePassingLayout`. */
export type MessagePassingParameters = {
  readonly embedding: { readonly weight: np.Array };
  readonly layers: readonly Layer[];
};

export function messagePassingLayout(config: MessagePassingConfig): Layout {
  const { types, hidden: H, layers, edges, gate, update, radial } = config;
  const E = edges === "basis" ? radial.count : 1;
  const layer = (l: number): Layout => {
    const name = `layers.${l}`;
    const fan = 2 * H + E;
    return [
      ...glorotSpecs(`${name}.message.receiver`, H, H, fan),
      glorotSpecs(`${name}.message.sender`, H, H, fan)[0],
      glorotSpecs(`${name}.message.edge`, E, H, fan)[0],
      ...glorotSpecs(`${name}.message.second`, H, H),
      ...(gate ? glorotSpecs(`${name}.gate`, H, 1) : []),
      ...(update === "residual"
        ? [...glorotSpecs(`${name}.update.0`, 2 * H, H), ...glorotSpecs(`${name}.update.1`, H, H)]
        : [...glorotSpecs(`${name}.update.0`, H, 3 * H), ...glorotSpecs(`${name}.update.1`, H, 3 * H)]),
    ];
  };
  return [
    { name: "embedding.weight", shape: [types, H], bound: Math.sqrt(3) },
    ...Array.from({ length: layers }, (_, l) => layer(l)).flat(),
  ];
}

/** φ_m: the first layer is factorised, W[h_i; h_j; e_ij] = W₁h_i + W₂h_j + W₃e_ij. [B, N, K, H] */
function messages(p: Layer, h: np.Array, e: np.Array, graph: MolecularGraph): np.Array {
  const [B, N, H] = h.shape;
  const own = linear(p.message.receiver, h.ref).reshape([B, N, 1, H]);
  const other = neighboursOf(graph, np.matmul(h, p.message.sender.weight.transpose()));
  const first = own.add(other).add(np.matmul(e, p.message.edge.weight.transpose()));
  const message = silu(linear(p.message.second, silu(first)));
  return p.gate ? message.ref.mul(sigmoid(linear(p.gate, message))) : message;
}

/** AGG of messages that fade by `cut` [B, N, K, 1]. [B, N, H] */
function aggregate(kind: MessagePassingConfig["aggregation"], message: np.Array, cut: np.Array): np.Array {
  if (kind === "max") return np.max(message.mul(cut), 2);
  const sum = message.mul(cut.ref).sum(2);
  if (kind === "sum") {
    cut.dispose();
    return sum;
  }
  return sum.div(cut.sum(2).add(1)); // [B, N, 1]; the 1 keeps it smooth where nobody is near
}

/** UPD */
function updated(
  kind: MessagePassingConfig["update"],
  p: Layer["update"],
  h: np.Array,
  m: np.Array,
): np.Array {
  if (kind === "residual") return h.ref.add(linear(p[1], silu(linear(p[0], np.concatenate([h, m], 2)))));
  const H = h.shape[2];
  const fromMessage = linear(p[0], m); // reset, update, candidate [B, N, 3H]
  const fromState = linear(p[1], h.ref);
  const part = (x: np.Array, k: number): np.Array => x.ref.slice([], [], [k * H, (k + 1) * H]);
  const reset = sigmoid(part(fromMessage, 0).add(part(fromState, 0)));
  const keep = sigmoid(part(fromMessage, 1).add(part(fromState, 1)));
  const candidate = np.tanh(part(fromMessage, 2).add(reset.mul(part(fromState, 2))));
  fromMessage.dispose();
  fromState.dispose();
  return candidate.ref.add(keep.mul(h.sub(candidate)));
}

/**
 * The representation. Owns the parameters and `x`, borrows the graph.
 * @param x positions in Å [B, N, 3]
 * @returns features [B, N, H]
 */
export function messagePassing(
  config: MessagePassingConfig,
  parameters: MessagePassingParameters,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  const { radial } = config;
  const { vectors, distances } = pairGeometry(graph, x);
  vectors.dispose();
  const cut = cosineCutoff(radial.cutoff, distances.ref).mul(graph.pairs.ref);
  const e = config.edges === "basis" ? radialBasis(radial, distances) : np.square(distances);
  let h = embedSpecies(graph, parameters.embedding.weight);
  for (const layer of parameters.layers) {
    const m = aggregate(config.aggregation, messages(layer, h.ref, e.ref, graph), cut.ref);
    h = updated(config.update, layer.update, h, m);
  }
  e.dispose();
  cut.dispose();
  return h;
}

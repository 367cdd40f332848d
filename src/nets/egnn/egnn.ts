/**
 * E(n)-equivariant graph network over all pairs of atoms, as EDM uses it (Hoogeboom et al. 2022, section 2 and
 * appendix B; Satorras, Hoogeboom, Welling 2021). Rotating, reflecting or shifting x turns the new x along and
 * leaves h alone. h: atom features, x: positions, e: edge features, m: messages.
 * Deviation: the first layer of φ_e and φ_x is factorised, W[h_i; h_j; e] = W₁h_i + W₂h_j + W₃e, so that no
 * [N, N, 2H] array is made; the function is the same.
 */
import { jax, np } from "../../platform/jax.ts";
import { sigmoid, silu } from "../layers/mlp.ts";
import { type Linear, linear } from "../layers/tensors.ts";
import { type EgnnConfig, SIN_FREQUENCIES } from "./egnn-config.ts";

/** One graph convolution; names and order: `graphConvolutionSpecs`. */
export type GraphConvolution = {
  readonly edge: readonly [Linear, Linear];
  readonly node: readonly [Linear, Linear];
  readonly attention?: Linear;
};
/** Two hidden layers and the weight of a difference of positions. */
type CoordinateUpdate = readonly [Linear, Linear, { readonly weight: np.Array }];
/** One block: convolutions of features, then the update of positions. */
type Block = { readonly gcl: readonly GraphConvolution[]; readonly coord: CoordinateUpdate };

/** Parameters as a tree; names and order: `egnnLayout`. */
export type EgnnParameters = {
  readonly embedding: Linear;
  readonly blocks: readonly Block[];
  readonly embeddingOut: Linear;
};

/** Which atoms and pairs exist in a padded batch. The functions below borrow it; `egnn` owns it. */
export type PaddedGraph = {
  /** 1 for atoms, 0 for padding. [B, N, 1] */
  readonly atoms: np.Array;
  /** 1 for pairs of different atoms. [B, N, N, 1] */
  readonly pairs: np.Array;
  /** Divides sums over neighbours. [B, 1, 1] */
  readonly divisor: np.Array;
};

/** x_i − x_j over distance + C, and squared distances. [B, N, N, 3], [B, N, N, 1] */
function pairGeometry(x: np.Array, normConstant: number): { direction: np.Array; squared: np.Array } {
  const [B, N] = x.shape;
  const difference = x.ref.reshape([B, N, 1, 3]).sub(x.reshape([B, 1, N, 3])); // [B, N, N, 3]
  const squared = np.square(difference.ref).sum(3, { keepdims: true }); // [B, N, N, 1]
  const direction = difference.div(np.sqrt(squared.ref.add(1e-8)).add(normConstant));
  return { direction, squared };
}

/** Squared distance, or sines and cosines of the distance. [B, N, N, 1] → [B, N, N, E] */
function embedDistance(config: EgnnConfig, squared: np.Array): np.Array {
  if (!config.sinEmbedding) return squared;
  const frequencies = np.array([...SIN_FREQUENCIES]).astype(squared.dtype); // [6]
  const phase = np.sqrt(squared.add(1e-8)).mul(frequencies);
  return jax.lax.stopGradient(np.concatenate([np.sin(phase.ref), np.cos(phase)], 3));
}

/**
 * First layer on every ordered pair, W₁h_i + W₂h_j + W₃e_ij + b; without W₃ where there are no edge features.
 * [B, N, H], [B, N, N, E] → [B, N, N, H]
 */
function pairLinear(layer: Linear, h: np.Array, e: np.Array | undefined): np.Array {
  const [B, N, H] = h.shape;
  const receiver = layer.weight.ref.slice([], [0, H]);
  const sender = layer.weight.ref.slice([], [H, 2 * H]);
  const edge = e === undefined ? undefined : layer.weight.ref.slice([], [2 * H]);
  layer.weight.dispose();
  const fromReceiver = linear({ weight: receiver, bias: layer.bias }, h.ref).reshape([B, N, 1, H]);
  const fromSender = np.matmul(h, sender.transpose()).reshape([B, 1, N, H]);
  const fromAtoms = fromReceiver.add(fromSender);
  return e === undefined || edge === undefined ? fromAtoms : fromAtoms.add(np.matmul(e, edge.transpose()));
}

/** h_i ← h_i + φ_h(h_i, Σ_j ẽ_ij m_ij) with m_ij = φ_e(h_i, h_j, e_ij). [B, N, H] */
export function graphConvolution(
  p: GraphConvolution,
  h: np.Array,
  e: np.Array | undefined,
  graph: PaddedGraph,
): np.Array {
  let message = silu(linear(p.edge[1], silu(pairLinear(p.edge[0], h.ref, e)))); // [B, N, N, H]
  if (p.attention) message = message.ref.mul(sigmoid(linear(p.attention, message)));
  const aggregate = message.mul(graph.pairs.ref).sum(2).div(graph.divisor.ref); // [B, N, H]
  const update = linear(p.node[1], silu(linear(p.node[0], np.concatenate([h.ref, aggregate], 2))));
  return h.add(update).mul(graph.atoms.ref);
}

/** x_i ← x_i + Σ_j direction_ij φ_x(h_i, h_j, e_ij). [B, N, 3] */
function coordinateUpdate(
  config: EgnnConfig,
  p: CoordinateUpdate,
  h: np.Array,
  x: np.Array,
  direction: np.Array,
  e: np.Array,
  graph: PaddedGraph,
): np.Array {
  const hidden = silu(linear(p[1], silu(pairLinear(p[0], h, e)))); // [B, N, N, H]
  const scalar = np.matmul(hidden, p[2].weight.transpose()); // [B, N, N, 1]
  const step = config.tanh ? np.tanh(scalar).mul(config.coordsRange) : scalar;
  const shift = direction.mul(step).mul(graph.pairs.ref).sum(2).div(graph.divisor.ref); // [B, N, 3]
  return x.add(shift).mul(graph.atoms.ref);
}

/**
 * The network. Takes ownership of its arguments.
 * @param x positions [B, N, 3]
 * @param h features [B, N, inFeatures]
 * @param guess positions of an earlier guess, with self-conditioning only [B, N, 3]
 * @returns new features [B, N, inFeatures] and new positions [B, N, 3]
 */
export function egnn(
  config: EgnnConfig,
  parameters: EgnnParameters,
  x: np.Array,
  h: np.Array,
  graph: PaddedGraph,
  guess?: np.Array,
): { readonly h: np.Array; readonly x: np.Array } {
  const fixed = [x.ref, ...(guess === undefined ? [] : [guess])].map((positions) => {
    const { direction, squared } = pairGeometry(positions, 1);
    direction.dispose();
    return embedDistance(config, squared); // [B, N, N, E/2] or, with a guess, E/3
  });
  let features = linear(parameters.embedding, h); // [B, N, H]
  let positions = x;
  for (const block of parameters.blocks) {
    const { direction, squared } = pairGeometry(positions.ref, config.normConstant);
    const e = np.concatenate([embedDistance(config, squared), ...fixed.map((distance) => distance.ref)], 3); // [B, N, N, E]
    for (const gcl of block.gcl) features = graphConvolution(gcl, features, e.ref, graph);
    positions = coordinateUpdate(config, block.coord, features.ref, positions, direction, e, graph);
  }
  for (const distance of fixed) distance.dispose();
  graph.pairs.dispose();
  graph.divisor.dispose();
  return { h: linear(parameters.embeddingOut, features).mul(graph.atoms), x: positions };
}

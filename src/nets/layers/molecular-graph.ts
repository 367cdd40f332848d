/**
 * Atoms and their neighbours as the geometric networks see them. K neighbours for each atom: all N of the molecule
 * where molecules are small ("dense", nothing is gathered), or rows of a neighbour list (`neighbour-list.ts`).
 * A network is written once, on [B, N, K, …]; `neighboursOf` is all that differs.
 */
import { np } from "../../platform/jax.ts";

/** The functions below and the networks borrow it; `disposeGraph` ends it. */
export type MolecularGraph = {
  /** One-hot element, zeros for padding. [B, N, T] */
  readonly species: np.Array;
  /** 1 for atoms, 0 for padding. [B, N, 1] */
  readonly atoms: np.Array;
  /** 1 for pairs of different atoms. [B, N, K, 1] */
  readonly pairs: np.Array;
  /** Atom at the other end, a row 0 … N − 1; absent where K = N and neighbour k is atom k. B is 1. [N · K] */
  readonly senders?: np.Array;
};

/** Takes ownership. */
export function disposeGraph(graph: MolecularGraph): void {
  for (const array of Object.values(graph)) array.dispose();
}

/** What stands at the other end of each pair; broadcasts along the receivers where it can. Owns `h`. [B, N, …] → [B, N | 1, K, …] */
export function neighboursOf({ senders, pairs }: MolecularGraph, h: np.Array): np.Array {
  const [B, N, ...rest] = h.shape;
  if (senders === undefined) return h.reshape([B, 1, N, ...rest]);
  return np.take(h.reshape([N, ...rest]), senders.ref, 0).reshape([1, N, pairs.shape[2], ...rest]);
}

/** Geometry of the pairs. */
export type PairGeometry = {
  /** r_ij = r_j − r_i. [B, N, K, 3] */
  readonly vectors: np.Array;
  /** ‖r_ij‖; 1 where there is no pair. [B, N, K, 1] */
  readonly distances: np.Array;
};

/** Owns `x` [B, N, 3]. */
export function pairGeometry(graph: MolecularGraph, x: np.Array): PairGeometry {
  const [B, N] = x.shape;
  const receivers = x.ref.reshape([B, N, 1, 3]);
  const vectors = neighboursOf(graph, x).sub(receivers).mul(graph.pairs.ref);
  const squared = np.square(vectors.ref).sum(3, { keepdims: true });
  return { vectors, distances: np.sqrt(squared.add(np.subtract(1, graph.pairs.ref))) };
}

/** Rows for the elements of all atoms, SchNetPack's `embedding.weight` [T, F]; owns `weight`. [B, N, F] */
export const embedSpecies = (graph: MolecularGraph, weight: np.Array): np.Array =>
  np.matmul(graph.species.ref, weight);

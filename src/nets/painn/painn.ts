/**
 * PaiNN (Schütt, Unke, Gastegger, "Equivariant message passing for the prediction of tensorial properties and
 * molecular spectra", ICML 2021): scalar features s [B, N, F] and vector features v [B, N, 3, F]; F: width,
 * W: filters, φ: atomwise networks. Names of the parameters are SchNetPack's, so that its weights can be read.
 */
import { np } from "../../platform/jax.ts";
import { silu } from "../layers/mlp.ts";
import { embedSpecies, type MolecularGraph, neighboursOf, pairGeometry } from "../layers/molecular-graph.ts";
import { glorotSpecs, type Layout } from "../layers/parameters.ts";
import { cosineCutoff, type RadialBasis, radialBasis } from "../layers/radial.ts";
import { type Linear, linear } from "../layers/tensors.ts";

/** Sizes of PaiNN (Schütt et al. 2021). */
export interface PainnConfig {
  /** Elements that the network tells apart. */
  readonly types: number;
  /** F */
  readonly hidden: number;
  readonly layers: number;
  readonly radial: RadialBasis;
}

type Message = { readonly interatomic_context_net: readonly [Linear, Linear] };
type Update = {
  readonly mu_channel_mix: { readonly weight: np.Array };
  readonly intraatomic_context_net: readonly [Linear, Linear];
};

/** Names and order: `painnLayout`. */
export type PainnParameters = {
  readonly embedding: { readonly weight: np.Array };
  readonly filter_net: Linear;
  readonly interactions: readonly Message[];
  readonly mixing: readonly Update[];
};

export function painnLayout({ types, hidden: F, layers, radial }: PainnConfig): Layout {
  const each = <T>(spec: (layer: number) => T): T[] => Array.from({ length: layers }, (_, l) => spec(l));
  return [
    { name: "embedding.weight", shape: [types, F], bound: Math.sqrt(3) },
    ...glorotSpecs("filter_net", radial.count, 3 * F * layers, radial.count, 3 * F),
    ...each((l) => [
      ...glorotSpecs(`interactions.${l}.interatomic_context_net.0`, F, F),
      ...glorotSpecs(`interactions.${l}.interatomic_context_net.1`, F, 3 * F),
    ]).flat(),
    ...each((l) => [
      glorotSpecs(`mixing.${l}.mu_channel_mix`, F, 2 * F)[0],
      ...glorotSpecs(`mixing.${l}.intraatomic_context_net.0`, 2 * F, F),
      ...glorotSpecs(`mixing.${l}.intraatomic_context_net.1`, F, 3 * F),
    ]).flat(),
  ];
}

/** s_i ← s_i + Σ_j Δs, v_i ← v_i + Σ_j Δv: continuous-filter convolutions of s and v, and s turned into directions. */
function message(
  p: Message,
  filters: np.Array, // W(‖r_ij‖) f_cut [B, N, K, 3F]
  directions: np.Array, // r_ij / ‖r_ij‖ [B, N, K, 3]
  s: np.Array,
  v: np.Array | undefined, // absent while all are zero
  graph: MolecularGraph,
): [np.Array, np.Array] {
  const F = s.shape[2];
  const [first, second] = p.interatomic_context_net;
  const phi = linear(second, silu(linear(first, s.ref))); // [B, N, 3F]
  const weighted = filters.mul(neighboursOf(graph, phi)); // [B, N, K, 3F]
  const part = (k: number): np.Array => weighted.ref.slice([], [], [], [k * F, (k + 1) * F]);
  const scalars = part(0).sum(2); // [B, N, F]
  const turned = np.matmul(directions.transpose([0, 1, 3, 2]), part(1)); // [B, N, 3, F]
  if (v === undefined) {
    weighted.dispose();
    return [s.add(scalars), turned];
  }
  const [B, N, K] = weighted.shape;
  const carried = part(2).reshape([B, N, K, 1, F]).mul(neighboursOf(graph, v.ref)).sum(2); // [B, N, 3, F]
  weighted.dispose();
  return [s.add(scalars), v.add(turned).add(carried)];
}

/** Mixes the channels of each atom: ‖Vv‖ and ⟨Uv, Vv⟩ enter s, s scales Uv. */
function update(p: Update, s: np.Array, v: np.Array): [np.Array, np.Array] {
  const F = s.shape[2];
  const mixed = np.matmul(v.ref, p.mu_channel_mix.weight.transpose()); // [B, N, 3, 2F]
  const Vv = mixed.ref.slice([], [], [], [0, F]);
  const Uv = mixed.slice([], [], [], [F]);
  const norm = np.sqrt(np.square(Vv.ref).sum(2).add(1e-8)); // [B, N, F]
  const [first, second] = p.intraatomic_context_net;
  const a = linear(second, silu(linear(first, np.concatenate([s.ref, norm], 2)))); // [B, N, 3F]
  const [B, N] = a.shape;
  const part = (k: number): np.Array => a.ref.slice([], [], [k * F, (k + 1) * F]);
  const product = Vv.mul(Uv.ref).sum(2); // [B, N, F]
  const scalars = part(0).add(part(2).mul(product));
  const vectors = part(1).reshape([B, N, 1, F]).mul(Uv);
  a.dispose();
  return [s.add(scalars), v.add(vectors)];
}

/**
 * The representation. Owns the parameters and `x`, borrows the graph.
 * @param x positions in Å [B, N, 3]
 * @returns s [B, N, F], v [B, N, 3, F]
 */
export function painn(
  { layers, hidden: F, radial }: PainnConfig,
  parameters: PainnParameters,
  x: np.Array,
  graph: MolecularGraph,
): { readonly scalars: np.Array; readonly vectors: np.Array } {
  const { vectors, distances } = pairGeometry(graph, x);
  const cut = cosineCutoff(radial.cutoff, distances.ref).mul(graph.pairs.ref); // [B, N, K, 1]
  const directions = vectors.div(distances.ref);
  const basis = radialBasis(radial, distances);
  const filters = linear(parameters.filter_net, basis).mul(cut); // [B, N, K, 3F · layers]
  let s = embedSpecies(graph, parameters.embedding.weight);
  let v: np.Array | undefined;
  for (let l = 0; l < layers; l++) {
    const filter = filters.ref.slice([], [], [], [3 * F * l, 3 * F * (l + 1)]);
    [s, v] = message(parameters.interactions[l], filter, directions.ref, s, v, graph);
    [s, v] = update(parameters.mixing[l], s, v);
  }
  filters.dispose();
  directions.dispose();
  return { scalars: s, vectors: v as np.Array };
}

/**
 * SchNet (Schütt, Sauceda, Kindermans, Tkatchenko, Müller, "SchNet – a deep learning architecture for molecules and
 * materials", J. Chem. Phys. 2018, figure 2): atom features x [B, N, F], continuous-filter convolutions with filters
 * generated from distances. Names of the parameters are SchNetPack's.
 */

import { np } from "../../platform/jax.ts";
import { embedSpecies, type MolecularGraph, neighboursOf, pairGeometry } from "../layers/molecular-graph.ts";
import { glorotSpecs, type Layout } from "../layers/parameters.ts";
import { cosineCutoff, type RadialBasis, radialBasis, shiftedSoftplus } from "../layers/radial.ts";
import { type Linear, linear } from "../layers/tensors.ts";

/** Sizes of SchNet (Schütt et al. 2017). */
export interface SchnetConfig {
  /** Elements that the network tells apart. */
  readonly types: number;
  /** F, features of an atom. */
  readonly hidden: number;
  /** Width of the filters. */
  readonly filters: number;
  readonly layers: number;
  readonly radial: RadialBasis;
}

type Interaction = {
  readonly in2f: { readonly weight: np.Array };
  readonly filter_network: readonly [Linear, Linear];
  readonly f2out: readonly [Linear, Linear];
};

/** Names and order: `schnetLayout`. */
export type SchnetParameters = {
  readonly embedding: { readonly weight: np.Array };
  readonly interactions: readonly Interaction[];
};

export function schnetLayout({ types, hidden: F, filters, layers, radial }: SchnetConfig): Layout {
  return [
    { name: "embedding.weight", shape: [types, F], bound: Math.sqrt(3) },
    ...Array.from({ length: layers }, (_, l) => [
      glorotSpecs(`interactions.${l}.in2f`, F, filters)[0],
      ...glorotSpecs(`interactions.${l}.filter_network.0`, radial.count, filters),
      ...glorotSpecs(`interactions.${l}.filter_network.1`, filters, filters),
      ...glorotSpecs(`interactions.${l}.f2out.0`, filters, F),
      ...glorotSpecs(`interactions.${l}.f2out.1`, F, F),
    ]).flat(),
  ];
}

/** The filter-generating network: W(‖r_ij‖) [B, N, K, filters]. */
function filters([first, second]: readonly [Linear, Linear], basis: np.Array, cut: np.Array): np.Array {
  return linear(second, shiftedSoftplus(linear(first, basis))).mul(cut);
}

/** Atomwise, continuous-filter convolution, atomwise: what is added to x. */
function interaction(
  p: Interaction,
  x: np.Array,
  basis: np.Array,
  cut: np.Array,
  graph: MolecularGraph,
): np.Array {
  const features = np.matmul(x, p.in2f.weight.transpose()); // [B, N, filters]
  const convolved = filters(p.filter_network, basis, cut).mul(neighboursOf(graph, features)).sum(2);
  const [first, second] = p.f2out;
  return linear(second, shiftedSoftplus(linear(first, convolved)));
}

/**
 * The representation. Owns the parameters and `x`, borrows the graph.
 * @param x positions in Å [B, N, 3]
 * @returns features [B, N, F]
 */
export function schnet(
  { radial }: SchnetConfig,
  parameters: SchnetParameters,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  const { vectors, distances } = pairGeometry(graph, x);
  vectors.dispose();
  const cut = cosineCutoff(radial.cutoff, distances.ref).mul(graph.pairs.ref);
  const basis = radialBasis(radial, distances);
  let features = embedSpecies(graph, parameters.embedding.weight);
  for (const block of parameters.interactions)
    features = features.ref.add(interaction(block, features, basis.ref, cut.ref, graph));
  basis.dispose();
  cut.dispose();
  return features;
}

/**
 * DimeNet (Gasteiger, Groß, Günnemann, "Directional message passing for molecular graphs", ICLR 2020, figure 4) and
 * DimeNet++ (Gasteiger, Giri, Margraf, Günnemann 2020): messages x_ji of pairs are updated by messages x_kj, k ≠ i,
 * with the angle between them. Pairs (i, j) lie in [B, N, K], triplets (i, j, k) in [B, N, K, K].
 */
import { np } from "../../platform/jax.ts";
import { silu } from "../layers/mlp.ts";
import {
  embedSpecies,
  type MolecularGraph,
  neighboursOf,
  type PairGeometry,
  pairGeometry,
} from "../layers/molecular-graph.ts";
import { glorotSpecs, type Layout } from "../layers/parameters.ts";
import { polynomialEnvelope, radialBasis } from "../layers/radial.ts";
import { legendre, sphericalRadial } from "../layers/spherical-basis.ts";
import { type Linear, linear } from "../layers/tensors.ts";

/** Sizes of DimeNet and DimeNet++ (Gasteiger et al. 2020). */
export interface DimenetConfig {
  /** Elements that the network tells apart. */
  readonly types: number;
  readonly hidden: number;
  readonly layers: number;
  /** "++": Hadamard products of down-projected messages; "bilinear": the first DimeNet's. */
  readonly variant: "++" | "bilinear";
  /** Width of the interaction: of the projected messages (++), of the bilinear layer. */
  readonly interaction: number;
  /** Orders l of the spherical basis. */
  readonly spherical: number;
  /** Radial functions of each order, and of a pair; p of the envelope. */
  readonly radial: { readonly kind: "bessel"; readonly count: number; readonly cutoff: number };
  readonly envelope: number;
}

type Weight = { readonly weight: np.Array };
type Residual = readonly [Linear, Linear];
type Interaction = {
  readonly rbf: readonly [Weight, Weight];
  readonly sbf: Weight;
  readonly ji: Linear;
  readonly kj: Linear;
  readonly down?: Weight;
  readonly spread?: Weight;
  readonly up?: Weight;
  readonly bilinear?: Weight;
  readonly before: readonly Residual[];
  readonly skip: Linear;
  readonly after: readonly Residual[];
};
type Output = { readonly rbf: Weight; readonly layers: readonly Linear[]; readonly last: Weight };

/** Names and order: `dimenetLayout`. */
export type DimenetParameters = {
  readonly embedding: { readonly weight: np.Array; readonly rbf: Linear; readonly pair: Linear };
  readonly interactions: readonly Interaction[];
  readonly outputs: readonly Output[];
};

/** Width between the two linear maps of a basis. */
const BASIS = 8;

export function dimenetLayout(config: DimenetConfig): Layout {
  const { types, hidden: H, layers, variant, interaction: I, spherical: L, radial } = config;
  const R = radial.count;
  const weight = (name: string, inputs: number, outputs: number): Layout => [
    glorotSpecs(name, inputs, outputs)[0],
  ];
  const residual = (name: string): Layout => [
    ...glorotSpecs(`${name}.0`, H, H),
    ...glorotSpecs(`${name}.1`, H, H),
  ];
  const block = (l: number): Layout => {
    const name = `interactions.${l}`;
    return [
      ...weight(`${name}.rbf.0`, R, BASIS),
      ...weight(`${name}.rbf.1`, BASIS, H),
      ...weight(`${name}.sbf`, L * R, BASIS),
      ...glorotSpecs(`${name}.ji`, H, H),
      ...glorotSpecs(`${name}.kj`, H, H),
      ...(variant === "++"
        ? [
            ...weight(`${name}.down`, H, I),
            ...weight(`${name}.spread`, BASIS, I),
            ...weight(`${name}.up`, I, H),
          ]
        : weight(`${name}.bilinear`, BASIS * H, H)),
      ...residual(`${name}.before.0`),
      ...glorotSpecs(`${name}.skip`, H, H),
      ...residual(`${name}.after.0`),
      ...residual(`${name}.after.1`),
    ];
  };
  const output = (l: number): Layout => [
    ...weight(`outputs.${l}.rbf`, R, H),
    ...glorotSpecs(`outputs.${l}.layers.0`, H, H),
    ...glorotSpecs(`outputs.${l}.layers.1`, H, H),
    { name: `outputs.${l}.last.weight`, shape: [1, H], bound: 0.1 / Math.sqrt(H) },
  ];
  return [
    { name: "embedding.weight", shape: [types, H], bound: Math.sqrt(3) },
    ...glorotSpecs("embedding.rbf", R, H),
    ...glorotSpecs("embedding.pair", 3 * H, H),
    ...Array.from({ length: layers }, (_, l) => block(l)).flat(),
    ...Array.from({ length: layers + 1 }, (_, l) => output(l)).flat(),
  ];
}

const times = ({ weight }: Weight, x: np.Array): np.Array => np.matmul(x, weight.transpose());
const residual = ([first, second]: Residual, x: np.Array): np.Array =>
  x.ref.add(silu(linear(second, silu(linear(first, x)))));

/** What the geometry gives to every block. */
type Basis = {
  /** u(d) sin(nπd/c)/d. [B, N, K, R] */
  readonly rbf: np.Array;
  /** Radial part of the pairs (j, k), with envelope and mask. [B, N, K, L, R] */
  readonly radial: np.Array;
  /** Angular part, zero where k = i or there is no pair. [B, N, K, K, L] */
  readonly angular: np.Array;
};

function basisOf(config: DimenetConfig, { vectors, distances }: PairGeometry, graph: MolecularGraph): Basis {
  const { radial, spherical: L, envelope } = config;
  const [B, N, K] = distances.shape;
  const fade = polynomialEnvelope(radial.cutoff, envelope, distances.ref).mul(graph.pairs.ref); // [B, N, K, 1]
  const rbf = radialBasis(radial, distances.ref)
    .mul(Math.sqrt(2 / radial.cutoff))
    .mul(fade.ref);
  const ofPairs = sphericalRadial(L, radial.count, radial.cutoff, distances.ref).mul(
    fade.reshape([B, N, K, 1, 1]),
  );
  // The angle at j between i and k: −r_ij · r_jk over the distances.
  const directions = vectors.div(distances);
  const onward = neighboursOf(graph, directions.ref); // [B, N | 1, K, K, 3]
  const cosine = onward
    .mul(directions.reshape([B, N, K, 1, 3]))
    .sum(4)
    .neg(); // [B, N, K, K]
  const angular = legendre(L, cosine).mul(triplets(graph).reshape([B, N, K, K, 1]));
  return { rbf, radial: ofPairs, angular };
}

/** 1 where j is a neighbour of i, k one of j, and k is not i. [B, N, K, K] */
function triplets(graph: MolecularGraph): np.Array {
  const [B, N, K] = graph.pairs.shape;
  const first = graph.pairs.ref.reshape([B, N, K, 1]);
  const second = neighboursOf(graph, graph.pairs.ref.reshape([B, N, K])); // [B, N | 1, K, K]
  const both = first.mul(second);
  if (graph.senders === undefined) return both.mul(graph.pairs.ref.reshape([B, N, 1, K])); // i ≠ k is a pair
  const ends = np.take(graph.senders.ref.reshape([N, K]), graph.senders.ref, 0).reshape([1, N, K, K]);
  const start = np.arange(N).astype(ends.dtype).reshape([1, N, 1, 1]);
  return both.mul(np.notEqual(ends, start).astype(graph.pairs.dtype));
}

/** The spherical basis of the triplets through its first linear map: Σ_l P_l Σ_n W_pln j_ln. [B, N, K, K, 8] */
function sphericalProjection(p: Weight, basis: Basis, graph: MolecularGraph): np.Array {
  const [B, N, K, L, R] = basis.radial.shape;
  // As many axes as its partner has: with fewer, jax-js 0.1.25 puts the axes of the product in another order.
  const split = p.weight.reshape([BASIS, L, R]).transpose([1, 2, 0]).reshape([1, 1, 1, L, R, BASIS]);
  const ofPairs = np.matmul(basis.radial.ref.reshape([B, N, K, L, 1, R]), split).reshape([B, N, K, L, BASIS]);
  const ofTriplets = neighboursOf(graph, ofPairs); // [B, N | 1, K, K, L, 8]
  return basis.angular.ref.reshape([B, N, K, K, L, 1]).mul(ofTriplets).sum(4);
}

function interaction(p: Interaction, x: np.Array, basis: Basis, graph: MolecularGraph): np.Array {
  const [B, N, K, H] = x.shape;
  const own = silu(linear(p.ji, x.ref));
  const radial = times(p.rbf[1], times(p.rbf[0], basis.rbf.ref));
  const sent = silu(linear(p.kj, x.ref)).mul(radial); // [B, N, K, H]
  const spherical = sphericalProjection(p.sbf, basis, graph); // [B, N, K, K, 8]
  let received: np.Array; // [B, N, K, H]
  if (p.down && p.spread && p.up) {
    const low = silu(times(p.down, sent)); // [B, N, K, I]
    const sum = times(p.spread, spherical).mul(neighboursOf(graph, low)).sum(3);
    received = silu(times(p.up, sum));
  } else {
    const onward = neighboursOf(graph, sent); // [B, N | 1, K, K, H]
    const sum = np.matmul(spherical.transpose([0, 1, 2, 4, 3]), onward); // [B, N, K, 8, H]
    received = times(p.bilinear as Weight, sum.reshape([B, N, K, BASIS * H]));
  }
  let h = own.add(received);
  for (const block of p.before) h = residual(block, h);
  h = silu(linear(p.skip, h)).add(x);
  for (const block of p.after) h = residual(block, h);
  return h;
}

/** From messages to a number for each atom. [B, N, 1] */
function output(p: Output, x: np.Array, basis: Basis): np.Array {
  let atoms = times(p.rbf, basis.rbf.ref).mul(x).sum(2); // [B, N, H]
  for (const layer of p.layers) atoms = silu(linear(layer, atoms));
  return times(p.last, atoms);
}

/**
 * The outputs of the atoms. Owns the parameters and `x`, borrows the graph.
 * @param x positions in Å [B, N, 3]
 * @returns [B, N, 1]
 */
export function dimenet(
  config: DimenetConfig,
  parameters: DimenetParameters,
  x: np.Array,
  graph: MolecularGraph,
): np.Array {
  const basis = basisOf(config, pairGeometry(graph, x), graph);
  const { embedding } = parameters;
  const h = embedSpecies(graph, embedding.weight); // [B, N, H]
  const rbf = silu(linear(embedding.rbf, basis.rbf.ref)); // [B, N, K, H]
  const like = np.zerosLike(rbf.ref);
  const [B, N, , H] = rbf.shape;
  const ends = [h.ref.reshape([B, N, 1, H]).add(like.ref), neighboursOf(graph, h).add(like), rbf];
  let messages = silu(linear(embedding.pair, np.concatenate(ends, 3)));
  let outputs = output(parameters.outputs[0], messages.ref, basis);
  parameters.interactions.forEach((block, l) => {
    messages = interaction(block, messages, basis, graph);
    outputs = outputs.add(output(parameters.outputs[l + 1], messages.ref, basis));
  });
  messages.dispose();
  for (const array of Object.values(basis)) array.dispose();
  return outputs;
}

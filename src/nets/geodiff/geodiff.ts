/**
 * The denoising network of GeoDiff (Xu et al. 2022, section 4): two encoders, one over local edges (bonds and pairs up
 * to three bonds apart) and one over radius edges; each makes edge weights u_ij from invariants and projects them to
 * coordinates, Δx_i = Σ_j u_ij (x_i − x_j)/d_ij. Encoders are SchNet's continuous filters (Schütt et al. 2017).
 * Deviations: u_ij = b_ij + a_ij d_ij, so that a preferred distance −b/a is one multiplication away; the noise level
 * is an input; a message is of both ends of an edge to both; the second encoder starts from what the first found;
 * centres with a given handedness move along the gradient of their volume, so that the network sees mirror images. h: atoms, e: edges, u: edge weights.
 */
import { nn, np } from "../../platform/jax.ts";
import { type Mlp, mlpSpecs } from "../layers/mlp.ts";
import { type Layout, linearSpecs, type ParameterSpec } from "../layers/parameters.ts";
import { type Linear, linear } from "../layers/tensors.ts";

/** Sizes of GeoDiff's network (Xu et al. 2022). */
export interface GeoDiffConfig {
  /** Channels of an atom. */
  readonly atomFeatures: number;
  /** Channels of an edge beside its length. */
  readonly edgeFeatures: number;
  readonly hidden: number;
  /** Interactions of the encoder over local edges, and of that over radius edges. */
  readonly localLayers: number;
  readonly globalLayers: number;
}

/** Where rows belong: 1 at the atom. The transpose is an input of its own because products with views are slow. */
export type Places = {
  /** [B, E, N] */
  readonly of: np.Array;
  /** [B, N, E] */
  readonly at: np.Array;
};

/** Undirected edges, each once; rows of zeros where there are fewer. */
export type EdgeList = {
  /** First and second atom of an edge. */
  readonly from: Places;
  readonly to: Places;
  /** [B, E, edgeFeatures] */
  readonly features: np.Array;
};

/** Atoms with four neighbours whose handedness is given; rows of zeros where there are fewer. */
export type CentreList = {
  /** The atom, and its neighbours a, b, c, d. */
  readonly atom: Places;
  readonly a: Places;
  readonly b: Places;
  readonly c: Places;
  readonly d: Places;
  /** Sign of (a − d)·((b − d) × (c − d)), 0 for none. [B, C, 1] */
  readonly sign: np.Array;
};

/** Molecules of about one size, padded. */
export type GeoDiffInput = {
  /** Noised positions. [B, N, 3] */
  readonly positions: np.Array;
  /** [B, N, atomFeatures] */
  readonly atoms: np.Array;
  /** 1/√(1 + (σ/s)²), by which a distance is brought to the size of the molecule's. [B, 1, 1] */
  readonly scale: np.Array;
  readonly local: EdgeList;
  readonly global: EdgeList;
  readonly centres: CentreList;
};

/** One interaction of SchNet: a filter from the edges, the way in, the way out. */
type Interaction = {
  readonly filter: Linear;
  readonly into: { readonly weight: np.Array };
  readonly out: readonly [Linear, Linear];
};
/** Embeddings, interactions, and the weight of each edge. */
type Encoder = {
  readonly embedding: Linear;
  readonly fromAtoms: Linear;
  readonly fromEdge: { readonly weight: np.Array };
  readonly edge: Linear;
  readonly layers: readonly Interaction[];
  readonly headAtoms: Linear;
  readonly headEdge: { readonly weight: np.Array };
  readonly head: Mlp;
};
/** Parameters of GeoDiff's network. */
export type GeoDiffParameters = {
  readonly handedness: Linear;
  readonly local: Encoder;
  readonly global: Encoder;
  readonly centre: {
    readonly inner: Linear;
    readonly handed: { readonly weight: np.Array };
    readonly outer: Linear;
  };
};

/** Radial functions: Gaussians of log(1 + d), evenly spaced up to this value (44 Å). */
const LOG_REACH = 3.8;
const RADIAL = 22;
/** Divisors of sums over edges: about the neighbours of an atom. */
const NEIGHBOURS = { local: 8, global: 12 } as const;

const withoutBias = (name: string, inputs: number, outputs: number, gain = 1): ParameterSpec => ({
  name: `${name}.weight`,
  shape: [outputs, inputs],
  bound: gain / Math.sqrt(inputs),
});

function encoderSpecs(
  name: string,
  { hidden: H, edgeFeatures }: GeoDiffConfig,
  layers: number,
  inputs: number,
): ParameterSpec[] {
  return [
    ...linearSpecs(`${name}.embedding`, inputs, H),
    ...linearSpecs(`${name}.fromAtoms`, H, H),
    withoutBias(`${name}.fromEdge`, RADIAL + 1 + edgeFeatures, H),
    ...linearSpecs(`${name}.edge`, H, H),
    ...Array.from({ length: layers }, (_, l) => [
      ...linearSpecs(`${name}.layers.${l}.filter`, H, H),
      withoutBias(`${name}.layers.${l}.into`, H, H),
      ...linearSpecs(`${name}.layers.${l}.out.0`, H, H),
      ...linearSpecs(`${name}.layers.${l}.out.1`, H, H),
    ]).flat(),
    ...linearSpecs(`${name}.headAtoms`, H, H),
    withoutBias(`${name}.headEdge`, H, H),
    ...mlpSpecs(`${name}.head`, [H, H / 2, 2]).map((spec) =>
      spec.name.includes(".1.") ? { ...spec, bound: 0.1 * spec.bound } : spec,
    ),
  ];
}

/** Order of the parameters. */
export function geoDiffLayout(config: GeoDiffConfig): Layout {
  return [
    ...linearSpecs("handedness", 2, config.hidden),
    ...encoderSpecs("local", config, config.localLayers, config.atomFeatures),
    ...encoderSpecs("global", config, config.globalLayers, config.hidden),
    ...linearSpecs("centre.inner", config.hidden, config.hidden / 2),
    withoutBias("centre.handed", 1, config.hidden / 2),
    ...linearSpecs("centre.outer", config.hidden / 2, 1),
  ];
}

/** Rows of the atoms at the places; borrows these. [B, N, F] → [B, E, F] */
const rows = (values: np.Array, places: Places): np.Array => np.matmul(places.of.ref, values);

/** Sums rows into the places: the transpose of `rows`. [B, E, F] → [B, N, F] */
const sumInto = (values: np.Array, places: Places): np.Array => np.matmul(places.at.ref, values);

/** Places with weights: p + sign · q. */
const combined = (p: Places, q: Places, sign: 1 | -1): Places => ({
  of: p.of.ref.add(q.of.ref.mul(sign)),
  at: p.at.ref.add(q.at.ref.mul(sign)),
});
const disposePlaces = (...all: readonly Places[]): void => {
  for (const { of, at } of all) {
    of.dispose();
    at.dispose();
  }
};

/** y = x Wᵀ; takes ownership. */
const product = (layer: { readonly weight: np.Array }, x: np.Array): np.Array =>
  np.matmul(x, layer.weight.transpose());

/** Unit vectors from `to` to `from`, and lengths. [B, E, 3], [B, E, 1] */
function directions(x: np.Array, step: Places): { unit: np.Array; length: np.Array } {
  const difference = rows(x, step);
  const length = np.sqrt(np.square(difference.ref).sum(2, { keepdims: true }).add(1e-8));
  return { unit: difference.div(length.ref), length };
}

/** Gaussians of log(1 + d). [B, E, 1] → [B, E, RADIAL] */
function radial(length: np.Array): np.Array {
  const step = LOG_REACH / (RADIAL - 1);
  const centres = np.array(Float32Array.from({ length: RADIAL }, (_, k) => k * step)); // [RADIAL]
  const offset = np.log(length.add(1)).sub(centres).div(step);
  return np.exp(np.square(offset).mul(-0.5));
}

/** Squareplus less its value at 0: as smooth as SchNet's shifted softplus, without exponentials. */
const activation = (x: np.Array): np.Array => nn.squareplus(x).sub(1);

/** One encoder with its head. Takes ownership. Returns the atoms' features, and the projected edge weights. */
function encode(
  p: Encoder,
  edges: EdgeList,
  positions: np.Array,
  embedded: np.Array,
  scale: np.Array,
  neighbours: number,
): { readonly h: np.Array; readonly shift: np.Array } {
  const { from, to, features } = edges;
  const step = combined(from, to, -1);
  const both = combined(from, to, 1);
  const { unit, length } = directions(positions, step);
  const scaled = length.ref.mul(scale); // [B, E, 1]
  let h = embedded; // [B, N, H]
  const ends = rows(linear(p.fromAtoms, h.ref), both); // [B, E, H]
  const inputs = np.concatenate([radial(length), scaled.ref, features], 2); // [B, E, RADIAL + 1 + T]
  const e = activation(linear(p.edge, activation(product(p.fromEdge, inputs).add(ends)))); // [B, E, H]
  for (const layer of p.layers) {
    const filter = linear(layer.filter, e.ref); // [B, E, H]
    const message = rows(product(layer.into, h.ref), both).mul(filter); // of both ends to both
    const gathered = sumInto(message, both).div(neighbours); // [B, N, H]
    h = h.add(linear(layer.out[1], activation(linear(layer.out[0], gathered))));
  }
  const own = rows(linear(p.headAtoms, h.ref), both);
  const hidden = activation(own.add(product(p.headEdge, e)));
  const [inner, outer] = p.head;
  const weights = linear(outer, activation(linear(inner, hidden))); // [B, E, 2]
  const u = weights.ref.slice([], [], [0, 1]).add(weights.slice([], [], [1, 2]).mul(scaled)); // [B, E, 1]
  const shift = sumInto(u.mul(unit), step); // Σ_j u_ij (x_i − x_j)/d_ij
  disposePlaces(from, to, step, both);
  return { h, shift };
}

/** The product of vectors, row by row. [B, C, 3] */
function crossRows(p: np.Array, q: np.Array): np.Array {
  const part = (v: np.Array, k: number): np.Array => v.ref.slice([], [], [k, k + 1]);
  const component = (i: number, j: number): np.Array =>
    part(p, i)
      .mul(part(q, j))
      .sub(part(p, j).mul(part(q, i)));
  const result = np.concatenate([component(1, 2), component(2, 0), component(0, 1)], 2);
  p.dispose();
  q.dispose();
  return result;
}

const sumRow = (x: np.Array): np.Array => x.sum(2, { keepdims: true });

/** Gradients of the volume over squared lengths, and sign times handedness. [B, C, 3] each, [B, C, 1] */
function volumes(x: np.Array, { a, b, c, d, sign }: CentreList) {
  const last = rows(x.ref, d);
  const p = rows(x.ref, a).sub(last.ref);
  const q = rows(x.ref, b).sub(last.ref);
  const r = rows(x, c).sub(last);
  const squares = [p, q, r].map((v) => sumRow(np.square(v.ref)).add(1e-6));
  const size = np.sqrt(squares[0].ref.mul(squares[1].ref).mul(squares[2].ref));
  const mean = squares[0].add(squares[1]).add(squares[2]).div(3);
  const forA = crossRows(q.ref, r.ref);
  const forB = crossRows(r, p.ref);
  const handed = sumRow(p.ref.mul(forA.ref)).div(size).mul(sign.ref); // [B, C, 1]
  const forC = crossRows(p, q);
  const over = sign.ref.div(mean);
  return {
    handed,
    forA: forA.mul(over.ref),
    forB: forB.mul(over.ref),
    forC: forC.mul(over),
  };
}

/**
 * Displacement of every atom, in Å. Takes ownership of its arguments.
 * Rotating or shifting the positions turns the result along; so does a reflection that also flips the signs.
 * @returns [B, N, 3], summing to zero over each molecule
 */
export function geoDiff(parameters: GeoDiffParameters, input: GeoDiffInput): np.Array {
  const { positions, atoms, scale, local, global, centres } = input;
  const { handed, forA, forB, forC } = volumes(positions.ref, centres);
  const known = np.concatenate([handed.ref, np.square(centres.sign)], 2); // [B, C, 2]
  const { weight, bias } = parameters.handedness;
  const signal = np.matmul(known.ref, weight.transpose()).add(known.slice([], [], [1, 2]).mul(bias)); // [B, C, H]
  const fromCentres = sumInto(signal, centres.atom); // [B, N, H]
  const embedded = linear(parameters.local.embedding, atoms).add(fromCentres);
  const near = encode(parameters.local, local, positions.ref, embedded, scale.ref, NEIGHBOURS.local);
  const again = linear(parameters.global.embedding, near.h.ref);
  const far = encode(parameters.global, global, positions, again, scale, NEIGHBOURS.global);
  far.h.dispose();
  const { inner, handed: fromHanded, outer } = parameters.centre;
  const atCentre = linear(inner, rows(near.h, centres.atom)).add(product(fromHanded, handed));
  const push = linear(outer, activation(atCentre)); // [B, C, 1]
  const { a, b, c, d } = centres;
  const turned = sumInto(forA.ref.mul(push.ref), a)
    .add(sumInto(forB.ref.mul(push.ref), b))
    .add(sumInto(forC.ref.mul(push.ref), c))
    .sub(sumInto(forA.add(forB).add(forC).mul(push), d));
  disposePlaces(centres.atom, a, b, c, d);
  return near.shift.add(far.shift).add(turned);
}

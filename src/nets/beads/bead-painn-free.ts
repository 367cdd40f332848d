/**
 * PaiNN of beads without energy conservation, by jax-js: ε̂ = σ (σ²z + Σ_p k_p ∂(u_p²)/∂z + w), where w is PaiNN's own
 * vector for each bead, its mean taken out. Turns with the molecule like the gradient of an energy, but has curl.
 */
import { sigmoid } from "../../diffusion/schedule.ts";
import { jax, np } from "../../platform/jax.ts";
import { type VectorOutput, vectorOutput } from "../layers/gated-equivariant.ts";
import type { MolecularGraph } from "../layers/molecular-graph.ts";
import { type Linear, linear, type ParameterTree, parameterTree } from "../layers/tensors.ts";
import { placeSites, withSites } from "../layers/virtual-sites.ts";
import { painn } from "../painn/painn.ts";
import type { BeadField } from "./bead-field.ts";
import { beadPainnLayout, LEVEL_FEATURES, levelFeatures, painnOf } from "./bead-painn.ts";
import { beadSprings } from "./bead-springs.ts";
import { type BeadNetworkConfig, pairCount } from "./beads-config.ts";

/** Parameters as a tree; names and order: `beadPainnLayout`. */
type FreeParameters = { readonly springs: Linear; readonly representation: unknown } & VectorOutput;

export type FreeInputs = {
  /** Beads and sites. [B, S, 3] */
  readonly sites: np.Array;
  /** One-hot type, then the features of the level. [B, S, S + LEVEL_FEATURES] */
  readonly species: np.Array;
  /** [B, LEVEL_FEATURES] */
  readonly level: np.Array;
  /** ∂(u_p²)/∂z. [B, P, 3N] */
  readonly pulls: np.Array;
  /** σ²z. [B, 3N] */
  readonly gaussian: np.Array;
};

/** What a network is told of B noised configurations. @param z [B, N, 3] @param gamma [B] */
export function freeInputs(config: BeadNetworkConfig, z: Float64Array, gamma: ArrayLike<number>): FreeInputs {
  const { beads: N } = config;
  const [B, S, P] = [gamma.length, withSites(N), pairCount(N)];
  const T = S + LEVEL_FEATURES;
  const width = 3 * N;
  const springs = beadSprings(config);
  const [u, pulls] = [new Float64Array(P), new Float64Array(width * P)];
  const sites = new Float64Array(3 * S * B);
  const species = new Float32Array(B * S * T);
  const levels = new Float32Array(B * LEVEL_FEATURES);
  const allPulls = new Float32Array(B * P * width);
  for (let b = 0; b < B; b++) {
    const level = levelFeatures(gamma[b]);
    levels.set(level, b * LEVEL_FEATURES);
    placeSites(z, width * b, N, sites, 3 * S * b);
    for (let t = 0; t < S; t++) {
      species[(b * S + t) * T + t] = 1;
      species.set(level, (b * S + t) * T + S);
    }
    springs.measure(z, width * b, gamma[b], u, pulls);
    allPulls.set(pulls, b * P * width);
  }
  return {
    sites: np.array(Float32Array.from(sites), { shape: [B, S, 3] }),
    species: np.array(species, { shape: [B, S, T] }),
    level: np.array(levels, { shape: [B, LEVEL_FEATURES] }),
    pulls: np.array(allPulls, { shape: [B, P, width] }),
    gaussian: np.array(
      Float32Array.from(z, (value, k) => sigmoid(gamma[Math.floor(k / width)]) * value),
      { shape: [B, width] },
    ),
  };
}

/** The field that stands for ∇U. Owns its arguments. [B, 3N] */
export function freeField(
  config: BeadNetworkConfig,
  parameters: ParameterTree,
  { sites, species, level, pulls, gaussian }: FreeInputs,
): np.Array {
  const { beads: N } = config;
  const [B, S] = sites.shape;
  const p = parameters as unknown as FreeParameters;
  const apart = new Float32Array(S * S).map((_, k) => Number(k % (S + 1) !== 0));
  const graph: MolecularGraph = {
    species,
    atoms: np.ones([1, 1, 1]),
    pairs: np.array(apart, { shape: [1, S, S, 1] }),
  };
  const { scalars, vectors } = painn(
    painnOf(config, S + LEVEL_FEATURES),
    p.representation as Parameters<typeof painn>[1],
    sites,
    graph,
  );
  graph.pairs.dispose();
  graph.atoms.dispose();
  species.dispose();
  const out = vectorOutput({ outnet: p.outnet }, scalars, vectors);
  out.scalars.dispose();
  // Beads only, without their mean: one product in the place of slices.
  const taken = new Float32Array(N * S).map(
    (_, k) => Number(k % S === Math.floor(k / S)) - Number(k % S < N) / N,
  );
  const own = np.matmul(np.array(taken, { shape: [1, N, S] }), out.vectors).reshape([B, 3 * N]);
  const constants = linear(p.springs, level).reshape([B, 1, pairCount(N)]);
  return gaussian.add(np.matmul(constants, pulls).reshape([B, 3 * N])).add(own);
}

/** Configurations computed at a time: few shapes are compiled. */
const BLOCK = 100;

/** The same at one noise level; jax must be initialised. */
export function freeBeadField(
  config: BeadNetworkConfig,
  parameters: Float32Array,
  gamma: number,
  compiled = compiledField(config),
): BeadField {
  const width = 3 * config.beads;
  const layout = beadPainnLayout(config);
  const tree = parameterTree(layout, parameters);
  return {
    evaluate: (z, gradient, energies) => {
      energies?.fill(Number.NaN);
      const B = z.length / width;
      for (let first = 0; first < B; first += BLOCK) {
        const size = Math.min(BLOCK, B - first);
        const centred = withoutMean(z.subarray(first * width, (first + size) * width), config.beads);
        const inputs = freeInputs(config, centred, new Float64Array(size).fill(gamma));
        gradient.set(compiled(jax.tree.ref(tree), inputs).dataSync() as Float32Array, first * width);
      }
    },
  };
}

/** One compiled function for all levels. */
export const compiledField = (
  config: BeadNetworkConfig,
): ((parameters: ParameterTree, inputs: FreeInputs) => np.Array) & { readonly dispose: () => void } =>
  jax.jit((parameters: ParameterTree, inputs: FreeInputs) => freeField(config, parameters, inputs));

function withoutMean(z: Float64Array, N: number): Float64Array {
  const out = z.slice();
  for (let at = 0; at < z.length; at += 3 * N)
    for (let d = 0; d < 3; d++) {
      let mean = 0;
      for (let i = at + d; i < at + 3 * N; i += 3) mean += z[i] / N;
      for (let i = at + d; i < at + 3 * N; i += 3) out[i] -= mean;
    }
  return out;
}

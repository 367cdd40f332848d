/**
 * PaiNN as the denoiser of beads (Arts et al. 2023 use a graph transformer): U(z, γ) = ½σ²|z|² + Σ_p k_p(γ) u_p² +
 * Σ_i o_i, where o are PaiNN's outputs (painn.ts) for the beads and the sites beside them (virtual-sites.ts), and the
 * sum over p is of springs (bead-springs.ts). Each bead and site is an atom type of its own. The noise level enters
 * by the embedding: type t at level γ has E_t + Σ_k φ_k(γ) L_k, φ Gaussians of γ; so at one level it is a plain PaiNN,
 * which compiled code computes. Without energy conservation Σ o's gradient is replaced by PaiNN's own vectors
 * (gated-equivariant.ts) on the beads.
 */

import { type GeometricConfig, geometricLayout } from "../geometric.ts";
import { vectorOutputLayout } from "../layers/gated-equivariant.ts";
import { type Layout, layoutSize, linearSpecs } from "../layers/parameters.ts";
import { withSites } from "../layers/virtual-sites.ts";
import type { PainnConfig } from "../painn/painn.ts";
import { type BeadNetworkConfig, pairCount } from "./beads-config.ts";

/** Gaussians of γ: how many, the first and the last. */
const LEVELS = { count: 16, first: -11, last: 11 } as const;
export const LEVEL_FEATURES = LEVELS.count;

/** In units of the positions' scale, in which noised coordinates have unit variance. */
const RADIAL = { kind: "gaussian", count: 32, cutoff: 8 } as const;

/** φ(γ). [LEVEL_FEATURES] */
export function levelFeatures(gamma: number): Float64Array {
  const step = (LEVELS.last - LEVELS.first) / (LEVELS.count - 1);
  const at = Math.min(Math.max(gamma, LEVELS.first), LEVELS.last);
  return Float64Array.from({ length: LEVELS.count }, (_, k) =>
    Math.exp(-0.5 * ((at - LEVELS.first) / step - k) ** 2),
  );
}

/** PaiNN whose embedding has so many rows. */
export const painnOf = (
  { hidden, layers }: BeadNetworkConfig,
  types: number,
): GeometricConfig & PainnConfig & { readonly kind: "painn" } => ({
  kind: "painn",
  types,
  hidden,
  layers,
  radial: RADIAL,
});

/** Rows of the embedding: a type for each bead and site, and what each feature of the level adds. */
export const embeddingRows = ({ beads }: BeadNetworkConfig): number => withSites(beads) + LEVEL_FEATURES;

/** Order of the parameters: springs, PaiNN, its head. */
export function beadPainnLayout(config: BeadNetworkConfig): Layout {
  const painn = geometricLayout(painnOf(config, embeddingRows(config)));
  const [embedding, ...rest] = painn;
  const levels = { ...embedding, bound: 0.5 * embedding.bound };
  return [
    ...linearSpecs("springs", LEVEL_FEATURES, pairCount(config.beads)),
    levels,
    ...(config.conservative
      ? rest
      : [
          ...rest.filter(({ name }) => name.startsWith("representation.")),
          ...vectorOutputLayout(config.hidden),
        ]),
  ];
}

/** Where the parts begin in the flat parameters. */
export interface BeadPainnParts {
  /** Weight [P, LEVEL_FEATURES], then bias [P]. */
  readonly springs: number;
  /** PaiNN's parameters, the embedding first. */
  readonly painn: number;
  /** Behind the embedding. */
  readonly rest: number;
  readonly end: number;
}

export function partsOf(config: BeadNetworkConfig): BeadPainnParts {
  const painn = pairCount(config.beads) * (LEVEL_FEATURES + 1);
  return {
    springs: 0,
    painn,
    rest: painn + embeddingRows(config) * config.hidden,
    end: layoutSize(beadPainnLayout(config)),
  };
}

/** k_p(γ). [P] */
export function springConstants(
  config: BeadNetworkConfig,
  parameters: Float32Array,
  level: Float64Array,
): Float64Array {
  const P = pairCount(config.beads);
  return Float64Array.from({ length: P }, (_, p) => {
    let sum = parameters[P * LEVEL_FEATURES + p];
    for (let k = 0; k < LEVEL_FEATURES; k++) sum += parameters[p * LEVEL_FEATURES + k] * level[k];
    return sum;
  });
}

/** Parameters of a plain PaiNN with a type for each of `frames` × sites, those of frame b at the level φ[b]. */
export function painnAtLevels(
  config: BeadNetworkConfig,
  parameters: Float32Array,
  levels: readonly Float64Array[],
  out: Float32Array,
): void {
  const [S, F] = [withSites(config.beads), config.hidden];
  const { painn, rest, end } = partsOf(config);
  const shift = new Float64Array(F);
  levels.forEach((level, b) => {
    shift.fill(0);
    for (let k = 0; k < LEVEL_FEATURES; k++)
      for (let f = 0; f < F; f++) shift[f] += level[k] * parameters[painn + (S + k) * F + f];
    for (let t = 0; t < S; t++)
      for (let f = 0; f < F; f++) out[(b * S + t) * F + f] = parameters[painn + t * F + f] + shift[f];
  });
  out.set(parameters.subarray(rest, end), out.length - (end - rest));
}

/** Adds what the gradient of such a PaiNN says for the bead network's parameters. */
export function addPainnGradient(
  config: BeadNetworkConfig,
  levels: readonly Float64Array[],
  painnGradient: Float32Array,
  gradient: Float32Array,
): void {
  const [S, F] = [withSites(config.beads), config.hidden];
  const { painn, rest, end } = partsOf(config);
  levels.forEach((level, b) => {
    for (let t = 0; t < S; t++) {
      const row = (b * S + t) * F;
      for (let f = 0; f < F; f++) {
        const g = painnGradient[row + f];
        gradient[painn + t * F + f] += g;
        for (let k = 0; k < LEVEL_FEATURES; k++) gradient[painn + (S + k) * F + f] += level[k] * g;
      }
    }
  });
  const from = painnGradient.length - (end - rest);
  for (let k = rest; k < end; k++) gradient[k] += painnGradient[from + k - rest];
}

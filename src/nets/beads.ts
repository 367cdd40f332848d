/**
 * The denoiser of a coarse-grained molecule (after Arts et al. 2023, "Two for one: diffusion models and force fields
 * for coarse-grained molecular dynamics"): ε̂ = σ ∇U(z) with an energy U in units of kT, so that −U is the log
 * density of the noised beads. U = ½σ²|z|² + E(f(z), γ), where f are invariants of the beads: each distance less
 * its mean, over the width it has at this noise level, √(α²s² + 2σ²), so that stiff bonds and soft dihedrals are of
 * order one at every level; and the signed volume of each four consecutive beads, which tells a molecule from its
 * mirror image: U is invariant under SE(3), not under reflections. E: hidden layers whose gains, biases and readout
 * depend on γ, plus a harmonic term for each distance.
 * Without energy conservation ε̂ = σ (σ²z + Jᵀc) with J = ∂f/∂z and any c(f, γ) in the place of ∂E/∂f.
 */
import { jax, nn, np } from "../runtime/jax.ts";
import { type BeadNetworkConfig, CHIRAL_SOFTENING, pairsOf } from "./beads-config.ts";
import { mlp } from "./mlp.ts";
import type { Linear } from "./parameters.ts";

/** Parameters as a tree; names and order: `beadLayout`. */
export type BeadParameters = {
  readonly time: readonly [Linear, Linear];
  readonly layers: readonly { readonly weight: np.Array }[];
  readonly readout?: { readonly weight: np.Array };
};

/** Noised positions and their noise level. */
export type BeadInputs = {
  /** [B, N, 3] */
  readonly z: np.Array;
  /** `embedGamma` of γ. [B, T] */
  readonly time: np.Array;
  /** [B, 1] */
  readonly alpha: np.Array;
  /** [B, 1] */
  readonly sigma: np.Array;
};

/** Matrix [N, columns] that takes positions to differences r_to − r_from. */
function differences(beads: number, ends: readonly (readonly [number, number])[]): np.Array {
  const values = new Float32Array(beads * ends.length);
  ends.forEach(([from, to], column) => {
    values[from * ends.length + column] = -1;
    values[to * ends.length + column] = 1;
  });
  return np.array(values, { shape: [beads, ends.length] });
}

/** a · (b × c) of vectors [B, 3, K]; owns. [B, K] */
function tripleProduct(a: np.Array, b: np.Array, c: np.Array): np.Array {
  const turned = (v: np.Array, by: number): np.Array =>
    np.concatenate([v.ref.slice([], [by]), v.ref.slice([], [0, by])], 1); // components cyclically permuted
  const product = turned(b, 1).mul(turned(c, 2)).sub(turned(b, 2).mul(turned(c, 1))); // b × c
  b.dispose();
  c.dispose();
  return a.mul(product).sum(1);
}

/** Invariants f of noised positions; owns z, borrows the rest. [B, F] */
function invariants(config: BeadNetworkConfig, z: np.Array, alpha: np.Array, sigma: np.Array): np.Array {
  const { beads } = config;
  const x = z.transpose([0, 2, 1]); // [B, 3, N]
  const distances = np.sqrt(
    np.square(np.matmul(x.ref, differences(beads, pairsOf(beads)))).sum(1).add(1e-10),
  ); // [B, P]
  const means = np.array([...config.distanceMeans]);
  const variances = np.array(config.distanceDeviations.map((s) => s * s));
  const widths = np.sqrt(np.square(alpha.ref).mul(variances).add(np.square(sigma.ref).mul(2))); // [B, P]
  const standardised = distances.sub(alpha.ref.mul(means)).div(widths);
  const [first, second, third] = [0, 1, 2].map((offset) =>
    np.matmul(
      x.ref,
      differences(
        beads,
        Array.from({ length: beads - 3 }, (_, k) => [k + offset, k + offset + 1] as const),
      ),
    ),
  ); // [B, 3, N − 3] each
  x.dispose();
  const lengths = [first, second, third]
    .map((bond) => np.square(bond.ref).sum(1).add(CHIRAL_SOFTENING))
    .reduce((product, square) => product.mul(square)); // [B, N − 3]
  const chirality = tripleProduct(first, second, third).div(np.sqrt(lengths)); // [B, N − 3]
  return np.concatenate([standardised, chirality], 1);
}

/** Hidden features of invariants f at a noise level, and the rest of the modulation; owns. [B, H], [B, …] */
function hiddenFeatures(
  config: BeadNetworkConfig,
  { time, layers }: BeadParameters,
  f: np.Array,
  embedded: np.Array,
): { readonly h: np.Array; readonly rest: np.Array } {
  const H = config.hidden;
  const modulation = mlp(time, embedded, nn.silu); // [B, M]
  let h = f;
  layers.forEach(({ weight }, l) => {
    const gain = modulation.ref.slice([], [2 * H * l, 2 * H * l + H]).add(1);
    const bias = modulation.ref.slice([], [2 * H * l + H, 2 * H * (l + 1)]);
    h = nn.silu(np.matmul(h, weight.transpose()).mul(gain).add(bias));
  });
  return { h, rest: modulation.slice([], [2 * H * config.layers]) };
}

/** E(f, γ) of each configuration; owns. [B] */
function energyOfInvariants(
  config: BeadNetworkConfig,
  parameters: BeadParameters,
  f: np.Array,
  embedded: np.Array,
): np.Array {
  const P = config.distanceMeans.length;
  const { h, rest } = hiddenFeatures(config, parameters, f.ref, embedded);
  const readout = rest.ref.slice([], [0, config.hidden]);
  const harmonic = rest.slice([], [config.hidden]).mul(np.square(f.slice([], [0, P])));
  return h.mul(readout).sum(1).add(harmonic.sum(1));
}

/** c(f, γ), which takes the place of ∂E/∂f; owns. [B, F] */
function freeCoefficients(
  config: BeadNetworkConfig,
  parameters: BeadParameters,
  f: np.Array,
  embedded: np.Array,
): np.Array {
  const P = config.distanceMeans.length;
  const [B, F] = f.shape;
  const { h, rest } = hiddenFeatures(config, parameters, f.ref, embedded);
  const weight = (parameters.readout as { readonly weight: np.Array }).weight;
  const free = np.matmul(h, weight.transpose()).add(rest.ref.slice([], [0, F]));
  const harmonic = rest.slice([], [F]).mul(f.slice([], [0, P])).mul(2);
  return free.add(np.concatenate([harmonic, np.zeros([B, F - P])], 1));
}

/** U(z) in units of kT, for a network that conserves energy. Owns its arguments. [B] */
export function beadEnergy(config: BeadNetworkConfig, parameters: BeadParameters, inputs: BeadInputs): np.Array {
  const { z, time, alpha, sigma } = inputs;
  const harmonic = np.square(z.ref).sum([1, 2]).mul(np.square(sigma.ref).sum(1)).mul(0.5);
  const f = invariants(config, z, alpha, sigma);
  alpha.dispose();
  sigma.dispose();
  return harmonic.add(energyOfInvariants(config, parameters, f, time));
}

/** ε̂ of positions without centre of mass. Owns its arguments. [B, N, 3] */
export function beadNoise(config: BeadNetworkConfig, parameters: BeadParameters, inputs: BeadInputs): np.Array {
  const [B] = inputs.z.shape;
  const scale = inputs.sigma.ref.reshape([B, 1, 1]);
  if (config.conservative) {
    const total = (z: np.Array, p: BeadParameters, others: Omit<BeadInputs, "z">): np.Array =>
      beadEnergy(config, p, { z, ...others }).sum();
    const { z, ...others } = inputs;
    return jax.grad(total)(z, parameters, others).mul(scale);
  }
  const { z, time, alpha, sigma } = inputs;
  const c = freeCoefficients(config, parameters, invariants(config, z.ref, alpha, sigma), time);
  const weighted = (z: np.Array, c: np.Array, alpha: np.Array, sigma: np.Array): np.Array => {
    const f = invariants(config, z, alpha, sigma);
    alpha.dispose();
    sigma.dispose();
    return f.mul(c).sum();
  };
  const pulled = jax.grad(weighted)(z.ref, c, alpha, sigma); // Jᵀc
  return pulled.add(z.mul(np.square(scale.ref))).mul(scale);
}

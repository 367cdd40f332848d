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
import { jax, np } from "../../platform/jax.ts";
import { sigmoid, silu } from "../layers/mlp.ts";
import { type Linear, linear, type ParameterTree } from "../layers/tensors.ts";
import { type BeadNetworkConfig, CHIRAL_SOFTENING, pairsOf, volumeCount } from "./beads-config.ts";

type Weight = { readonly weight: np.Array };

/** Parameters as a tree; names and order: `beadLayout`. */
export type BeadParameters = {
  readonly time: Linear;
  readonly gains: readonly Linear[];
  readonly biases: readonly Linear[];
  readonly harmonic: Linear;
  readonly distances: Weight;
  readonly volumes: Weight;
  readonly layers?: readonly Weight[];
  /** With energy conservation. */
  readonly level?: Linear;
  /** Without. */
  readonly distanceLevel?: Linear;
  readonly distanceReadout?: Weight;
  readonly volumeLevel?: Linear;
  readonly volumeReadout?: Weight;
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

/** f, in its two parts. */
type Invariants = {
  /** Standardised distances. [B, P] */
  readonly distances: np.Array;
  /** Signed volumes over the bonds' lengths. [B, K] */
  readonly volumes: np.Array;
};

// jax-js 0.1.25 compiles some gradients of gradients wrongly: those of slices, and those of two layers whose width is a
// multiple of four. So there are no slices below (matrices of ones and zeros take parts), and ∂E/∂f is written out.

/** Matrix [N, columns] that takes positions to differences r_to − r_from. */
function differences(beads: number, ends: readonly (readonly [number, number])[]): np.Array {
  const values = new Float32Array(beads * ends.length);
  ends.forEach(([from, to], column) => {
    values[from * ends.length + column] = -1;
    values[to * ends.length + column] = 1;
  });
  return np.array(values, { shape: [beads, ends.length] });
}

/** Components (x, y, z) as (y, z, x) or (z, x, y). */
const TURNS = { once: [0, 0, 1, 1, 0, 0, 0, 1, 0], twice: [0, 1, 0, 0, 0, 1, 1, 0, 0] } as const;
const turned = (v: np.Array, turn: keyof typeof TURNS): np.Array =>
  np.matmul(v, np.array([...TURNS[turn]], { shape: [3, 3] }));

/** a · (b × c) of vectors [B, K, 3]; owns. [B, K] */
function tripleProduct(a: np.Array, b: np.Array, c: np.Array): np.Array {
  const forth = turned(b.ref, "once").mul(turned(c.ref, "twice"));
  const back = turned(b, "twice").mul(turned(c, "once"));
  return a.mul(forth.sub(back)).sum(2);
}

/** Invariants of noised positions; owns its arguments. */
function invariants(config: BeadNetworkConfig, z: np.Array, alpha: np.Array, sigma: np.Array): Invariants {
  const { beads } = config;
  const x = z.transpose([0, 2, 1]); // [B, 3, N]
  const pairs = np.matmul(x.ref, differences(beads, pairsOf(beads))); // [B, 3, P]
  const lengths = np.sqrt(np.square(pairs).sum(1).add(1e-10)); // [B, P]
  const means = np.array([...config.distanceMeans]);
  const variances = np.array(config.distanceDeviations.map((s) => s * s));
  const widths = np.sqrt(np.square(alpha.ref).mul(variances).add(np.square(sigma).mul(2))); // [B, P]
  const [a, b, c] = [0, 1, 2].map((offset) => {
    const bonds = Array.from({ length: volumeCount(beads) }, (_, k) => [k + offset, k + offset + 1] as const);
    return np.matmul(x.ref, differences(beads, bonds)).transpose([0, 2, 1]); // [B, K, 3]
  });
  x.dispose();
  const product = [a, b, c]
    .map((bond) => np.square(bond.ref).sum(2).add(CHIRAL_SOFTENING))
    .reduce((all, square) => all.mul(square)); // [B, K]
  return {
    distances: lengths.sub(alpha.mul(means)).div(widths),
    volumes: tripleProduct(a, b, c).div(np.sqrt(product)),
  };
}

/** What γ sets, from its embedding: of a layer, of the readout … Borrows the level, owns the layer. [B, outputs] */
const setBy = (level: np.Array, layer: Linear | undefined): np.Array => linear(layer as Linear, level.ref);

/** First hidden layer before gain and bias; borrows f, owns the parameters. [B, H] */
const firstLayer = (p: BeadParameters, f: Invariants): np.Array =>
  np
    .matmul(f.distances.ref, p.distances.weight.transpose())
    .add(np.matmul(f.volumes.ref, p.volumes.weight.transpose()));

/** E(f, γ) by its definition; owns f and the parameters, borrows the level. [B] */
function energyOfInvariants(p: BeadParameters, f: Invariants, level: np.Array): np.Array {
  const harmonic = setBy(level, p.harmonic).mul(np.square(f.distances.ref)).sum(1);
  const modulated = (x: np.Array, l: number): np.Array =>
    silu(x.mul(setBy(level, p.gains[l]).add(1)).add(setBy(level, p.biases[l])));
  const first = modulated(firstLayer(p, f), 0);
  f.distances.dispose();
  f.volumes.dispose();
  const h = (p.layers ?? []).reduce(
    (below, { weight }, l) => modulated(np.matmul(below, weight.transpose()), l + 1),
    first,
  ); // [B, H]
  return harmonic.add(h.mul(setBy(level, p.level)).sum(1));
}

/**
 * c(f, γ): ∂E/∂f, written out so that the loss needs first derivatives only; without energy conservation a free
 * function of the same hidden features. Owns f and the parameters, borrows the level.
 */
function coefficients(p: BeadParameters, f: Invariants, level: np.Array): Invariants {
  const [first, ...rest] = [p.distances, ...(p.layers ?? [])];
  const gains = p.gains.map((gain) => setBy(level, gain).add(1));
  const slopes: np.Array[] = [];
  let h = firstLayer({ ...p, distances: jax.tree.ref(first), volumes: jax.tree.ref(p.volumes) }, f);
  gains.forEach((gain, l) => {
    const x = (l === 0 ? h : np.matmul(h, rest[l - 1].weight.ref.transpose()))
      .mul(gain.ref)
      .add(setBy(level, p.biases[l]));
    const s = sigmoid(x.ref);
    h = x.mul(s.ref);
    slopes.push(s.ref.add(h.ref.mul(np.array(1).sub(s)))); // silu′
  });
  const springs = setBy(level, p.harmonic).mul(f.distances).mul(2);
  f.volumes.dispose();
  if (p.level === undefined) {
    for (const array of [...gains, ...slopes]) array.dispose();
    jax.tree.dispose({ first, rest, volumes: p.volumes });
    const read = (readout: Weight | undefined): np.Array =>
      np.matmul(h.ref, (readout as Weight).weight.transpose());
    const distances = read(p.distanceReadout).add(setBy(level, p.distanceLevel)).add(springs);
    const volumes = read(p.volumeReadout).add(setBy(level, p.volumeLevel));
    h.dispose();
    return { distances, volumes };
  }
  h.dispose();
  let back = setBy(level, p.level); // ∂E/∂h
  for (let l = gains.length - 1; l >= 0; l--) {
    back = back.mul(slopes[l]).mul(gains[l]);
    if (l > 0) back = np.matmul(back, rest[l - 1].weight);
  }
  return {
    distances: np.matmul(back.ref, first.weight).add(springs),
    volumes: np.matmul(back, p.volumes.weight),
  };
}

/** U(z) in units of kT, for a network that conserves energy. Owns its arguments. [B] */
export function beadEnergy(
  config: BeadNetworkConfig,
  parameters: BeadParameters,
  { z, time, alpha, sigma }: BeadInputs,
): np.Array {
  const gaussian = np.square(z.ref).sum([1, 2]).mul(np.square(sigma.ref).sum(1)).mul(0.5);
  const level = silu(linear(parameters.time, time));
  const energy = energyOfInvariants(parameters, invariants(config, z, alpha, sigma), level);
  level.dispose();
  return gaussian.add(energy);
}

/** ε̂ of positions without centre of mass. Owns its arguments. [B, N, 3] */
export function beadNoise(
  config: BeadNetworkConfig,
  parameters: BeadParameters,
  { z, time, alpha, sigma }: BeadInputs,
): np.Array {
  const [B] = z.shape;
  const scale = sigma.ref.reshape([B, 1, 1]);
  const level = silu(linear(parameters.time, time));
  const c = coefficients(parameters, invariants(config, z.ref, alpha.ref, sigma.ref), level);
  level.dispose();
  const weighted = (z: np.Array, c: Invariants, alpha: np.Array, sigma: np.Array): np.Array => {
    const f = invariants(config, z, alpha, sigma);
    return f.distances.mul(c.distances).sum().add(f.volumes.mul(c.volumes).sum());
  };
  // jax.grad lets no derivative through by arguments that it is not asked for, and the loss needs that by c.
  const pull = jax.grad(weighted as (...all: readonly unknown[]) => np.Array, {
    argnums: [0, 1, 2, 3],
  }) as unknown as (...all: readonly unknown[]) => readonly [np.Array, ...ParameterTree[]];
  const [pulled, ...others] = pull(z.ref, c, alpha, sigma); // Jᵀc
  for (const other of others) jax.tree.dispose(other);
  return pulled.add(z.mul(np.square(scale.ref))).mul(scale);
}

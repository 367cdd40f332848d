/**
 * What a geometric network must be able to do, whoever computes it: C numbers for each atom (one, or PaiNN's number
 * and vector), and derivatives of
 * weighted sums of these numbers. Energies, forces, properties and their losses are built from that on the host, in
 * double precision. Molecules lie side by side without padding.
 */

/** M molecules with A atoms in all. */
export interface SpeciesBatch {
  /** Atoms of each molecule. [M] */
  readonly sizes: Int32Array;
  /** Å, row-major. [A, 3] */
  readonly positions: Float64Array;
  /** Element of each atom, an index into the model's elements. [A] */
  readonly species: Int32Array;
}

/** Computes a network with numbers for each atom: energies, properties, and their slopes. */
export interface AtomwiseEngine {
  /** "native (AVX-512)", "jax (wasm)" … */
  readonly name: string;
  /** The outputs o_i. [A, C] */
  readonly outputs: (parameters: Float32Array, batch: SpeciesBatch) => Promise<Float32Array>;
  /** The outputs, and ∂(Σ o_i)/∂r, for C = 1. [A], [A, 3] */
  readonly positionGradient: (
    parameters: Float32Array,
    batch: SpeciesBatch,
  ) => Promise<{ readonly outputs: Float32Array; readonly gradient: Float32Array }>;
  /**
   * The same into the given arrays and at once, where the engine computes on the caller's thread: nothing is to be
   * waited for.
   */
  readonly positionGradientNow?: (
    parameters: Float32Array,
    batch: SpeciesBatch,
    outputs: Float32Array,
    gradient: Float32Array,
  ) => void;
  /** ∂(Σ_i c_i o_i)/∂θ replaces the contents of `gradient`. @param coefficients c [A, C] */
  readonly parameterGradient: (
    parameters: Float32Array,
    batch: SpeciesBatch,
    coefficients: Float32Array,
    gradient: Float32Array,
  ) => Promise<void>;
  /**
   * ∂(Σ_i c_i o_i + v · ∂(Σ_i o_i)/∂r)/∂θ replaces the contents of `gradient`: what a loss of energies and forces
   * needs; for C = 1.
   * @param coefficients c [A], equal for all atoms of a molecule
   * @param direction v [A, 3]
   */
  readonly mixedGradient: (
    parameters: Float32Array,
    batch: SpeciesBatch,
    coefficients: Float32Array,
    direction: Float32Array,
    gradient: Float32Array,
  ) => Promise<void>;
  /** Frees what it holds; it cannot compute any more. */
  readonly dispose: () => void;
}

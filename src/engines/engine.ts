/**
 * What a denoising network must be able to do, whoever computes it: jax-js (the readable definition), native
 * code or WebAssembly. Molecules lie side by side without padding ("ragged"): the atoms of molecule m are the
 * rows sizes[0]+…+sizes[m−1] onwards.
 */

import type { ParameterUpdater } from "./update.ts";

/** M molecules with A atoms in all. */
export interface AtomBatch {
  /** Number of atoms of each molecule. [M] */
  readonly sizes: Int32Array;
  /** Noised positions. [A, 3] */
  readonly positions: Float32Array;
  /** Noised features followed by the conditioning channels (time, context). [A, inFeatures] */
  readonly features: Float32Array;
  /** Positions of an earlier guess of the data, for networks with self-conditioning only. [A, 3] */
  readonly guess?: Float32Array;
}

/** L = Σ_m (positionWeight_m ‖out_x − target_x‖² + featureWeight_m ‖out_h − target_h‖²) over the atoms of m. */
export interface SquaredErrorTarget {
  /** [A, 3 + outFeatures] */
  readonly target: Float32Array;
  /** [M] */
  readonly positionWeight: Float32Array;
  /** [M] */
  readonly featureWeight: Float32Array;
}

/** Unweighted squared errors of each molecule, summed over atoms and channels. */
export interface SquaredErrors {
  /** [M] */
  readonly position: Float64Array;
  /** [M] */
  readonly feature: Float64Array;
}

/** Computes one network. Parameters are one flat array in the order of the network's layout. */
export interface DenoiserEngine {
  /** "jax", "native (AVX-512)", "wasm (relaxed SIMD)" … */
  readonly name: string;
  /** Predicted noise: position channels without centre of mass, then features. [A, 3 + outFeatures] */
  readonly forward: (parameters: Float32Array, batch: AtomBatch) => Promise<Float32Array>;
  /** Squared errors; ∂L/∂parameters replaces the contents of `gradient`. */
  readonly squaredError: (
    parameters: Float32Array,
    batch: AtomBatch,
    target: SquaredErrorTarget,
    gradient: Float32Array,
  ) => Promise<SquaredErrors>;
  /** Updates parameters faster than plain JavaScript, where the engine can. */
  readonly updater?: ParameterUpdater;
  /** Frees what it holds; it cannot compute any more. */
  readonly dispose: () => void;
}

/** First atom of every molecule, and the number of atoms at the end. [M + 1] */
export function atomOffsets(sizes: Int32Array): Int32Array {
  const offsets = new Int32Array(sizes.length + 1);
  for (let m = 0; m < sizes.length; m++) offsets[m + 1] = offsets[m] + sizes[m];
  return offsets;
}

/** What every network of beads is trained by, whoever computes it. */

/** A batch with its noise. */
export interface NoisedFrames {
  /** Positions without centre of mass, in units of the scale. [B, N, 3] */
  readonly x: Float64Array;
  /** Standard normal without centre of mass. [B, N, 3] */
  readonly noise: Float64Array;
  /** Noise level of each frame. [B] */
  readonly gamma: Float64Array;
}

export interface CgObjective {
  /** "native (AVX-512)", "jax (wasm)" */
  readonly engine: string;
  /** Loss of each frame [B]; the gradient of their mean replaces the contents of `gradient`. */
  readonly lossAndGradient: (
    parameters: Float32Array,
    batch: NoisedFrames,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
  /** Loss of each frame. [B] */
  readonly loss: (parameters: Float32Array, batch: NoisedFrames) => Promise<Float64Array>;
  readonly dispose: () => void;
}

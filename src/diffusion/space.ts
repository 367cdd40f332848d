/**
 * Where the diffused variables live. A sampler only needs to draw standard noise there and to stay there: for
 * molecules the positions have no centre of mass, for two moons there is nothing to do.
 */

/** A linear subspace of ℝᴰ with the standard normal on it. */
export interface Space {
  /** D: length of the state, all samples of the batch together. */
  readonly length: number;
  /** Standard normal noise of the space for one step; the same step gives the same noise. [D] */
  readonly noise: (step: number) => Float64Array;
  /** Projects onto the space in place. [D] */
  readonly project: (z: Float64Array) => void;
}

/** Predicts the noise ε in z_t. All samples share t. [D] → [D] */
export type Denoiser = (z: Float64Array, t: number) => Promise<Float64Array>;

/** Step number under which the prior's noise z_T ~ N(0, I) is drawn; transitions to s use their own index. */
export const PRIOR_STEP = 0xffffffff;

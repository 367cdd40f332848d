/**
 * Noise for molecules: positions are normal on the subspace without centre of mass, 3(N − 1) degrees of freedom
 * (Hoogeboom et al. 2022, section 3; Satorras et al. 2021, E-NF), features are plain normal. The noise of
 * molecule i depends on (seed, purpose, i, step) alone.
 */
import { PRIOR_STEP, type Space } from "../../diffusion/space.ts";
import { atomOffsets } from "../../engines/engine.ts";
import { type Purpose, stream } from "../../math/random.ts";
import { removeCenters } from "./features.ts";

/** Dimension of the positions' subspace. */
export const positionDegreesOfFreedom = (atoms: number): number => 3 * (atoms - 1);

/** Noise of each molecule m for (seed, purpose, index[m], step[m]). [A, C] */
export function moleculeNoise(
  sizes: Int32Array,
  channels: number,
  key: { readonly seed: number; readonly purpose: Purpose },
  index: ArrayLike<number>,
  step: ArrayLike<number> | number,
): Float64Array {
  const offsets = atomOffsets(sizes);
  const noise = new Float64Array(offsets[sizes.length] * channels);
  for (let m = 0; m < sizes.length; m++) {
    const random = stream({ ...key, index: index[m], step: typeof step === "number" ? step : step[m] });
    random.normals(noise.subarray(channels * offsets[m], channels * offsets[m + 1]));
  }
  removeCenters(noise, offsets, channels);
  return noise;
}

/** The space in which molecules of the given sizes are sampled. */
export function moleculeSpace(
  sizes: Int32Array,
  channels: number,
  key: { readonly seed: number; readonly purpose: Purpose },
  index: ArrayLike<number>,
): Space {
  const offsets = atomOffsets(sizes);
  return {
    length: offsets[sizes.length] * channels,
    noise: (step) => moleculeNoise(sizes, channels, key, index, step),
    project: (z) => removeCenters(z, offsets, channels),
  };
}

/** The space with the noise of every step but the prior multiplied. */
export const cooled = (space: Space, temperature: number): Space => ({
  ...space,
  noise: (step) => {
    const noise = space.noise(step);
    return step === PRIOR_STEP ? noise : noise.map((value) => temperature * value);
  },
});

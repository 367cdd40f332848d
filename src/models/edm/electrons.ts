/**
 * Molecules with an even (or odd) number of electrons. Neutral molecules with closed shells have an even number, so an even
 * number of their atoms has an odd nuclear charge. A denoiser says of each atom what it may be, one by one; what it hardly
 * learns is that all of them together have a parity, and it makes radicals that its data do not have. Its beliefs q_i, that
 * atom i is of odd charge, taken as independent, are known in closed form once the parity is given: the check of a parity
 * bit in error-correcting codes (Gallager 1962, section 4),
 *   q_i′ = q_i (1 − s Π_{j≠i} d_j) / (1 + s Π_j d_j),  d_j = 1 − 2 q_j,  s = 1 for even, −1 for odd.
 * The data that ε̂ means, x̂ = (z − σ ε̂) / α, is given the types of q′ in place of those of q. So the score gains that of
 * p(parity | z), Doob's transform of the denoising process, and no evaluation of the network is needed for it. Where all is
 * as it must be, nothing changes; where it is not, the atoms that are least certain change. For atoms that are independent
 * given z it is exact.
 */
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { atomOffsets } from "../../engines/engine.ts";
import type { EdmConfig } from "./config.ts";
import { channelCount } from "./features.ts";
import type { Electrons } from "./sampling.ts";

/** Replaces ε̂ at (z, t) by that under a condition, in place. [A, C] each */
export type Correction = (z: Float64Array, t: number, epsilon: Float64Array) => void;

/** Belief in a type that the network leaves at least: it is no surer than that. */
const LEAST_BELIEF = 6e-4;

/**
 * The beliefs q, given that as many events as `sign` says (1: even, −1: odd) come true; as they are where that cannot be.
 * In [0, 1], [N]
 */
export function givenParity(q: Float64Array, sign: 1 | -1): Float64Array {
  const before = new Float64Array(q.length + 1).fill(1); // Π_{j<i} d_j
  for (let i = 0; i < q.length; i++) before[i + 1] = before[i] * (1 - 2 * q[i]);
  const all = sign * before[q.length];
  if (1 + all === 0) return q;
  const given = new Float64Array(q.length);
  let after = sign; // s Π_{j>i} d_j
  for (let i = q.length - 1; i >= 0; i--) {
    given[i] = (q[i] * (1 - before[i] * after)) / (1 + all);
    after *= 1 - 2 * q[i];
  }
  return given;
}

/** Gives ε̂ of molecules of these sizes the parity; none for "any". */
export function parityCorrection(
  { elements, features }: Pick<EdmConfig, "elements" | "features">,
  schedule: NoiseSchedule,
  sizes: Int32Array,
  electrons: Electrons,
): Correction | undefined {
  if (electrons === "any") return undefined;
  const C = channelCount({ elements, features });
  const K = elements.length;
  const offsets = atomOffsets(sizes);
  const [, typeNorm, chargeNorm] = features.normalization;
  const odd = elements.map((charge) => charge % 2 === 1);
  return (z, t, epsilon) => {
    const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
    for (let m = 0; m < sizes.length; m++) {
      const beliefs = new Float64Array(K * sizes[m]);
      const q = new Float64Array(sizes[m]);
      for (let a = 0; a < sizes[m]; a++) {
        const row = C * (offsets[m] + a) + 3;
        const own = beliefs.subarray(K * a, K * (a + 1));
        for (let k = 0; k < K; k++) {
          const mean = (typeNorm * (z[row + k] - sigma * epsilon[row + k])) / alpha;
          own[k] = Math.min(1, Math.max(mean, LEAST_BELIEF)); // NaN stays NaN
        }
        const sum = own.reduce((total, value) => total + value, 0);
        for (let k = 0; k < K; k++) {
          own[k] /= sum;
          if (odd[k]) q[a] += own[k];
        }
      }
      const given = givenParity(q, electrons === "even" ? 1 : -1);
      for (let a = 0; a < sizes[m]; a++) {
        const row = C * (offsets[m] + a) + 3;
        for (let k = 0; k < K; k++) {
          const factor = odd[k] ? given[a] / q[a] : (1 - given[a]) / (1 - q[a]);
          const shift = (alpha / sigma) * beliefs[K * a + k] * (factor - 1);
          epsilon[row + k] -= shift / typeNorm;
          if (features.charges) epsilon[row + K] -= (shift * elements[k]) / chargeNorm;
        }
      }
    }
  };
}

/** Whether the electrons of neutral molecules of these elements are even in number, as those of closed shells are. */
export const haveEvenElectrons = (molecules: Iterable<{ readonly atomicNumbers: Uint8Array }>): boolean => {
  for (const { atomicNumbers } of molecules)
    if (atomicNumbers.reduce((sum, charge) => sum + charge, 0) % 2 === 1) return false;
  return true;
};

/**
 * Terms of the variational bound that need no network (Hoogeboom et al. 2022, section 3 and appendix
 * A): the prior's KL, the normaliser of p(x | z_0), the discrete likelihood of types and charges, the change of
 * volume of the normalisation. All in nats, per molecule.
 */

import { klToStandardNormal } from "../../diffusion/process.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { log, square } from "../../math/elementary.ts";
import { LOG_SQRT_2PI, normalInterval } from "../../math/normal.ts";
import type { EdmConfig } from "./config.ts";
import { channelCount, type EncodedBatch } from "./features.ts";
import { positionDegreesOfFreedom } from "./noise.ts";

/** Added to probabilities before the logarithm, as in the published code. */
const PROBABILITY_FLOOR = 1e-10;

/** KL(q(z_1 | x, h) ‖ p(z_1)). [M] */
export function priorKl(config: EdmConfig, schedule: NoiseSchedule, batch: EncodedBatch): Float64Array {
  const C = channelCount(config);
  const [alpha2, sigma] = [square(schedule.alpha(1)), schedule.sigma(1)];
  return Float64Array.from(batch.sizes, (n, m) => {
    let squaredPosition = 0;
    let squaredFeature = 0;
    for (let k = C * batch.offsets[m]; k < C * batch.offsets[m + 1]; k++) {
      if (k % C < 3) squaredPosition += square(batch.xh[k]);
      else squaredFeature += square(batch.xh[k]);
    }
    return (
      klToStandardNormal(positionDegreesOfFreedom(n), sigma, alpha2 * squaredPosition) +
      klToStandardNormal(n * (C - 3), sigma, alpha2 * squaredFeature)
    );
  });
}

/** −log of the normaliser of p(x | z_0) = N(x | x̂, (σ_0/α_0)² I). [M] */
export function reconstructionConstants(schedule: NoiseSchedule, sizes: Int32Array): Float64Array {
  const logSigma = 0.5 * schedule.gamma(0);
  return Float64Array.from(sizes, (n) => positionDegreesOfFreedom(n) * (logSigma + LOG_SQRT_2PI));
}

/** −log |det| of dividing the positions by their norm. [M] */
export function volumeChange(config: EdmConfig, sizes: Int32Array): Float64Array {
  const logNorm = log(config.features.normalization[0]);
  return Float64Array.from(sizes, (n) => positionDegreesOfFreedom(n) * logNorm);
}

/**
 * log p(h | z_0) of molecule `m`: for types and charges the mass of N(z_0, σ_0²) on [−½, ½] around the value, in
 * unnormalised units; types are normalised over the alternatives.
 * @param z noised rows of the whole batch at t = 0. [A, C]
 */
export function logFeatureLikelihood(
  config: EdmConfig,
  schedule: NoiseSchedule,
  batch: EncodedBatch,
  z: Float64Array,
  m: number,
): number {
  const C = channelCount(config);
  const K = config.elements.length;
  const [, typeNorm, chargeNorm] = config.features.normalization;
  const sigma = schedule.sigma(0);
  let total = 0;
  for (let row = C * batch.offsets[m]; row < C * batch.offsets[m + 1]; row += C) {
    let normalizer = 0;
    let chosen = 0;
    for (let k = 0; k < K; k++) {
      const mass = unitMass(typeNorm * z[row + 3 + k] - 1, sigma * typeNorm);
      normalizer += mass;
      if (batch.xh[row + 3 + k] > 0) chosen = mass;
    }
    total += log(chosen) - log(normalizer);
    if (config.features.charges) {
      const charge = Math.round(batch.xh[row + C - 1] * chargeNorm);
      total += log(unitMass(charge - z[row + C - 1] * chargeNorm, sigma * chargeNorm));
    }
  }
  return total;
}

/** Mass of N(center, sigma²) on [−½, ½], floored. */
const unitMass = (center: number, sigma: number): number =>
  normalInterval((center - 0.5) / sigma, (center + 0.5) / sigma) + PROBABILITY_FLOOR;

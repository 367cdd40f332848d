/**
 * −log p(x, h, N) by the probability-flow ODE (Song et al. 2021, section 4.3 and appendix D.2). The ODE gives the exact
 * density of z_0; types and charges are discrete, so the molecule is a bound in one step from there:
 * −log p(x, h) ≤ E_q(z_0 | x, h) [−log p(x, h | z_0) + log q(z_0 | x, h) − log p(z_0)], with p(x, h | z_0) as in EDM.
 * The divergence is Hutchinson's estimate vᵀ(∂ε̂/∂z)v by central differences, v held along the ODE: unbiased, up to the
 * square of the difference and to rounding. v is of random direction and its exact mean length in the positions and in
 * the features of a molecule: where ∂ε̂/∂z is a number in each, as it nearly is at low noise, the estimate is exact.
 */

import type { Molecule } from "../../chem/molecule.ts";
import { type DivergenceDenoiser, flowLogDensity } from "../../diffusion/probability-flow.ts";
import type { Denoiser } from "../../diffusion/space.ts";
import type { DenoiserEngine } from "../../engines/engine.ts";
import { WorkError } from "../../errors.ts";
import { log, square } from "../../math/elementary.ts";
import { LOG_SQRT_2PI } from "../../math/normal.ts";
import { mean, standardError } from "../../math/statistics.ts";
import { channelCount, encode } from "./features.ts";
import { bySize } from "./likelihood.ts";
import { logFeatureLikelihood, reconstructionConstants, volumeChange } from "./likelihood-terms.ts";
import type { EdmModel } from "./model.ts";
import { moleculeNoise, positionDegreesOfFreedom } from "./noise.ts";
import { networkPrediction, noised, predictionErrors } from "./objective.ts";
import { sizeDistribution } from "./sizes.ts";

export interface FlowLikelihoodOptions {
  readonly seed: number;
  /** Runge–Kutta steps, four evaluations of the field each; 100 when absent. */
  readonly steps?: number;
  /** Directions of the divergence's estimate, two evaluations of the network each; 1 when absent. */
  readonly probes?: number;
  readonly batchSize?: number;
  readonly onProgress?: (share: number) => void;
}

/** Step of the central difference: the error of rounding and that of the difference are about as large. */
const DIFFERENCE = 3e-3;

/** Mean over the molecules in nats, and its standard error. @throws WorkError where the ODE leaves all finite numbers */
export async function flowNegativeLogLikelihood(
  model: EdmModel,
  engine: DenoiserEngine,
  molecules: readonly Molecule[],
  { seed, steps = 100, probes = 1, batchSize = 64, onProgress }: FlowLikelihoodOptions,
): Promise<{ readonly mean: number; readonly sem: number }> {
  const { config, schedule, network } = model;
  const C = channelCount(config);
  const sizes = sizeDistribution(config.sizes);
  const key = { seed, purpose: "likelihoodNoise" } as const;
  const found: number[] = [];
  for (const indices of bySize(molecules, batchSize)) {
    const batch = encode(
      config,
      indices.map((i) => molecules[i]),
    );
    const M = indices.length;
    const draws = { timeSteps: new Int32Array(M), noise: moleculeNoise(batch.sizes, C, key, indices, 0) };
    const z0 = noised(schedule, batch, draws, C);
    const errors = await predictionErrors(config, schedule, engine, network, batch, draws);
    const ends = Array.from(batch.offsets, (row) => C * row);
    const directions = Array.from({ length: probes }, (_, k) =>
      ofMeanLength(moleculeNoise(batch.sizes, C, key, indices, k + 1), batch.sizes, C),
    );
    const denoiser = withDivergence(
      networkPrediction(model, engine, batch.sizes, batch.context),
      directions,
      ends,
    );
    const dimensions = Array.from(batch.sizes, (n) => positionDegreesOfFreedom(n) + (C - 3) * n);
    const logs = await flowLogDensity(denoiser, schedule, z0, { offsets: ends, dimensions }, steps, (done) =>
      onProgress?.((found.length + (M * done) / steps) / molecules.length),
    );
    const constants = reconstructionConstants(schedule, batch.sizes);
    const volumes = volumeChange(config, batch.sizes);
    for (let m = 0; m < M; m++) {
      if (!Number.isFinite(logs[m]))
        throw new WorkError(
          `molecule ${indices[m] + 1}: the probability-flow ODE met output of the network that is not finite; the bound has no such trouble`,
        );
      let squared = 0;
      for (let k = ends[m]; k < ends[m + 1]; k++) squared += square(draws.noise[k]);
      const logNoise = -0.5 * squared - dimensions[m] * (LOG_SQRT_2PI + log(schedule.sigma(0)));
      const reconstruction =
        constants[m] + 0.5 * errors.position[m] - logFeatureLikelihood(config, schedule, batch, z0, m);
      found.push(reconstruction + logNoise - logs[m] + volumes[m] - sizes.logProbability(batch.sizes[m]));
    }
  }
  return { mean: mean(found), sem: standardError(found) };
}

/** Scales the positions and the features of each molecule to ‖v‖² = the dimension of their space, in place. */
function ofMeanLength(v: Float64Array, sizes: Int32Array, C: number): Float64Array {
  let begin = 0;
  for (const n of sizes) {
    const end = begin + C * n;
    for (const isPart of [(k: number) => k % C < 3, (k: number) => k % C >= 3]) {
      let squared = 0;
      for (let k = begin; k < end; k++) if (isPart(k)) squared += v[k] * v[k];
      const dimension = isPart(0) ? positionDegreesOfFreedom(n) : n * (C - 3);
      const factor = squared === 0 ? 0 : Math.sqrt(dimension / squared);
      for (let k = begin; k < end; k++) if (isPart(k)) v[k] *= factor;
    }
    begin = end;
  }
  return v;
}

/** ε̂ with the mean of vᵀ(ε̂(z + hv) − ε̂(z − hv))/2h over the directions v, for each row. */
export const withDivergence =
  (
    denoiser: Denoiser,
    directions: readonly Float64Array[],
    offsets: ArrayLike<number>,
    h = DIFFERENCE,
  ): DivergenceDenoiser =>
  async (z, t) => {
    const epsilon = await denoiser(z, t);
    const divergence = new Float64Array(offsets.length - 1);
    for (const v of directions) {
      const ahead = await denoiser(
        z.map((value, i) => value + h * v[i]),
        t,
      );
      const behind = await denoiser(
        z.map((value, i) => value - h * v[i]),
        t,
      );
      for (let row = 0; row < divergence.length; row++) {
        for (let i = offsets[row]; i < offsets[row + 1]; i++)
          divergence[row] += (v[i] * (ahead[i] - behind[i])) / (2 * h * directions.length);
      }
    }
    return { epsilon, divergence };
  };

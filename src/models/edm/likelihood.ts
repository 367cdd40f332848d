/**
 * −log p(x, h, N) of molecules under a trained EDM, in nats (Hoogeboom et al. 2022, section 3): the variational
 * bound plus −log p(N). The T terms of the diffusion are estimated from a few steps drawn by importance, one from each
 * of as many equally likely strata (../../diffusion/bound-draws.ts); the paper draws one uniformly.
 */

import type { Molecule } from "../../chem/molecule.ts";
import { boundDraws } from "../../diffusion/bound-draws.ts";
import type { DenoiserEngine } from "../../engines/engine.ts";
import { stream } from "../../math/random.ts";
import { mean, standardError } from "../../math/statistics.ts";
import { channelCount, encode } from "./features.ts";
import { logFeatureLikelihood, priorKl, reconstructionConstants, volumeChange } from "./likelihood-terms.ts";
import type { EdmModel } from "./model.ts";
import { moleculeNoise } from "./noise.ts";
import { noised, predictionErrors } from "./objective.ts";
import { sizeDistribution } from "./sizes.ts";

/** How closely the bound is estimated. */
export interface LikelihoodOptions {
  readonly seed: number;
  /** Steps of the diffusion that are computed for each molecule; 64 when absent. */
  readonly draws?: number;
  readonly batchSize?: number;
  /** Index of the first molecule, which its draws depend on; 0 when absent. */
  readonly first?: number;
  /** Told of the molecules that are done. */
  readonly onProgress?: (done: number) => void;
}

/** Terms of the bound: KL of z_T, the T steps, p(h, x | z_0), the scale of the positions, −log p(N). */
export const LIKELIHOOD_TERMS = ["prior", "diffusion", "reconstruction", "volume", "size"] as const;
/** One of `LIKELIHOOD_TERMS`. */
export type LikelihoodTerm = (typeof LIKELIHOOD_TERMS)[number];

/** Means over the molecules in nats; `sem` and `termSems` are standard errors of these means. */
export interface Likelihood {
  readonly mean: number;
  readonly sem: number;
  readonly terms: Readonly<Record<LikelihoodTerm, number>>;
  readonly termSems: Readonly<Record<LikelihoodTerm, number>>;
}

/** The terms of each molecule and their sum, in nats; the draws of molecule i depend on (seed, i) alone. [M] each */
export async function likelihoodTerms(
  model: EdmModel,
  engine: DenoiserEngine,
  molecules: readonly Molecule[],
  { seed, draws: K = 64, batchSize = 64, first = 0, onProgress }: LikelihoodOptions,
): Promise<Readonly<Record<LikelihoodTerm | "sum", Float64Array>>> {
  const { config, schedule, network } = model;
  const C = channelCount(config);
  const sizes = sizeDistribution(config.sizes);
  const draws = boundDraws(schedule);
  const key = { seed, purpose: "likelihoodNoise" } as const;
  const found = Object.fromEntries(
    [...LIKELIHOOD_TERMS, "sum" as const].map((term) => [term, new Float64Array(molecules.length)]),
  ) as Record<LikelihoodTerm | "sum", Float64Array>;
  let done = 0;
  for (const indices of bySize(molecules, batchSize)) {
    const batch = encode(
      config,
      indices.map((i) => molecules[i]),
    );
    const M = indices.length;
    const keys = indices.map((i) => first + i);
    const errorsAt = (timeSteps: Int32Array, noise: Float64Array) =>
      predictionErrors(config, schedule, engine, network, batch, { timeSteps, noise });
    const strata = keys.map((index) => stream({ seed, purpose: "likelihoodTime", index }));
    const diffusion = new Float64Array(M);
    for (let k = 0; k < K; k++) {
      const timeSteps = Int32Array.from(strata, (random) => draws.step((k + random.uniform()) / K));
      const { position, feature } = await errorsAt(
        timeSteps,
        moleculeNoise(batch.sizes, C, key, keys, k + 1),
      );
      timeSteps.forEach((step, m) => {
        diffusion[m] += (draws.weight(step) * (position[m] + feature[m])) / K;
      });
    }
    const zero = { timeSteps: new Int32Array(M), noise: moleculeNoise(batch.sizes, C, key, keys, 0) };
    const errors0 = await errorsAt(zero.timeSteps, zero.noise);
    const z0 = noised(schedule, batch, zero, C);
    const prior = priorKl(config, schedule, batch);
    const constants = reconstructionConstants(schedule, batch.sizes);
    const volumes = volumeChange(config, batch.sizes);
    for (let m = 0; m < M; m++) {
      const terms = {
        prior: prior[m],
        diffusion: diffusion[m],
        reconstruction:
          constants[m] + 0.5 * errors0.position[m] - logFeatureLikelihood(config, schedule, batch, z0, m),
        volume: volumes[m],
        size: -sizes.logProbability(batch.sizes[m]),
      };
      for (const term of LIKELIHOOD_TERMS) {
        found[term][indices[m]] = terms[term];
        found.sum[indices[m]] += terms[term];
      }
    }
    done += M;
    onProgress?.(done);
  }
  return found;
}

/**
 * The variational bound of −log p(x, h, N) in nats per molecule (Hoogeboom et al. 2022, section 3): means over the
 * molecules; the draws of molecule i depend on (seed, i) alone.
 * @throws InputError when a molecule has an element that the model does not know
 */
export async function negativeLogLikelihood(
  model: EdmModel,
  engine: DenoiserEngine,
  molecules: readonly Molecule[],
  options: LikelihoodOptions,
): Promise<Likelihood> {
  const found = await likelihoodTerms(model, engine, molecules, options);
  const each = (figure: (values: ArrayLike<number>) => number): Record<LikelihoodTerm, number> => ({
    prior: figure(found.prior),
    diffusion: figure(found.diffusion),
    reconstruction: figure(found.reconstruction),
    volume: figure(found.volume),
    size: figure(found.size),
  });
  return {
    mean: mean(found.sum),
    sem: standardError(found.sum),
    terms: each(mean),
    termSems: each(standardError),
  };
}

/** Batches of indices, molecules of one size together: an engine that pads then has nothing to pad. */
export function bySize(molecules: readonly Molecule[], batchSize: number): number[][] {
  const order = Array.from(molecules.keys()).sort(
    (a, b) => molecules[a].atomicNumbers.length - molecules[b].atomicNumbers.length || a - b,
  );
  const batches: number[][] = [];
  for (let begin = 0; begin < order.length; begin += batchSize)
    batches.push(order.slice(begin, begin + batchSize));
  return batches;
}

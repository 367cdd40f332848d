/**
 * −log p(x, h, N) of molecules under a trained EDM, in nats (Hoogeboom et al. 2022, section 3): the
 * variational bound, estimated with one time step for each molecule, plus −log p(N).
 */
import type { Molecule } from "../../chem/molecule.ts";
import { stream } from "../../math/random.ts";
import type { DenoiserEngine } from "../../nets/engine.ts";
import { channelCount, encode } from "./features.ts";
import type { EdmModel } from "./model.ts";
import { moleculeNoise } from "./noise.ts";
import { likelihoodTerms } from "./objective.ts";
import { sizeDistribution } from "./sizes.ts";

export interface LikelihoodOptions {
  readonly seed: number;
  readonly batchSize?: number;
  readonly onProgress?: (done: number) => void;
}

/** Means over the molecules in nats; `sem` is the standard error of `mean`. */
export interface Likelihood {
  readonly mean: number;
  readonly sem: number;
  readonly terms: Readonly<Record<"prior" | "diffusion" | "reconstruction" | "volume" | "size", number>>;
}

/** The draws of molecule i depend on (seed, i) alone. */
export async function negativeLogLikelihood(
  model: EdmModel,
  engine: DenoiserEngine,
  molecules: readonly Molecule[],
  { seed, batchSize = 64, onProgress }: LikelihoodOptions,
): Promise<Likelihood> {
  const { config, schedule, network } = model;
  const C = channelCount(config);
  const sizes = sizeDistribution(config.sizes);
  const M = molecules.length;
  const sums = { prior: 0, diffusion: 0, reconstruction: 0, volume: 0, size: 0 };
  let [sum, sumOfSquares] = [0, 0];
  // Molecules of one size together: an engine that pads then has nothing to pad.
  const order = Array.from(molecules.keys()).sort(
    (a, b) => molecules[a].atomicNumbers.length - molecules[b].atomicNumbers.length || a - b,
  );
  for (let begin = 0; begin < M; begin += batchSize) {
    const indices = order.slice(begin, begin + batchSize);
    const batch = encode(
      config,
      indices.map((i) => molecules[i]),
    );
    const timeSteps = Int32Array.from(
      indices,
      (index) => 1 + stream({ seed, purpose: "likelihoodTime", index }).integer(schedule.steps),
    );
    const key = { seed, purpose: "likelihoodNoise" } as const;
    const noise = moleculeNoise(batch.sizes, C, key, indices, 1);
    const noise0 = moleculeNoise(batch.sizes, C, key, indices, 0);
    const terms = await likelihoodTerms(
      config,
      schedule,
      engine,
      network,
      batch,
      { timeSteps, noise },
      noise0,
    );
    for (let m = 0; m < indices.length; m++) {
      const size = -sizes.logProbability(batch.sizes[m]);
      const nll = terms.prior[m] + terms.diffusion[m] + terms.reconstruction[m] + terms.volume[m] + size;
      sums.prior += terms.prior[m];
      sums.diffusion += terms.diffusion[m];
      sums.reconstruction += terms.reconstruction[m];
      sums.volume += terms.volume[m];
      sums.size += size;
      sum += nll;
      sumOfSquares += nll * nll;
    }
    onProgress?.(Math.min(begin + batchSize, M));
  }
  const mean = sum / M;
  const variance = M > 1 ? Math.max(0, (sumOfSquares - M * mean * mean) / (M - 1)) : 0;
  return {
    mean,
    sem: Math.sqrt(variance / M),
    terms: {
      prior: sums.prior / M,
      diffusion: sums.diffusion / M,
      reconstruction: sums.reconstruction / M,
      volume: sums.volume / M,
      size: sums.size / M,
    },
  };
}

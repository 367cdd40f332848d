/** A coarse-grained molecule with its data: what the training loop needs to know. */
import { epochBatches } from "../../data/batches.ts";
import { histogramDivergence, torsionHistogram, torsionsOf } from "../../evaluate/ramachandran.ts";
import { mean } from "../../math/statistics.ts";
import type { CgConfig } from "../../models/cg/config.ts";
import type { CgObjective, NoisedFrames } from "../../models/cg/denoising.ts";
import { encodeFrames } from "../../models/cg/frames.ts";
import { sampleBeads } from "../../models/cg/generate.ts";
import { cgLayout, cgModelOf } from "../../models/cg/model.ts";
import { moleculeNoise } from "../../models/edm/noise.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import { trainingTimes } from "../edm/task.ts";
import type { TrainingTask, ValidationFigures } from "../loop.ts";
import { matrixBlocks } from "../muon.ts";
import type { CgSettings } from "./settings.ts";

/** Frames of a validation batch. */
const VALIDATION_BATCH = 500;

/** The task of training `config`; positions in Å. [M, N, 3] */
export function cgTask(
  config: CgConfig,
  settings: CgSettings,
  data: { readonly train: Float64Array; readonly valid: Float64Array },
  objective: CgObjective,
): TrainingTask {
  const { seed, batchSize } = settings.training;
  const N = config.beads.length;
  const width = 3 * N;
  const initial = initialParameters(cgLayout(config), seed);
  const { schedule } = cgModelOf(config, initial);
  const train = encodeFrames(data.train, N, config.scale);
  const valid = encodeFrames(data.valid, N, config.scale);
  const sizes = new Int32Array(train.length / width).fill(N);
  const validTorsions = N < 5 ? undefined : torsionHistogram(torsionsOf(data.valid, N));

  /** Frames of `source` with the noise of (purpose, index, step). */
  const noised = (
    source: Float64Array,
    indices: Uint32Array,
    times: ArrayLike<number>,
    purpose: "trainingNoise" | "validationNoise",
    step: number,
  ): NoisedFrames => {
    const x = new Float64Array(indices.length * width);
    indices.forEach((index, k) => {
      x.set(source.subarray(width * index, width * (index + 1)), width * k);
    });
    return {
      x,
      noise: moleculeNoise(new Int32Array(indices.length).fill(N), 3, { seed, purpose }, indices, step),
      gamma: Float64Array.from(times, (time) => schedule.gamma(time / schedule.steps)),
    };
  };

  return {
    initialParameters: initial,
    matrices: matrixBlocks(cgLayout(config)),
    batches: (epoch) => epochBatches(sizes, { batchSize, seed, epoch }),
    lossAndGradient: (parameters, share, gradient) => {
      const drawing = { timeSampling: settings.timeSampling, levels: { kind: "uniform" } } as const;
      const times = trainingTimes(drawing, schedule, seed, share);
      const frames = noised(train, share.items, times, "trainingNoise", share.epoch);
      return objective.lossAndGradient(parameters, frames, gradient);
    },
    validate: async (parameters, { gather, signal }): Promise<ValidationFigures> => {
      const losses = await gather(valid.length / width, 1, async (first, end) => {
        const found = new Float64Array(end - first);
        for (let begin = first; begin < end; begin += VALIDATION_BATCH) {
          signal?.throwIfAborted();
          const length = Math.min(VALIDATION_BATCH, end - begin);
          const indices = Uint32Array.from({ length }, (_, k) => begin + k);
          // The same times at every validation: evenly over the schedule, in an order that mixes them among frames.
          const times = Array.from(indices, (index) => (index * 7919) % (schedule.steps + 1));
          const frames = noised(valid, indices, times, "validationNoise", 0);
          found.set(await objective.loss(parameters, frames), begin - first);
        }
        return found;
      });
      const loss = mean(losses);
      const { samples, sampleSteps } = settings.validation;
      if (samples === 0 || validTorsions === undefined) return { loss };
      const positions = await gather(samples, width, (first, end) =>
        sampleBeads(cgModelOf(config, parameters), {
          ...{ first, count: end - first, seed, sampler: "ancestral" },
          steps: Math.min(sampleSteps, schedule.steps),
          onProgress: () => signal?.throwIfAborted(),
        }),
      );
      const divergence = histogramDivergence(torsionHistogram(torsionsOf(positions, N)), validTorsions);
      return { loss, torsionDivergence: divergence };
    },
  };
}

/** A coarse-grained molecule with its data: what the training loop needs to know. */
import { epochBatches } from "../../data/batches.ts";
import type { ParameterUpdater } from "../../engines/update.ts";
import { histogramDivergence, torsionHistogram, torsionsOf } from "../../evaluate/ramachandran.ts";
import { beadNetworkConfig, type CgConfig } from "../../models/cg/config.ts";
import type { NoisedFrames } from "../../models/cg/denoising.ts";
import { encodeFrames } from "../../models/cg/frames.ts";
import { sampleBeads } from "../../models/cg/generate.ts";
import { cgLayout, cgModelOf } from "../../models/cg/model.ts";
import { cgObjective } from "../../models/cg/objective.ts";
import { moleculeNoise } from "../../models/edm/noise.ts";
import { initialParameters } from "../../nets/layers/parameters.ts";
import { trainingTimes } from "../edm/task.ts";
import type { TrainingTask } from "../loop.ts";
import { matrixBlocks } from "../muon.ts";
import type { CgSettings } from "./settings.ts";

/** Frames of a validation batch. */
const VALIDATION_BATCH = 500;

export interface CgTask extends TrainingTask {
  readonly dispose: () => void;
}

/** The task of training `config`; positions in Å. [M, N, 3] */
export async function cgTask(
  config: CgConfig,
  settings: CgSettings,
  data: {
    readonly train: Float64Array;
    readonly valid: Float64Array;
    readonly updater?: ParameterUpdater | undefined;
  },
): Promise<CgTask> {
  const { seed, batchSize } = settings.training;
  const N = config.beads.length;
  const width = 3 * N;
  const initial = initialParameters(cgLayout(config), seed);
  const { schedule } = cgModelOf(config, initial);
  const objective = await cgObjective(beadNetworkConfig(config));
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
    ...(data.updater && { updater: data.updater }),
    batches: (epoch) => epochBatches(sizes, { batchSize, seed, epoch }),
    lossAndGradient: (parameters, indices, epoch, gradient) => {
      const times = trainingTimes(
        { timeSampling: settings.timeSampling, levels: { kind: "uniform" } },
        schedule,
        seed,
        indices,
        epoch,
      );
      return objective.lossAndGradient(
        parameters,
        noised(train, indices, times, "trainingNoise", epoch),
        gradient,
      );
    },
    validate: async (parameters, _step, signal): Promise<Record<string, number> & { loss: number }> => {
      const M = valid.length / width;
      let sum = 0;
      for (let first = 0; first < M; first += VALIDATION_BATCH) {
        signal?.throwIfAborted();
        const indices = Uint32Array.from(
          { length: Math.min(VALIDATION_BATCH, M - first) },
          (_, k) => first + k,
        );
        // The same times at every validation: evenly over the schedule, in an order that mixes them among frames.
        const times = Array.from(indices, (index) => (index * 7919) % (schedule.steps + 1));
        const losses = await objective.loss(parameters, noised(valid, indices, times, "validationNoise", 0));
        sum += losses.reduce((total, loss) => total + loss, 0);
      }
      const loss = sum / M;
      const { samples, sampleSteps } = settings.validation;
      if (samples === 0 || validTorsions === undefined) return { loss };
      const positions = await sampleBeads(cgModelOf(config, parameters), {
        count: samples,
        seed,
        sampler: "ancestral",
        steps: Math.min(sampleSteps, schedule.steps),
        onProgress: () => signal?.throwIfAborted(),
      });
      const divergence = histogramDivergence(torsionHistogram(torsionsOf(positions, N)), validTorsions);
      return { loss, torsionDivergence: divergence };
    },
    dispose: objective.dispose,
  };
}

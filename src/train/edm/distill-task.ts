/**
 * Few-step generators by distribution matching distillation (Yin et al. 2024, "One-step diffusion with distribution
 * matching distillation", and "Improved distribution matching distillation", algorithm 1 without its adversarial term).
 * A student G makes molecules in K steps of renoising; a critic, a denoiser of its own, learns what the student makes.
 * Noise a molecule of the student's to any level: the critic's x̂ less the teacher's is the gradient of the
 * Kullback–Leibler divergence from what the student makes to what the teacher would, and the student goes down it.
 * It needs no data. Student and critic are trained as one vector of parameters, so that runs resume like any other.
 * Deviations: the target instead of the gradient, x̂* = x̂ − λ w (x̂_critic − x̂_teacher), w from the paper's eq. 8, so
 * that engines only ever see ‖ε̂ − ε̂*‖²; differences are cut at 1 (types, Å), and molecules that flew apart, or for which
 * a network is far off, are left out.
 */
import { stability } from "../../chem/stability.ts";
import { levelAt } from "../../diffusion/levels.ts";
import { renoisingLevels } from "../../diffusion/samplers/renoise.ts";
import { timeOfGamma } from "../../diffusion/sde.ts";
import { type AtomBatch, atomOffsets, type DenoiserEngine } from "../../engines/engine.ts";
import { WorkError } from "../../errors.ts";
import { stream } from "../../math/random.ts";
import { mean } from "../../math/statistics.ts";
import { channelCount, removeCenters } from "../../models/edm/features.ts";
import { generate } from "../../models/edm/generate.ts";
import { bondRuleOf, type EdmModel, modelLayout, modelOf } from "../../models/edm/model.ts";
import { moleculeNoise } from "../../models/edm/noise.ts";
import { networkInput } from "../../models/edm/objective.ts";
import { sizeDistribution } from "../../models/edm/sizes.ts";
import { batchStream, stratifiedShare } from "../batch-share.ts";
import type { TrainingTask } from "../loop.ts";
import { matrixBlocks } from "../muon.ts";
import type { DistillSettings } from "./distill-settings.ts";

/** Coordinates beyond this (Å) belong to a molecule that flew apart. */
const APART = 20;
/** Noise beyond this was not predicted: the network is far off for the molecule, and would rule the gradient. */
const FAR_OFF = 30;
/** Least change that strengths are measured in, against division by nothing. */
const LEAST_CHANGE = 0.005;
/** Streams of noise that a training step may draw. */
const DRAWS = 80;

/** A state x = data + σ ε of molecules, each at its level. */
interface Noised {
  readonly x: Float64Array; // [A, C]
  readonly sigma: Float64Array; // [M]
}

/** @param parameters of teacher, student and critic alike: [P], [P | P] */
export function distillTask(
  teacher: EdmModel,
  settings: DistillSettings,
  engine: DenoiserEngine,
): TrainingTask {
  const { config, schedule } = teacher;
  const { seed, batchSize } = settings.training;
  const P = teacher.network.length;
  const C = channelCount(config);
  const levels = renoisingLevels(schedule, settings);
  const sizesOf = sizeDistribution(config.sizes);
  const distribution = { kind: "logNormal", even: 0, ...settings.levels } as const;
  const largest = C * sizesOf.largest;
  const layout = modelLayout(config);
  const matrices = matrixBlocks(layout);
  const perEpoch = Math.ceil(settings.epochMolecules / batchSize);
  const initial = new Float32Array(2 * P);
  initial.set(teacher.network);
  initial.set(teacher.network, P);

  /** ε̂ of a network at the levels of the molecules, with the input that it saw. */
  async function predict(
    network: Float32Array,
    sizes: Int32Array,
    offsets: Int32Array,
    { x, sigma }: Noised,
  ): Promise<{ readonly input: AtomBatch; readonly epsilon: Float32Array }> {
    const z = new Float64Array(x.length);
    forEachRow(offsets, C, (k, m) => {
      z[k] = x[k] / Math.hypot(1, sigma[m]);
    });
    const times = sigma.map((value) => timeOfGamma(schedule, 2 * Math.log(value)));
    const input = networkInput(sizes, z, times, C);
    return { input, epsilon: await engine.forward(network, input) };
  }

  return {
    initialParameters: initial,
    matrices: [...matrices, ...matrices.map((block) => ({ ...block, offset: block.offset + P }))],
    ...(engine.updater && { updater: engine.updater }),
    batches: (epoch) =>
      Array.from({ length: perEpoch }, (_, b) =>
        Uint32Array.from(
          { length: batchSize },
          (__, m) => epoch * settings.epochMolecules + b * batchSize + m,
        ),
      ),
    lossAndGradient: async (parameters, share, gradient) => {
      const { items: indices, epoch } = share;
      const student = parameters.subarray(0, P);
      const critic = parameters.subarray(P);
      const random = batchStream(share, seed);
      const sizes = Int32Array.from(indices, (index) =>
        sizesOf.draw(stream({ seed, purpose: "sizes", index, step: epoch })),
      );
      const offsets = atomOffsets(sizes);
      const M = sizes.length;
      let drawn = 0;
      const noise = (): Float64Array =>
        moleculeNoise(sizes, C, { seed, purpose: "trainingNoise" }, indices, DRAWS * epoch + drawn++);

      // What the student has made of noise after some of its steps, and what it makes of that.
      const k = random.integer(levels.length);
      const start = Math.hypot(levels[0], settings.spread);
      let x: Float64Array = noise().map((value) => start * value);
      const at = (level: number): Float64Array => new Float64Array(M).fill(level);
      for (let step = 0; step < k; step++) {
        const { epsilon } = await predict(student, sizes, offsets, { x, sigma: at(levels[step]) });
        const xi = noise();
        x = x.map((value, i) => value - levels[step] * epsilon[i] + levels[step + 1] * xi[i]);
        removeCenters(x, offsets, C);
      }
      const made = await predict(student, sizes, offsets, { x, sigma: at(levels[k]) });
      const data = x.map((value, i) => value - levels[k] * made.epsilon[i]);
      const whole = new Float32Array(M).fill(1);
      forEachRow(offsets, C, (row, m) => {
        if (!(Math.abs(data[row]) < APART && Math.abs(made.epsilon[row]) < FAR_OFF)) whole[m] = 0;
      });

      // Noised to levels at which teacher and critic see it.
      const sigma = stratifiedShare(share, random).map((u) => {
        const step = levelAt(distribution, schedule, u);
        return Math.exp(0.5 * schedule.gamma(step / schedule.steps));
      });
      const added = noise();
      const y = new Float64Array(data.length);
      forEachRow(offsets, C, (row, m) => {
        if (whole[m] === 0) data[row] = 0;
        y[row] = data[row] + sigma[m] * added[row];
      });
      const noised = { x: y, sigma };
      const seen = await predict(critic, sizes, offsets, noised);
      forEachRow(offsets, C, (row, m) => {
        if (!(Math.abs(seen.epsilon[row]) < FAR_OFF)) whole[m] = 0;
      });

      gradient.fill(0);
      const learns = (epoch * perEpoch + share.number) % settings.criticSteps === 0;
      if (learns) {
        const real = await predict(teacher.network, sizes, offsets, noised);
        const target = new Float32Array(data.length);
        const change = new Float64Array(M); // mean |x̂ − x̂_teacher| of each molecule
        forEachRow(offsets, C, (row, m) => {
          change[m] += Math.abs(data[row] - y[row] + sigma[m] * real.epsilon[row]) / (C * sizes[m]);
        });
        forEachRow(offsets, C, (row, m) => {
          const difference = sigma[m] * (real.epsilon[row] - seen.epsilon[row]); // x̂_critic − x̂_teacher
          const step = Math.max(-1, Math.min(1, difference)) / Math.max(change[m], LEAST_CHANGE);
          target[row] = made.epsilon[row] + (settings.strength * step) / Math.max(levels[k], 0.05);
        });
        const weight = whole.map((value) => (value * 0.5 * Math.max(1, levels[k] ** 2)) / largest / M);
        const own = gradient.subarray(0, P);
        await engine.squaredError(
          student,
          made.input,
          { target, positionWeight: weight, featureWeight: weight },
          own,
        );
        if (!own.every(Number.isFinite)) own.fill(0);
      }
      const weight = whole.map((value) => (value * 0.5) / largest / M);
      const errors = await engine.squaredError(
        critic,
        seen.input,
        { target: Float32Array.from(added), positionWeight: weight, featureWeight: weight },
        gradient.subarray(P),
      );
      if (!gradient.subarray(P).every(Number.isFinite)) gradient.fill(0, P);
      return Float64Array.from(whole, (value, m) =>
        value === 0 ? 0 : (0.5 / largest) * (errors.position[m] + errors.feature[m]),
      );
    },
    checkLosses: (losses) => {
      if (losses.every((loss) => loss === 0))
        throw new WorkError(
          "every molecule of the student's flew apart: it is lost; start again with a lower training.learningRate",
        );
    },
    validate: async (parameters, { gather, signal }) => {
      const model = modelOf(config, parameters.slice(0, P));
      const rule = bondRuleOf(config);
      const { steps, sigmaMax, spread, validation } = settings;
      const found = await gather(validation.samples, 3, async (first, end) => {
        const rows = new Float64Array(3 * (end - first));
        for await (const batch of generate(model, engine, {
          ...{ first, count: end - first, seed, sampler: "renoise", steps, sigmaMax, spread },
          onProgress: () => signal?.throwIfAborted(),
        }))
          for (const { index, molecule } of batch) {
            const { stable, stableAtoms, atoms } = stability(molecule, rule);
            rows.set([Number(stable), stableAtoms, atoms], 3 * (index - first));
          }
        return rows;
      });
      const [stable, stableAtoms, atoms] = [0, 1, 2].map((k) => mean(found.filter((_, i) => i % 3 === k)));
      return { loss: 1 - stable, moleculeStable: stable, atomStable: stableAtoms / atoms };
    },
  };
}

/** Visits every value of an [A, C] array with its molecule. */
function forEachRow(offsets: Int32Array, C: number, visit: (at: number, molecule: number) => void): void {
  for (let m = 0; m + 1 < offsets.length; m++)
    for (let at = C * offsets[m]; at < C * offsets[m + 1]; at++) visit(at, m);
}

/**
 * What models of scores at many noise levels share: denoising score matching with the levels of a variance-exploding
 * schedule, and annealed Langevin dynamics (Song & Ermon 2019). With weights σ̃² the loss is that of a noise predictor,
 * L_simple, and the score at a level is s(x̃) = −ε̂/σ̃.
 */
import { z } from "zod";
import { annealedLangevin } from "../../../diffusion/samplers/langevin.ts";
import { veSchedule } from "../../../diffusion/sde.ts";
import { InputError } from "../../../errors.ts";
import { count } from "../../../models/limits.ts";
import { type DenoiserNetwork, denoiserSettings } from "../denoiser-network.ts";
import { gaussianDiffusion } from "../diffusion/gaussian-diffusion.ts";
import { type AnnealedScores, type LabModel, type LabShape, rowLength } from "../lab-model.ts";
import { rowSpace } from "../rows.ts";

const positive = z.number().positive();

export const annealedSettings = z.strictObject({
  ...denoiserSettings,
  sigmaMin: positive.default(0.01),
  sigmaMax: positive.default(4),
  /** Noise levels, at least 2. */
  levels: count.min(2).default(30),
  /** Langevin steps at each level. */
  stepsPerLevel: count.default(8),
  /**
   * ε/σ̃² of the Langevin steps at a level with deviation σ̃. Steps of η σ̃² leave a variance of σ̃²/(1 − η/4) in place of
   * σ̃²: with η = 1 rows are spread a third too wide, and where the moons end too many come to rest. Where σ̃ is far below
   * the width of the data, steps of 0.2 no longer move rows across it in time, and they keep the width of an earlier level.
   */
  stepSize: positive.default(0.6),
});
export type AnnealedSettings = z.infer<typeof annealedSettings>;

export const annealedSchedule = ({ levels, sigmaMin, sigmaMax }: AnnealedSettings) =>
  veSchedule(levels - 1, sigmaMin, sigmaMax);

/** @param network ε̂ of z = x̃/√(1 + σ̃²) */
export function annealedModel(
  settings: AnnealedSettings,
  shape: LabShape,
  network: DenoiserNetwork,
): LabModel & { readonly annealed: AnnealedScores } {
  const { levels } = settings;
  const schedule = annealedSchedule(settings);
  const diffusion = gaussianDiffusion(
    { schedule, prediction: "epsilon", loss: "simple", variance: "posterior" },
    shape,
    network,
  );
  const times = Array.from({ length: levels }, (_, k) => 1 - k / (levels - 1));
  const annealed: AnnealedScores = {
    deviations: times.map((t) => Math.exp(0.5 * schedule.gamma(t))),
    stepsPerLevel: settings.stepsPerLevel,
    stepSize: settings.stepSize,
    toDiffused: diffusion.toDiffused,
    fromDiffused: diffusion.fromDiffused,
    with: (parameters, use) =>
      diffusion.withEpsilon(parameters, (epsilon) =>
        use(async (x, level) => {
          const alpha = schedule.alpha(times[level]);
          const predicted = await epsilon(
            x.map((value) => alpha * value),
            times[level],
          );
          return predicted.map((value) => -value / annealed.deviations[level]);
        }),
      ),
  };
  return {
    layout: network.layout,
    draws: diffusion.draws,
    loss: diffusion.loss,
    ...(diffusion.kernels && { kernels: diffusion.kernels }),
    sample: (parameters, n, seed) =>
      annealed.with(parameters, (score) => sampleAnnealed(annealed, score, n, rowLength(shape), seed)),
    score: (parameters, rows) =>
      annealed.with(parameters, (score) => score(diffusion.toDiffused(rows), levels - 1)),
    annealed,
    dispose: diffusion.dispose,
  };
}

type LevelScore = (x: Float64Array, level: number) => Promise<Float64Array>;

/** Annealed Langevin, then the mean of the data given the last noisy state (Jolicoeur-Martineau et al. 2021). */
async function sampleAnnealed(
  annealed: AnnealedScores,
  score: LevelScore,
  n: number,
  D: number,
  seed: number,
): Promise<Float32Array> {
  const { deviations } = annealed;
  const last = deviations.length - 1;
  const x = await annealedLangevin(score, rowSpace(n, D, seed), deviations, annealed);
  const s = await score(x, last);
  return annealed.fromDiffused(x.map((value, i) => value + deviations[last] ** 2 * s[i]));
}

/**
 * Rows from the product of the densities of several models: at every level their scores, the gradients of their
 * energies, add up (Hinton 2002; Du et al. 2020). The levels and steps are those of the first.
 * @throws InputError for models without noise levels, or with other levels or rows than the first
 */
export async function sampleProduct(
  models: readonly {
    readonly model: LabModel;
    readonly parameters: Float32Array;
    readonly columns: number;
  }[],
  n: number,
  seed: number,
): Promise<Float32Array> {
  const all = models.map(({ model, columns }) => {
    if (model.annealed === undefined)
      throw new InputError("only models of scores at many noise levels can be composed: energy and ncsn");
    const [own, first] = [model.annealed.deviations, models[0].model.annealed?.deviations ?? []];
    if (own.join() !== first.join() || columns !== models[0].columns)
      throw new InputError(
        "models that are composed must have the same noise levels and rows of the same length",
      );
    return model.annealed;
  });
  const summed = async (scores: readonly LevelScore[]): Promise<Float32Array> => {
    const next = models[scores.length];
    if (next !== undefined)
      return all[scores.length].with(next.parameters, (score) => summed([...scores, score]));
    // docs: begin sum
    const sum: LevelScore = async (x, level) => {
      const total = new Float64Array(x.length);
      for (const score of scores)
        (await score(x, level)).forEach((value, i) => {
          total[i] += value;
        });
      return total;
    };
    // docs: end sum
    return sampleAnnealed(all[0], sum, n, models[0].columns, seed);
  };
  return summed([]);
}

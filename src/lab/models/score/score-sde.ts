/**
 * The SDE view (Song et al. 2021): a score at every time of a VP or VE process, samples from the reverse SDE or the
 * probability-flow ODE, and from the latter's divergence the exact likelihood.
 */
import { z } from "zod";
import { scoreFrom } from "../../../diffusion/prediction.ts";
import { SPACINGS } from "../../../diffusion/samplers/grid.ts";
import { SAMPLER_NAMES } from "../../../diffusion/samplers/registry.ts";
import { veSchedule, vpSchedule } from "../../../diffusion/sde.ts";
import { InputError } from "../../../errors.ts";
import { count } from "../../../models/limits.ts";
import { denoiserNetwork, denoiserPresets, denoiserSettings, fewNoisySteps } from "../denoiser-network.ts";
import { flowDensity, LARGEST_DIVERGENCE } from "../diffusion/flow-density.ts";
import { gaussianDiffusion } from "../diffusion/gaussian-diffusion.ts";
import { type LabModelKind, rowLength } from "../lab-model.ts";

const positive = z.number().positive();

const settingsSchema = z.strictObject({
  ...denoiserSettings,
  process: z.enum(["vp", "ve"]).default("vp"),
  betaMin: positive.default(0.1),
  betaMax: positive.default(20),
  sigmaMin: positive.default(0.01),
  sigmaMax: positive.default(10),
  /** Times that training draws from. */
  steps: count.default(1000),
  /** The reverse SDE: ancestral, sde-dpm-solver; the ODE: ddim, dpm-solver. */
  sampler: z.enum(SAMPLER_NAMES).default("dpm-solver"),
  sampleSteps: count.default(100),
  /** Spacing of its steps; absent: "logSnr" for points, "time" for images. */
  spacing: z.enum(SPACINGS).optional(),
  /** Runge–Kutta steps of the likelihood. */
  likelihoodSteps: count.default(20),
});

export const scoreSde: LabModelKind<z.infer<typeof settingsSchema>> = {
  name: "score-sde",
  title: "Score-based SDE with its probability-flow ODE",
  source: "Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole 2021",
  settings: settingsSchema,
  presets: fewNoisySteps(denoiserPresets),
  build: (settings, shape, facts) => {
    if (shape.kind === "images" && shape.binary)
      throw new InputError(
        "score-sde takes points or grey images; the values of binary images have no density",
      );
    const D = rowLength(shape);
    const network = denoiserNetwork(settings, shape, facts?.engine);
    const { process, steps, betaMin, betaMax, sigmaMin, sigmaMax } = settings;
    const schedule =
      process === "vp" ? vpSchedule(steps, betaMin, betaMax) : veSchedule(steps, sigmaMin, sigmaMax);
    const options = { schedule, prediction: "epsilon", loss: "simple", variance: "posterior" } as const;
    const diffusion = gaussianDiffusion(options, shape, network);
    const density = D <= LARGEST_DIVERGENCE ? flowDensity(schedule, "epsilon", D, network) : undefined;
    return {
      layout: network.layout,
      draws: diffusion.draws,
      loss: diffusion.loss,
      ...(diffusion.kernels && { kernels: diffusion.kernels }),
      sample: (parameters, n, seed) =>
        diffusion.sample(parameters, n, seed, {
          sampler: settings.sampler,
          steps: settings.sampleSteps,
          ...(settings.spacing && { spacing: settings.spacing }),
        }),
      ...(density && {
        logLikelihood: {
          kind: "exact",
          of: async (parameters, rows) => {
            const x = diffusion.toDiffused(rows);
            const logs = await density.of(parameters, x, settings.likelihoodSteps);
            return logs.map((value) => value + diffusion.logVolume);
          },
        },
      }),
      score: (parameters, rows) =>
        diffusion.withEpsilon(parameters, async (epsilon) => {
          const z0 = diffusion.toDiffused(rows).map((value) => schedule.alpha(0) * value);
          return scoreFrom(schedule, 0, await epsilon(z0, 0)).map((value) => schedule.alpha(0) * value);
        }),
      dispose: () => {
        diffusion.dispose();
        density?.dispose();
      },
    };
  },
};

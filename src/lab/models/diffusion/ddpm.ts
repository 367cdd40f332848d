/**
 * DDPM (Ho, Jain, Abbeel 2020) with the schedules of Nichol & Dhariwal 2021 and the predictions of Salimans & Ho
 * 2022.
 */
import { z } from "zod";
import { bitsPerDimension } from "../../../diffusion/bound.ts";
import { PREDICTIONS } from "../../../diffusion/prediction.ts";
import { SPACINGS } from "../../../diffusion/samplers/grid.ts";
import { SAMPLER_NAMES } from "../../../diffusion/samplers/registry.ts";
import { scheduleFrom } from "../../../diffusion/schedule.ts";
import { count } from "../../../models/limits.ts";
import { denoiserNetwork, denoiserPresets, denoiserSettings, fewNoisySteps } from "../denoiser-network.ts";
import { type LabModelKind, rowLength } from "../lab-model.ts";
import type { RowBound } from "./bound-terms.ts";
import { DENSITY_SIDE, DENSITY_STEPS, flowDensity, LARGEST_DIVERGENCE } from "./flow-density.ts";
import { gaussianDiffusion } from "./gaussian-diffusion.ts";

const settingsSchema = z.strictObject({
  ...denoiserSettings,
  /** `ddpm`: β as published, T levels; `linear`: the same β on T + 1 levels. */
  schedule: z.enum(["linear", "ddpm", "cosine"]).default("linear"),
  /** T. */
  steps: count.min(2).default(1000),
  prediction: z.enum(PREDICTIONS).default("epsilon"),
  /** L_simple, or the variational bound in nats. */
  loss: z.enum(["simple", "vlb"]).default("simple"),
  /** Variance of a reverse step: β̃ (posterior) or β (forward). */
  variance: z.enum(["posterior", "forward"]).default("posterior"),
  sampler: z.enum(SAMPLER_NAMES).default("dpm-solver"),
  /** Steps of the sampler, at most T. */
  sampleSteps: count.default(100),
  /** Spacing of its steps; absent: "logSnr" for points, "time" for images. */
  spacing: z.enum(SPACINGS).optional(),
  /** Times at which each row's bound is estimated; T: all of them. */
  likelihoodTimes: count.default(40),
});

export const ddpm: LabModelKind<z.infer<typeof settingsSchema>> = {
  name: "ddpm",
  title: "DDPM: denoising diffusion",
  source: "Ho, Jain, Abbeel 2020",
  settings: settingsSchema,
  presets: {
    ...fewNoisySteps(denoiserPresets),
    images: { ...denoiserPresets.images, prediction: "x0" },
  },
  recipes: {
    reference: {
      description: "256 wide, T = 1000 linear, batches of 256, Adam at 1e-3, 100 epochs of 50,000 points",
      settings: {
        ...{ hidden: 256, steps: 1000, schedule: "linear", prediction: "epsilon", loss: "simple" },
        ...{ "training.batchSize": 256, "training.learningRate": 1e-3, "training.decay": "none" },
        ...{ "training.epochs": 100, "training.emaDecay": 0.999, "data.count": 50_000 },
      },
    },
    unet: {
      description: "images by a convolutional U-Net that predicts v, batches of 64, 15 minutes on two cores",
      settings: {
        ...{ network: "unet", prediction: "v", steps: 1000, schedule: "linear", loss: "simple" },
        ...{ "training.batchSize": 64, "training.learningRate": 2e-3, "training.decay": "cosine" },
        ...{ "training.epochs": 16, "training.emaDecay": 0.999, "training.clipping": 10 },
      },
    },
  },
  build: (settings, shape, facts) => {
    const D = rowLength(shape);
    const network = denoiserNetwork(settings, shape, facts?.engine);
    const schedule = scheduleFrom({ kind: settings.schedule, steps: settings.steps });
    const diffusion = gaussianDiffusion({ ...settings, schedule }, shape, network);
    let last: { readonly of: readonly unknown[]; readonly terms: Promise<RowBound> } | undefined;
    /** The terms of the bound; kept, for they are asked for twice. */
    const boundOf = (parameters: Float32Array, rows: Float32Array, seed: number): Promise<RowBound> => {
      const of = [parameters, rows, seed];
      if (last === undefined || last.of.some((value, k) => value !== of[k]))
        last = { of, terms: diffusion.bound(parameters, rows, seed, settings.likelihoodTimes) };
      return last.terms;
    };
    const flow =
      shape.kind === "points" && D <= LARGEST_DIVERGENCE
        ? flowDensity(schedule, settings.prediction, D, network)
        : undefined;
    const density = shape.kind === "points" || (shape.kind === "images" && !shape.binary);
    // Grey values are known to 1/256: the density in a cell of that width is its probability.
    const cell = shape.kind === "images" ? D * Math.log(256) : 0;
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
          kind: "lower bound",
          of: async (parameters, rows, seed) => {
            const terms = await boundOf(parameters, rows, seed);
            return terms.prior.map(
              (value, i) => diffusion.logVolume - value - terms.diffusion[i] - terms.reconstruction[i],
            );
          },
        },
        figures: async (parameters, rows, seed) => {
          const terms = await boundOf(parameters, rows, seed);
          const mean = (values: Float64Array): number =>
            values.reduce((sum, value) => sum + value, 0) / values.length;
          const bits = (nats: number): number => bitsPerDimension(nats, D);
          const [prior, ofSteps, decoder] = [
            bits(mean(terms.prior)),
            bits(mean(terms.diffusion)),
            bits(mean(terms.reconstruction) - diffusion.logVolume + cell),
          ];
          return {
            "prior, bits/dim": prior,
            ...Object.fromEntries(
              ranges(schedule.steps).map(([from, to]) => [
                `L_${from}…${to}, bits/dim`,
                bits(sumOfSteps(terms.byStep, from, to)),
              ]),
            ),
            "diffusion, bits/dim": ofSteps,
            "decoder, bits/dim": decoder,
            "bound, bits/dim": prior + ofSteps + decoder,
          };
        },
      }),
      ...(flow && {
        density: {
          note: "by the probability-flow ODE",
          side: DENSITY_SIDE,
          of: (parameters, rows) => flow.of(parameters, diffusion.toDiffused(rows), DENSITY_STEPS),
        },
      }),
      dispose: () => {
        diffusion.dispose();
        flow?.dispose();
      },
    };
  },
};

/** Steps 1 … T in ranges that grow tenfold. */
function ranges(T: number): readonly (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  for (let from = 1; from <= T; from *= 10) found.push([from, Math.min(10 * from - 1, T)]);
  return found;
}

/** Σ L_t over a range of steps from those that were drawn, in nats. */
function sumOfSteps({ sum, count: drawn }: RowBound["byStep"], from: number, to: number): number {
  const [total, times] = [sum, drawn].map((values) => {
    let all = 0;
    for (let step = from; step <= to; step++) all += values[step];
    return all;
  });
  return times === 0 ? 0 : ((to - from + 1) * total) / times;
}

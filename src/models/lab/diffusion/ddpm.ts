/**
 * DDPM (Ho, Jain, Abbeel 2020) with the schedules of Nichol & Dhariwal 2021 and the predictions of Salimans & Ho
 * 2022, on the same schedules, process, bound and samplers as the molecules. As there, z_0 has the noise of the
 * schedule's first step and the data are decoded from it by a Gaussian.
 */
import { z } from "zod";
import { decoderTerm, reverseStepKl } from "../../../diffusion/bound.ts";
import { dataFrom, epsilonFrom, PREDICTIONS, predictionTarget } from "../../../diffusion/prediction.ts";
import { ancestral } from "../../../diffusion/samplers/ancestral.ts";
import { ddim } from "../../../diffusion/samplers/ddim.ts";
import { dpmSolver } from "../../../diffusion/samplers/dpm-solver.ts";
import { sdeDpmSolver } from "../../../diffusion/samplers/sde-dpm-solver.ts";
import { type NoiseSchedule, scheduleFrom } from "../../../diffusion/schedule.ts";
import { np } from "../../../runtime/jax.ts";
import { type DenoiserNetwork, denoiserNetwork, denoiserSettings } from "../denoiser-network.ts";
import { type LabModel, type LabModelKind, type LabShape, rowLength } from "../lab-model.ts";
import { rowNetwork, rowSpace } from "../rows.ts";
import { boundTerms } from "./bound-terms.ts";

const count = z.number().int().positive();

export const ddpmSettings = z.strictObject({
  ...denoiserSettings,
  schedule: z.enum(["linear", "cosine", "polynomial"]).default("linear"),
  /** T. */
  steps: count.default(1000),
  prediction: z.enum(PREDICTIONS).default("epsilon"),
  /** L_simple, or the variational bound in nats. */
  loss: z.enum(["simple", "vlb"]).default("simple"),
  /** Variance of a reverse step: β̃ or β. */
  variance: z.enum(["posterior", "forward"]).default("posterior"),
  sampler: z.enum(["ancestral", "ddim", "dpm-solver", "sde-dpm-solver"]).default("ancestral"),
  /** Steps of the sampler, at most T. */
  sampleSteps: count.default(100),
  /** Times at which each row's bound is estimated. */
  likelihoodTimes: count.default(100),
});
export type DdpmSettings = z.infer<typeof ddpmSettings>;

const SAMPLERS = { ancestral, ddim, "dpm-solver": dpmSolver, "sde-dpm-solver": sdeDpmSolver };

export const scheduleOfSettings = ({ schedule, steps }: DdpmSettings): NoiseSchedule =>
  scheduleFrom(
    schedule === "polynomial"
      ? { kind: "polynomial", power: 2, precision: 1e-5, steps }
      : { kind: schedule, steps },
  );

export const ddpm: LabModelKind<DdpmSettings> = {
  name: "ddpm",
  title: "DDPM: denoising diffusion",
  source: "Ho, Jain, Abbeel 2020",
  settings: ddpmSettings,
  build: (settings, shape) => ddpmModel(settings, shape, denoiserNetwork(settings, shape)),
};

/** The model of rows with this network. */
export function ddpmModel(settings: DdpmSettings, shape: LabShape, network: DenoiserNetwork): LabModel {
  const D = rowLength(shape);
  const schedule = scheduleOfSettings(settings);
  const T = schedule.steps;
  const denoise = rowNetwork(network.layout, D, network.apply);

  /** ε̂ of each row, all at time t or each at its own. */
  const epsilonOf = async (
    bound: ReturnType<typeof denoise.with>,
    zt: Float64Array,
    t: number | Float64Array,
  ): Promise<Float64Array> => {
    const out = await bound.of(zt, t);
    return out.map((value, i) => {
      const time = typeof t === "number" ? t : t[Math.floor(i / D)];
      const { fromZ, fromOutput } = epsilonFrom(
        settings.prediction,
        schedule.alpha(time),
        schedule.sigma(time),
      );
      return fromZ * zt[i] + fromOutput * value;
    });
  };

  // lab-page: loss
  const draws: LabModel["draws"] = (batch, random) => {
    const rows = Array.from({ length: batch }, () => {
      const step = random.integer(T + 1);
      const t = step / T;
      const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
      const { fromData, fromNoise } = predictionTarget(settings.prediction, alpha, sigma);
      const { fromOutput } = epsilonFrom(settings.prediction, alpha, sigma);
      const { perDimension, fromError } =
        step === 0 ? decoderTerm(schedule) : reverseStepKl(schedule, (step - 1) / T, t, settings.variance);
      const simple = settings.loss === "simple";
      const weight = simple ? 1 : (T + 1) * fromError * fromOutput ** 2;
      return [t, alpha, sigma, fromData, fromNoise, weight, simple ? 0 : (T + 1) * perDimension * D];
    });
    return {
      noise: { values: random.normals(new Float32Array(batch * D)), shape: [batch, D] },
      steps: { values: Float32Array.from(rows.flat()), shape: [batch, 7] },
    };
  };
  const loss: LabModel["loss"] = (parameters, x, { noise, steps }) => {
    const column = (k: number): np.Array => steps.ref.slice([], [k, k + 1]); // [B, 1]
    const zt = column(1).mul(x.ref).add(column(2).mul(noise.ref)); // α x + σ ε
    const target = column(3).mul(x).add(column(4).mul(noise)); // ε, x₀ or v
    const output = network.apply(parameters, zt, steps.ref.slice([], 0));
    const errors = np.square(output.sub(target)).sum(1);
    return errors.mul(steps.ref.slice([], 5)).add(steps.slice([], 6));
  };
  // lab-page: end

  const sample: LabModel["sample"] = async (parameters, n, seed) => {
    const bound = denoise.with(parameters);
    const denoiser = (zt: Float64Array, t: number): Promise<Float64Array> => epsilonOf(bound, zt, t);
    const z0 = await SAMPLERS[settings.sampler](denoiser, schedule, rowSpace(n, D, seed), {
      steps: Math.min(settings.sampleSteps, T),
      variance: settings.variance,
    });
    const rows = dataFrom(schedule, 0, z0, await denoiser(z0, 0));
    bound.release();
    return Float32Array.from(rows);
  };

  const terms = async (
    parameters: Float32Array,
    rows: Float32Array,
    seed: number,
  ): Promise<ReturnType<typeof boundTerms>> => {
    const bound = denoise.with(parameters);
    const found = await boundTerms(schedule, rows, D, {
      seed,
      times: settings.likelihoodTimes,
      variance: settings.variance,
      epsilon: (zt, t) => epsilonOf(bound, zt, t),
    });
    bound.release();
    return found;
  };

  return {
    layout: network.layout,
    draws,
    loss,
    sample,
    logLikelihood: {
      kind: "lower bound",
      of: async (parameters, rows, seed) => {
        const { prior, diffusion, reconstruction } = await terms(parameters, rows, seed);
        return prior.map((value, i) => -(value + diffusion[i] + reconstruction[i]));
      },
    },
    dispose: denoise.dispose,
  };
}

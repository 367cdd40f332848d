/**
 * Gaussian diffusion of rows: one training loss, one bound and the samplers for every kind that differs only in
 * schedule, network or what is done with the score. Schedules, process, bound and samplers are those of the molecules;
 * as there, z_0 has the noise of the schedule's start and the data are decoded from it by a Gaussian.
 */
import { decoderTerm, reverseStepKl } from "../../../diffusion/bound.ts";
import { dataFrom, epsilonFrom, type Prediction, predictionTarget } from "../../../diffusion/prediction.ts";
import type { ReverseVariance } from "../../../diffusion/process.ts";
import type { Spacing } from "../../../diffusion/samplers/grid.ts";
import { SAMPLERS, type SamplerName } from "../../../diffusion/samplers/registry.ts";
import type { NoiseSchedule } from "../../../diffusion/schedule.ts";
import { np } from "../../../platform/jax.ts";
import type { DenoiserNetwork } from "../denoiser-network.ts";
import { type LabModel, type LabShape, type LossKernels, rowLength } from "../lab-model.ts";
import { rowNetwork, rowSpace } from "../rows.ts";
import { boundTerms, type RowBound } from "./bound-terms.ts";

export interface GaussianDiffusionOptions {
  readonly schedule: NoiseSchedule;
  readonly prediction: Prediction;
  /** L_simple = ‖ε − ε̂‖² (or of what is predicted), or the variational bound in nats without its constant prior. */
  readonly loss: "simple" | "vlb";
  readonly variance: ReverseVariance;
}

/** ε̂ of rows [n, D], all at time t or each at its own. */
export type EpsilonOf = (z: Float64Array, t: number | Float64Array) => Promise<Float64Array>;

export interface GaussianDiffusion {
  readonly draws: LabModel["draws"];
  readonly loss: LabModel["loss"];
  /** The loss by the network's kernels, where it has any. */
  readonly kernels?: LossKernels;
  /** Runs `use` with ε̂ under these parameters. */
  readonly withEpsilon: <R>(parameters: Float32Array, use: (epsilon: EpsilonOf) => Promise<R>) => Promise<R>;
  readonly sample: (
    parameters: Float32Array,
    n: number,
    seed: number,
    how: { readonly sampler: SamplerName; readonly steps: number; readonly spacing?: Spacing },
  ) => Promise<Float32Array>;
  /** Terms of −log p of each row, in nats. */
  readonly bound: (
    parameters: Float32Array,
    rows: Float32Array,
    seed: number,
    times: number,
  ) => Promise<RowBound>;
  /** Rows of the data as the diffusion sees them, and back: images are shifted to [−1, 1]. */
  readonly toDiffused: (rows: ArrayLike<number>) => Float64Array;
  readonly fromDiffused: (rows: Float64Array) => Float32Array;
  /** log |d diffused/d data| of a row. */
  readonly logVolume: number;
  readonly dispose: () => void;
}

export function gaussianDiffusion(
  { schedule, prediction, loss: lossKind, variance }: GaussianDiffusionOptions,
  shape: LabShape,
  network: DenoiserNetwork,
): GaussianDiffusion {
  const D = rowLength(shape);
  const T = schedule.steps;
  const compiled =
    network.kernels ?? rowNetwork(network.layout, D, network.apply, shape.kind === "images" ? 128 : 1024);
  const [scale, shift] = shape.kind === "images" ? [2, -1] : [1, 0];
  const toDiffused = (rows: ArrayLike<number>): Float64Array =>
    Float64Array.from(rows, (x) => scale * x + shift);
  const fromDiffused = (rows: Float64Array): Float32Array =>
    Float32Array.from(rows, (x) => (x - shift) / scale);

  /** What a row at step t needs: its time, α, σ, target and weight. */
  const stepColumns = (step: number): readonly number[] => {
    const t = step / T;
    const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
    const { fromData, fromNoise } = predictionTarget(prediction, alpha, sigma);
    if (lossKind === "simple") return [t, alpha, sigma, fromData, fromNoise, 1, 0];
    const { fromOutput } = epsilonFrom(prediction, alpha, sigma);
    const { perDimension, fromError } =
      step === 0 ? decoderTerm(schedule) : reverseStepKl(schedule, (step - 1) / T, t, variance);
    const weight = (T + 1) * fromError * fromOutput ** 2;
    return [t, alpha, sigma, fromData, fromNoise, weight, (T + 1) * perDimension * D];
  };

  const draws: LabModel["draws"] = (batch, random) => {
    const steps = Array.from({ length: batch }, () => stepColumns(random.integer(T + 1)));
    return {
      steps: { values: Float32Array.from(steps.flat()), shape: [batch, 7] },
      noise: { values: random.normals(new Float32Array(batch * D)), shape: [batch, D] },
    };
  };

  // docs: begin loss
  const loss: LabModel["loss"] = (parameters, data, { steps, noise }) => {
    const [t, alpha, sigma, fromData, fromNoise, weight, constant] = np.split(steps, 7, 1); // [B, 1] each
    const x = data.mul(scale).add(shift);
    const z = alpha.mul(x.ref).add(sigma.mul(noise.ref)); // z_t = α_t x + σ_t ε
    const target = fromData.mul(x).add(fromNoise.mul(noise)); // ε, x₀ or v
    const output = network.apply(parameters, z, t.reshape([-1])); // [B, D]
    const error = np.square(target.sub(output)).sum(1, { keepdims: true }); // ‖ε − ε̂‖²
    return weight.mul(error).add(constant).reshape([-1]);
  };
  // docs: end loss

  /** z_t and the target of each row, and what multiplies its squared error and is added to it; as in `loss`. */
  const noised = (rows: Float32Array, { steps, noise }: Parameters<LossKernels["losses"]>[2]) => {
    const B = rows.length / D;
    const [t, weight, constant] = [0, 5, 6].map((column) =>
      Float32Array.from({ length: B }, (_, b) => steps.values[7 * b + column]),
    );
    const z = new Float32Array(rows.length);
    const target = new Float32Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = 7 * Math.floor(i / D);
      const [x, epsilon] = [scale * rows[i] + shift, noise.values[i]];
      z[i] = steps.values[row + 1] * x + steps.values[row + 2] * epsilon;
      target[i] = steps.values[row + 3] * x + steps.values[row + 4] * epsilon;
    }
    return { z, t, target, weight, constant };
  };
  const kernelsOf = ({
    engine,
    squaredError,
    with: bind,
  }: NonNullable<DenoiserNetwork["kernels"]>): LossKernels => ({
    engine,
    losses: async (parameters, rows, draws) => {
      const { z, t, target, weight, constant } = noised(rows, draws);
      const found = await bind(parameters).of(z, t);
      const errors = new Float64Array(t.length);
      found.forEach((value, i) => {
        errors[Math.floor(i / D)] += (target[i] - value) ** 2;
      });
      return errors.map((error, b) => weight[b] * error + constant[b]);
    },
    lossAndGradient: async (parameters, rows, draws, gradient) => {
      const { z, t, target, weight, constant } = noised(rows, draws);
      const perRow = weight.map((value) => value / t.length);
      const errors = await squaredError(parameters, { z, t }, { target, weight: perRow }, gradient);
      return errors.map((error, b) => weight[b] * error + constant[b]);
    },
  });

  const withEpsilon = async <R>(
    parameters: Float32Array,
    use: (epsilon: EpsilonOf) => Promise<R>,
  ): Promise<R> => {
    const bound = compiled.with(parameters);
    try {
      return await use(async (z, t) => {
        const output = await bound.of(z, t);
        if (prediction === "epsilon") return output;
        return output.map((value, i) => {
          const time = typeof t === "number" ? t : t[Math.floor(i / D)];
          const from = epsilonFrom(prediction, schedule.alpha(time), schedule.sigma(time));
          return from.fromZ * z[i] + from.fromOutput * value;
        });
      });
    } finally {
      bound.release();
    }
  };

  return {
    draws,
    loss,
    ...(network.kernels && { kernels: kernelsOf(network.kernels) }),
    withEpsilon,
    sample: (
      parameters,
      n,
      seed,
      { sampler, steps, spacing = shape.kind === "images" ? "time" : "logSnr" },
    ) =>
      withEpsilon(parameters, async (epsilon) => {
        const space = rowSpace(n, D, seed);
        const options = { steps: Math.min(steps, T), spacing, variance };
        const z0 = await SAMPLERS[sampler].run(epsilon, schedule, space, options);
        return fromDiffused(dataFrom(schedule, 0, z0, await epsilon(z0, 0)));
      }),
    bound: (parameters, rows, seed, times) =>
      withEpsilon(parameters, (epsilon) =>
        boundTerms(schedule, toDiffused(rows), D, { seed, times, variance, epsilon }),
      ),
    toDiffused,
    fromDiffused,
    logVolume: D * Math.log(scale),
    dispose: compiled.dispose,
  };
}

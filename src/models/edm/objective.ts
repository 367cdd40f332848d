/**
 * The two objectives of EDM and its likelihood (Hoogeboom et al. 2022, section 3, appendix A, algorithm 1).
 * Every one is, per molecule, a constant plus a weighted squared error of the predicted noise, so the engine only
 * ever sees ‖ε̂ − ε‖². "l2" is L_simple; "vlb" is the variational bound with one draw of t for all terms.
 * Deviation: the published L_simple divides by the atoms of the padded batch; we divide by a constant number of
 * atoms (`normalizingAtoms`), so that the loss does not depend on who shares a batch.
 */

import { reverseStepKl } from "../../diffusion/bound.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import type { Denoiser } from "../../diffusion/space.ts";
import { WorkError } from "../../errors.ts";
import type { AtomBatch, DenoiserEngine, SquaredErrors } from "../../nets/engine.ts";
import { contextAt } from "./condition.ts";
import type { EdmConfig } from "./config.ts";
import { channelCount, type EncodedBatch } from "./features.ts";
import { logFeatureLikelihood, priorKl, reconstructionConstants, volumeChange } from "./likelihood-terms.ts";
import type { EdmModel } from "./model.ts";

export type LossKind = "l2" | "vlb";

export interface TrainingObjective {
  readonly kind: LossKind;
  /** N in the divisor (3 + F)·N of L_simple. */
  readonly normalizingAtoms: number;
}

/** Random draws of one training step. */
export interface Draws {
  /** Time step 0 … T of each molecule. [M] */
  readonly timeSteps: Int32Array;
  /** ε. [A, C] */
  readonly noise: Float64Array;
}

/** z_t = α_t xh + σ_t ε for the time step of each molecule. [A, C] */
export function noised(
  schedule: NoiseSchedule,
  batch: EncodedBatch,
  { timeSteps, noise }: Draws,
  channels: number,
): Float64Array {
  const z = new Float64Array(batch.xh.length);
  for (let m = 0; m < batch.sizes.length; m++) {
    const t = timeSteps[m] / schedule.steps;
    const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
    for (let k = channels * batch.offsets[m]; k < channels * batch.offsets[m + 1]; k++) {
      z[k] = alpha * batch.xh[k] + sigma * noise[k];
    }
  }
  return z;
}

/**
 * What the network sees: z_t, its time as one more channel, and the condition in those behind it.
 * @param context of each molecule, at its time. [M, K]
 */
export function networkInput(
  sizes: Int32Array,
  z: Float64Array,
  time: ArrayLike<number> | number,
  C: number,
  context: Float64Array = new Float64Array(),
): AtomBatch {
  const A = z.length / C;
  const K = context.length / sizes.length;
  const F = C - 3 + 1 + K;
  const positions = new Float32Array(3 * A);
  const features = new Float32Array(F * A);
  let a = 0;
  for (let m = 0; m < sizes.length; m++) {
    const t = typeof time === "number" ? time : time[m];
    for (const end = a + sizes[m]; a < end; a++) {
      for (let d = 0; d < 3; d++) positions[3 * a + d] = z[C * a + d];
      for (let k = 3; k < C; k++) features[F * a + k - 3] = z[C * a + k];
      features[F * a + C - 3] = t;
      for (let k = 0; k < K; k++) features[F * a + C - 2 + k] = context[K * m + k];
    }
  }
  return { sizes, positions, features };
}

/**
 * ε̂ of molecules of the given sizes, all at one time.
 * @param context of each molecule, where the model has a condition. [M, K]
 */
export const networkPrediction =
  (
    { config, network, schedule }: Pick<EdmModel, "config" | "network" | "schedule">,
    engine: DenoiserEngine,
    sizes: Int32Array,
    context?: Float64Array,
  ): Denoiser =>
  async (z, t) =>
    Float64Array.from(
      await engine.forward(
        network,
        networkInput(sizes, z, t, channelCount(config), contextAt(config, schedule, context, t)),
      ),
    );

/** The weight of L_t. */
const boundWeight = (schedule: NoiseSchedule, step: number): number =>
  reverseStepKl(schedule, (step - 1) / schedule.steps, step / schedule.steps).fromError;

/**
 * Loss of each molecule; the gradient of their mean replaces the contents of `gradient`.
 * @returns nats for "vlb", the paper's dimensionless loss for "l2". [M]
 */
export async function trainingLoss(
  config: EdmConfig,
  schedule: NoiseSchedule,
  objective: TrainingObjective,
  engine: DenoiserEngine,
  parameters: Float32Array,
  batch: EncodedBatch,
  draws: Draws,
  gradient: Float32Array,
): Promise<Float64Array> {
  const C = channelCount(config);
  const M = batch.sizes.length;
  const T = schedule.steps;
  const simple = objective.kind === "l2";
  const divisor = simple ? C * objective.normalizingAtoms : 1;
  const z = noised(schedule, batch, draws, C);
  const constants = priorKl(config, schedule, batch);
  const normalizers = reconstructionConstants(schedule, batch.sizes);
  const volumes = volumeChange(config, batch.sizes);
  const positionWeight = new Float32Array(M);
  const featureWeight = new Float32Array(M);
  for (let m = 0; m < M; m++) {
    const step = draws.timeSteps[m];
    const terms = simple ? 1 : T + 1;
    const weight = (terms * (simple || step === 0 ? 0.5 : boundWeight(schedule, step))) / divisor;
    positionWeight[m] = weight / M;
    featureWeight[m] = step === 0 ? 0 : weight / M;
    if (step === 0) constants[m] -= terms * logFeatureLikelihood(config, schedule, batch, z, m);
    if (!simple) constants[m] += normalizers[m] + volumes[m];
  }
  const time = Float64Array.from(draws.timeSteps, (step) => step / T);
  const errors = await engine.squaredError(
    parameters,
    networkInput(batch.sizes, z, time, C, contextAt(config, schedule, batch.context, time)),
    { target: Float32Array.from(draws.noise), positionWeight, featureWeight },
    gradient,
  );
  return constants.map((c, m) => c + M * weighted(errors, positionWeight, featureWeight, m));
}

/** ‖ε − ε̂‖² of each molecule at the time steps of the draws, positions and features apart. [M] each */
export async function predictionErrors(
  config: EdmConfig,
  schedule: NoiseSchedule,
  engine: DenoiserEngine,
  parameters: Float32Array,
  batch: EncodedBatch,
  draws: Draws,
): Promise<SquaredErrors> {
  const C = channelCount(config);
  const z = noised(schedule, batch, draws, C);
  const time = Float64Array.from(draws.timeSteps, (step) => step / schedule.steps);
  const out = await engine.forward(
    parameters,
    networkInput(batch.sizes, z, time, C, contextAt(config, schedule, batch.context, time)),
  );
  return squaredErrors(out, draws.noise, batch, C);
}

const weighted = (errors: SquaredErrors, position: Float32Array, feature: Float32Array, m: number): number =>
  position[m] * errors.position[m] + feature[m] * errors.feature[m];

/** ‖out − ε‖² of each molecule, positions and features apart. */
function squaredErrors(
  out: Float32Array,
  noise: Float64Array,
  batch: EncodedBatch,
  C: number,
): SquaredErrors {
  const M = batch.sizes.length;
  const errors = { position: new Float64Array(M), feature: new Float64Array(M) };
  for (let m = 0; m < M; m++) {
    for (let k = C * batch.offsets[m]; k < C * batch.offsets[m + 1]; k++) {
      const part = k % C < 3 ? errors.position : errors.feature;
      part[m] += (out[k] - noise[k]) ** 2;
    }
    if (Number.isNaN(errors.position[m] + errors.feature[m]))
      throw new WorkError("the network's output is not a number");
  }
  return errors;
}

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
import type { AtomBatch, DenoiserEngine, SquaredErrors } from "../../engines/engine.ts";
import { WorkError } from "../../errors.ts";
import { square } from "../../math/elementary.ts";
import { contextAt } from "./condition.ts";
import type { EdmConfig } from "./config.ts";
import { channelCount, type EncodedBatch } from "./features.ts";
import { logFeatureLikelihood, priorKl, reconstructionConstants, volumeChange } from "./likelihood-terms.ts";
import type { EdmModel } from "./model.ts";

/** "l2": L_simple, the mean squared error of the noise; "vlb": a term of the variational bound. */
export type LossKind = "l2" | "vlb";

/** What is minimised. */
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
  /** Molecules that are shown the network's own guess in training; with self-conditioning only. [M] */
  readonly guessed?: readonly boolean[];
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
 * What the network sees: z_t, its time as one more channel, the features of the guess and the condition in those
 * behind it; the positions of the guess beside.
 * @param context of each molecule, at its time. [M, K]
 * @param guess of α_t xh, where the model has self-conditioning; zeros where there is none. [A, C]
 */
export function networkInput(
  sizes: Int32Array,
  z: Float64Array,
  time: ArrayLike<number> | number,
  C: number,
  context: Float64Array = new Float64Array(),
  guess?: Float64Array,
): AtomBatch {
  const A = z.length / C;
  const K = context.length / sizes.length;
  const G = guess === undefined ? 0 : C - 3;
  const F = C - 3 + 1 + G + K;
  const positions = new Float32Array(3 * A);
  const features = new Float32Array(F * A);
  let a = 0;
  for (let m = 0; m < sizes.length; m++) {
    const t = typeof time === "number" ? time : time[m];
    for (const end = a + sizes[m]; a < end; a++) {
      for (let d = 0; d < 3; d++) positions[3 * a + d] = z[C * a + d];
      for (let k = 3; k < C; k++) features[F * a + k - 3] = z[C * a + k];
      features[F * a + C - 3] = t;
      for (let k = 0; k < G; k++) features[F * a + C - 2 + k] = (guess as Float64Array)[C * a + 3 + k];
      for (let k = 0; k < K; k++) features[F * a + C - 2 + G + k] = context[K * m + k];
    }
  }
  if (guess === undefined) return { sizes, positions, features };
  const guessed = Float32Array.from(positions, (_, k) => guess[C * Math.floor(k / 3) + (k % 3)]);
  return { sizes, positions, features, guess: guessed };
}

/** α_t x̂ = z_t − σ_t ε̂: the data that a prediction means, in the scale of z_t; zeros where none is to be seen. [A, C] */
function guessedData(
  schedule: NoiseSchedule,
  sizes: Int32Array,
  z: Float64Array,
  epsilon: ArrayLike<number>,
  time: ArrayLike<number> | number,
): Float64Array {
  const C = z.length / sizes.reduce((sum, n) => sum + n, 0);
  const guess = new Float64Array(z.length);
  let k = 0;
  sizes.forEach((n, m) => {
    const t = typeof time === "number" ? time : time[m];
    const [end, sigma] = [k + C * n, schedule.sigma(t)];
    if (seesGuess(schedule, t)) for (; k < end; k++) guess[k] = z[k] - sigma * epsilon[k];
    k = end;
  });
  return guess;
}

type Predictor = Pick<EdmModel, "config" | "network" | "schedule">;

/**
 * Highest level σ_t/α_t at which the network sees a guess. Above it a guess says little, and its errors, taken up by the
 * next one, drive atoms apart: 63 % stable atoms in 50 steps without a limit, 98 % with it.
 */
const HIGHEST_GUESSED_LEVEL = 1;

const seesGuess = (schedule: NoiseSchedule, time: number): boolean =>
  schedule.sigma(time) <= HIGHEST_GUESSED_LEVEL * schedule.alpha(time);

/** ε̂ as the network computes it from z_t and, with self-conditioning, a guess; none: zeros. [A, C] */
async function evaluated(
  { config, network, schedule }: Predictor,
  engine: DenoiserEngine,
  sizes: Int32Array,
  z: Float64Array,
  time: ArrayLike<number> | number,
  context: Float64Array | undefined,
  guess: Float64Array | undefined,
): Promise<Float32Array> {
  const shown = config.network.selfConditioning ? (guess ?? new Float64Array(z.length)) : undefined;
  const condition = contextAt(config, schedule, context, time);
  return engine.forward(network, networkInput(sizes, z, time, channelCount(config), condition, shown));
}

/**
 * ε̂ as a function of z_t alone: with self-conditioning the network is asked twice, the second time with what the first
 * answer means. For likelihoods. [A, C]
 */
async function evaluatedAlone(
  model: Predictor,
  engine: DenoiserEngine,
  sizes: Int32Array,
  z: Float64Array,
  time: ArrayLike<number> | number,
  context: Float64Array | undefined,
): Promise<Float32Array> {
  const first = await evaluated(model, engine, sizes, z, time, context, undefined);
  const times = typeof time === "number" ? [time] : Array.from(time);
  if (!(model.config.network.selfConditioning && times.some((t) => seesGuess(model.schedule, t))))
    return first;
  const guess = guessedData(model.schedule, sizes, z, first, time);
  return evaluated(model, engine, sizes, z, time, context, guess);
}

/**
 * ε̂ of molecules of the given sizes, all at one time, as a function of z alone.
 * @param context of each molecule, where the model has a condition. [M, K]
 */
export const networkPrediction =
  (model: Predictor, engine: DenoiserEngine, sizes: Int32Array, context?: Float64Array): Denoiser =>
  async (z, t) =>
    Float64Array.from(await evaluatedAlone(model, engine, sizes, z, t, context));

/**
 * ε̂ along the path of a sampler: with self-conditioning each evaluation is shown what the one before it means (Chen,
 * Zhang, Hinton 2023, algorithm 2), so the result is for one path only. Without, as `networkPrediction`.
 */
export function pathPrediction(
  model: Predictor,
  engine: DenoiserEngine,
  sizes: Int32Array,
  context?: Float64Array,
): Denoiser {
  let data: Float64Array | undefined; // x̂ of the evaluation before
  return async (z, t) => {
    const alpha = model.schedule.alpha(t);
    const sees = model.config.network.selfConditioning && seesGuess(model.schedule, t);
    const guess = sees ? data?.map((value) => alpha * value) : undefined;
    const epsilon = await evaluated(model, engine, sizes, z, t, context, guess);
    data = sees
      ? guessedData(model.schedule, sizes, z, epsilon, t).map((value) => finite(value / alpha))
      : undefined;
    return Float64Array.from(epsilon);
  };
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);

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
  const weights = new Float64Array(M);
  for (let m = 0; m < M; m++) {
    const step = draws.timeSteps[m];
    const terms = simple ? 1 : T + 1;
    weights[m] = (terms * (simple || step === 0 ? 0.5 : boundWeight(schedule, step))) / divisor;
    if (step === 0) constants[m] -= terms * logFeatureLikelihood(config, schedule, batch, z, m);
    if (!simple) constants[m] += normalizers[m] + volumes[m];
  }
  const time = Float64Array.from(draws.timeSteps, (step) => step / T);
  const condition = contextAt(config, schedule, batch.context, time);
  const guess = config.network.selfConditioning
    ? await trainingGuess({ config, schedule, network: parameters }, engine, batch, z, time, draws.guessed)
    : undefined;
  const positionWeight = Float32Array.from(weights, (weight) => weight / M);
  const featureWeight = positionWeight.map((weight, m) => (draws.timeSteps[m] === 0 ? 0 : weight));
  const { position, feature } = await engine.squaredError(
    parameters,
    networkInput(batch.sizes, z, time, C, condition, guess),
    { target: Float32Array.from(draws.noise), positionWeight, featureWeight },
    gradient,
  );
  return constants.map(
    (c, m) => c + weights[m] * (position[m] + (draws.timeSteps[m] === 0 ? 0 : feature[m])),
  );
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
  const model = { config, schedule, network: parameters };
  const out = await evaluatedAlone(model, engine, batch.sizes, z, time, batch.context);
  return squaredErrors(out, draws.noise, batch, C);
}

/** The network's own guess of the chosen molecules, zeros of the others; no gradient flows through it. [A, C] */
async function trainingGuess(
  model: Predictor,
  engine: DenoiserEngine,
  { sizes, offsets, context }: EncodedBatch,
  z: Float64Array,
  time: Float64Array,
  guessed: readonly boolean[] = [],
): Promise<Float64Array> {
  const C = channelCount(model.config);
  const chosen = Array.from(sizes.keys()).filter((m) => guessed[m] && seesGuess(model.schedule, time[m]));
  const guess = new Float64Array(z.length);
  if (chosen.length === 0) return guess;
  const K = context === undefined ? 0 : context.length / sizes.length;
  const rows = (values: Float64Array, from: (m: number) => number, to: (m: number) => number): Float64Array =>
    Float64Array.from(chosen.flatMap((m) => Array.from(values.subarray(from(m), to(m)))));
  const [first, last] = [(m: number): number => C * offsets[m], (m: number): number => C * offsets[m + 1]];
  const own = Int32Array.from(chosen, (m) => sizes[m]);
  const zOfChosen = rows(z, first, last);
  const times = Float64Array.from(chosen, (m) => time[m]);
  const known =
    context &&
    rows(
      context,
      (m) => K * m,
      (m) => K * (m + 1),
    );
  const epsilon = await evaluated(model, engine, own, zOfChosen, times, known, undefined);
  const found = guessedData(model.schedule, own, zOfChosen, epsilon, times);
  let at = 0;
  for (const m of chosen) {
    guess.set(found.subarray(at, at + C * sizes[m]), first(m));
    at += C * sizes[m];
  }
  return guess;
}

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
      part[m] += square(out[k] - noise[k]);
    }
    if (Number.isNaN(errors.position[m] + errors.feature[m]))
      throw new WorkError("the network's output is not a number");
  }
  return errors;
}

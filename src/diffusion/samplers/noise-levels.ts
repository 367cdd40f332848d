/**
 * Sampling in the noise level itself, as Karras et al. 2022 write it: x = z/α is the data plus noise of deviation
 * σ̃ = σ/α, whatever the schedule. Written σ here, and called the level.
 */
import { asin, exp, hypot, log, pow } from "../../math/elementary.ts";
import { normalCdf, normalQuantile } from "../../math/normal.ts";
import type { NoiseSchedule } from "../schedule.ts";
import { timeOfGamma } from "../sde.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../space.ts";

/** Spacings of the levels σ; what they are is at `Grid`. */
export const GRIDS = ["normal", "arcsine", "log"] as const;
/**
 * How levels are spaced: as quantiles of a normal distribution of ln σ, with most steps where bonds and types of
 * molecules are decided; by (2/π) asin √(k/K), with longer steps at both ends; by equal ratios.
 */
export type Grid = (typeof GRIDS)[number];
/** Mean and deviation of ln σ of the normal grid. */
const [MEAN, DEVIATION] = [-1.75, 1.2];

/** Falling levels σ = σ_t/α_t, and the noise added on the way (Karras et al. 2022). */
export interface LevelOptions {
  /** Steps K ≥ 1. */
  readonly steps: number;
  /** Level to start from; 10 when absent. */
  readonly sigmaMax?: number;
  readonly grid?: Grid;
  /** γ: before a step from level σ, noise is added up to (1 + γ) σ. */
  readonly churn?: number;
  /** Levels at which noise is added, both bounds included. */
  readonly churnFrom?: number;
  readonly churnTo?: number;
  /** Deviation of a data coordinate, by which the state is wider than its noise at the start; 0 when absent. */
  readonly spread?: number;
  /** Called after each step with the step's number (1 … K) and z; awaited, may abort by throwing. */
  readonly onStep?: (done: number, z: Float64Array) => void | Promise<void>;
}

/** Lowest and highest level of a schedule. */
export const levelRange = (schedule: NoiseSchedule): readonly [number, number] => [
  levelOf(schedule, 0),
  levelOf(schedule, 1),
];

/** σ̃ = σ_t/α_t. */
export const levelOf = (schedule: NoiseSchedule, t: number): number => exp(0.5 * schedule.gamma(t));

/**
 * K + 1 falling levels from σ_0 to the end of the schedule.
 * @throws RangeError unless K ≥ 1 and σ_0 lies between the ends of the schedule
 */
export function levelGrid(
  schedule: NoiseSchedule,
  { steps: K, sigmaMax, grid = "normal" }: Pick<LevelOptions, "steps" | "sigmaMax" | "grid">,
): Float64Array {
  const [lowest, highest] = levelRange(schedule);
  if (!(Number.isInteger(K) && K >= 1))
    throw new RangeError(`steps must be an integer of at least 1, got ${K}`);
  const first = sigmaMax ?? Math.min(10, highest);
  if (!(first > lowest && first <= highest * (1 + 1e-9)))
    throw new RangeError(
      `sigmaMax must lie above ${lowest.toPrecision(3)} and be at most ${highest.toPrecision(3)}, the ends of the schedule; got ${first}`,
    );
  const share = (sigma: number): number => normalCdf((log(sigma) - MEAN) / DEVIATION);
  const [above, below] = [share(first), share(lowest)];
  const level = (u: number): number => {
    if (grid === "normal") return exp(MEAN + DEVIATION * normalQuantile(above + u * (below - above)));
    return first * pow(lowest / first, grid === "log" ? u : (2 / Math.PI) * asin(Math.sqrt(u)));
  };
  return Float64Array.from({ length: K + 1 }, (_, k) => (k === 0 ? first : k === K ? lowest : level(k / K)));
}

/** The level that churn lifts σ to, at most the highest of the schedule. */
export function lifted(
  schedule: NoiseSchedule,
  sigma: number,
  { churn = 0, churnFrom = 0, churnTo = Number.POSITIVE_INFINITY }: LevelOptions,
): number {
  if (sigma < churnFrom || sigma > churnTo) return sigma;
  return Math.max(sigma, Math.min((1 + churn) * sigma, levelRange(schedule)[1]));
}

/** ε̂ of x at a level. */
export const noiseAt =
  (denoiser: Denoiser, schedule: NoiseSchedule) =>
  (x: Float64Array, sigma: number): Promise<Float64Array> => {
    const alpha = 1 / hypot(1, sigma);
    return denoiser(
      x.map((value) => alpha * value),
      timeOfGamma(schedule, 2 * log(sigma)),
    );
  };

/** One step from x at level σ, over σ̂ ≥ σ, down to σ′; `xi` is fresh standard noise where σ̂ > σ. */
export type LevelStep = (
  x: Float64Array,
  levels: { readonly sigma: number; readonly raised: number; readonly next: number },
  xi: Float64Array | undefined,
) => Promise<Float64Array>;

/** Noise at the first level, then one step after the other down to the end of the schedule; z at t = 0. */
export async function runLevels(
  schedule: NoiseSchedule,
  space: Space,
  options: LevelOptions,
  step: LevelStep,
): Promise<Float64Array> {
  const { steps, spread = 0, onStep } = options;
  const levels = levelGrid(schedule, options);
  const start = hypot(levels[0], spread);
  let x: Float64Array = space.noise(PRIOR_STEP).map((value) => start * value);
  for (let k = 0; k < steps; k++) {
    const [sigma, next] = [levels[k], levels[k + 1]];
    const raised = lifted(schedule, sigma, options);
    x = await step(x, { sigma, raised, next }, raised > sigma ? space.noise(k) : undefined);
    space.project(x);
    await onStep?.(k + 1, scaled(x, next));
  }
  return scaled(x, levels[steps]);
}

const scaled = (x: Float64Array, sigma: number): Float64Array => {
  const alpha = 1 / hypot(1, sigma);
  return x.map((value) => alpha * value);
};

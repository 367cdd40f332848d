/** Langevin dynamics: samples from a score alone. */
import { PRIOR_STEP, type Space } from "../space.ts";

/** ∇ log p of each row. [n D] → [n D] */
export type Score = (x: Float64Array) => Promise<Float64Array>;

/**
 * x ← x + ½ ε s(x) + √ε ξ, `steps` times (Welling & Teh 2011; unadjusted, so biased by O(ε)).
 * @param start all rows, side by side [n D]
 * @returns the rows after the last step [n D]
 */
export async function langevin(
  score: Score,
  space: Space,
  start: Float64Array,
  {
    steps,
    stepSize,
    firstStep = 0,
  }: { readonly steps: number; readonly stepSize: number; readonly firstStep?: number },
): Promise<Float64Array> {
  let x: Float64Array = start;
  for (let k = 0; k < steps; k++) {
    const s = await score(x);
    const noise = space.noise(firstStep + k);
    x = x.map((value, i) => value + 0.5 * stepSize * s[i] + Math.sqrt(stepSize) * noise[i]);
    space.project(x);
  }
  return x;
}

/**
 * Annealed Langevin dynamics (Song & Ermon 2019, algorithm 1): Langevin at noise levels σ̃ that fall from the largest to
 * the smallest, with step sizes proportional to σ̃².
 * @param score ∇ log p_σ̃ at a level
 * @param stepSize at the smallest level, in units of its σ̃²: ε/σ̃_L²
 */
export async function annealedLangevin(
  score: (x: Float64Array, level: number) => Promise<Float64Array>,
  space: Space,
  deviations: readonly number[],
  { stepsPerLevel, stepSize }: { readonly stepsPerLevel: number; readonly stepSize: number },
): Promise<Float64Array> {
  let x: Float64Array = space.noise(PRIOR_STEP).map((value) => deviations[0] * value);
  for (const [level, sigma] of deviations.entries()) {
    x = await langevin((at) => score(at, level), space, x, {
      steps: stepsPerLevel,
      stepSize: stepSize * sigma * sigma,
      firstStep: level * stepsPerLevel,
    });
  }
  return x;
}

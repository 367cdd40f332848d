/**
 * Gibbs sampling of the same Bayesian mixture (Geman & Geman 1984): assignments given parameters, parameters given
 * assignments, each from its exact conditional. Slow, and right in the long run: what mean-field inference is
 * checked against.
 */
import { gammaVariate } from "../../../math/gamma.ts";
import type { Stream } from "../../../math/random.ts";
import { type MixturePosterior, type MixturePrior, updateParameters, WEAK_PRIOR } from "./mixture.ts";

/** One draw of the parameters. */
export interface MixtureDraw {
  /** π [K] */
  readonly weights: Float64Array;
  /** μ, λ [K, D] */
  readonly means: Float64Array;
  readonly precisions: Float64Array;
}

/** A draw of q(π) q(μ, λ). */
export function drawParameters(q: MixturePosterior, random: Stream): MixtureDraw {
  const K = q.alpha.length;
  const D = q.mean.length / K;
  const gammas = q.alpha.map((alpha) => gammaVariate(alpha, random));
  const total = gammas.reduce((sum, value) => sum + value, 0);
  const precisions = q.b.map((b, kd) => gammaVariate(q.a[Math.floor(kd / D)], random) / b);
  const means = q.mean.map(
    (mean, kd) => mean + random.normal() / Math.sqrt(q.beta[Math.floor(kd / D)] * precisions[kd]),
  );
  return { weights: gammas.map((value) => value / total), means, precisions };
}

/** Draws each row's component from p(c | π, μ, λ, x), as responsibilities 0 and 1 [n, K]. */
function drawAssignments(rows: Float32Array, draw: MixtureDraw, random: Stream): Float64Array {
  const { weights, means, precisions } = draw;
  const K = weights.length;
  const D = means.length / K;
  const n = rows.length / D;
  const assignments = new Float64Array(n * K);
  const log = new Float64Array(K);
  const constant = weights.map((weight, k) => {
    const logPrecisions = precisions.subarray(k * D, (k + 1) * D).map(Math.log);
    return Math.log(weight) + 0.5 * logPrecisions.reduce((sum, value) => sum + value, 0);
  });
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < K; k++) {
      log[k] = constant[k];
      for (let kd = k * D; kd < (k + 1) * D; kd++)
        log[k] -= 0.5 * precisions[kd] * (rows[i * D + kd - k * D] - means[kd]) ** 2;
    }
    const largest = Math.max(...log);
    const mass = log.map((value) => Math.exp(value - largest));
    let left = random.uniform() * mass.reduce((sum, value) => sum + value, 0);
    let chosen = 0;
    while (chosen < K - 1 && left >= mass[chosen]) left -= mass[chosen++];
    assignments[i * K + chosen] = 1;
  }
  return assignments;
}

/**
 * Calls `visit` with the parameters after each sweep.
 * @param assignments where to start, [n, K]
 */
export function gibbs(
  rows: Float32Array,
  assignments: Float64Array,
  K: number,
  sweeps: number,
  random: Stream,
  visit: (draw: MixtureDraw, sweep: number) => void,
  prior: MixturePrior = WEAK_PRIOR,
): void {
  let current = assignments;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const draw = drawParameters(updateParameters(rows, current, K, prior), random);
    visit(draw, sweep);
    current = drawAssignments(rows, draw, random);
  }
}

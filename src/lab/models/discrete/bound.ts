/** The variational bound of rows of symbols: KL(q(x_s | x_t, x_0) ‖ p(x_s | x_t)) summed over all T steps, in nats. */
import { type Corruption, type KeepStep, reverseProbabilities } from "../../../diffusion/categorical.ts";
import { stream } from "../../../math/random.ts";

export interface SymbolBoundOptions {
  readonly corruption: Corruption;
  /** [n, columns] */
  readonly symbols: Int32Array;
  readonly columns: number;
  readonly K: number;
  readonly T: number;
  /** κ before and at step k = 1 … T. */
  readonly keep: (k: number) => KeepStep;
  readonly seed: number;
  /** p̃ of corrupted symbols at step k. [n, columns, K] */
  readonly predict: (x: Int32Array, k: number) => Promise<Float64Array>;
}

/** −log p(x_0) of each row is at most this in expectation: one draw of x_t at every step. [n] */
export async function symbolBound(options: SymbolBoundOptions): Promise<Float64Array> {
  const { corruption, symbols, columns: D, K, T, seed } = options;
  const n = symbols.length / D;
  const bound = new Float64Array(n);
  const certain = new Float64Array(K);
  for (let k = T; k >= 1; k--) {
    const step = options.keep(k);
    const x = symbols.slice();
    for (let i = 0; i < n; i++) {
      const random = stream({ seed, purpose: "likelihoodNoise", index: i, step: k });
      for (let at = i * D; at < (i + 1) * D; at++) {
        const other = corruption === "uniform" ? random.integer(K) : K;
        if (random.uniform() >= step.t) x[at] = other;
      }
    }
    const predicted = await options.predict(x, k);
    for (let at = 0; at < symbols.length; at++) {
      certain.fill(0);
      certain[symbols[at]] = 1;
      const q = reverseProbabilities(corruption, step, x[at], certain);
      const p = reverseProbabilities(corruption, step, x[at], predicted.subarray(at * K, (at + 1) * K));
      for (let j = 0; j <= K; j++)
        if (q[j] > 0) bound[Math.floor(at / D)] += q[j] * Math.log(q[j] / Math.max(p[j], 1e-20));
    }
  }
  return bound;
}

/** The index that a uniform number falls to. */
export function drawn(probabilities: Float64Array, uniform: number): number {
  let rest = uniform * probabilities.reduce((sum, value) => sum + value, 0);
  for (let j = 0; j < probabilities.length - 1; j++) {
    rest -= probabilities[j];
    if (rest < 0) return j;
  }
  return probabilities.findLastIndex((value) => value > 0);
}

/**
 * Diffusion of symbols (Austin et al. 2021, D3PM; Hoogeboom et al. 2021): at time t a symbol is kept with probability
 * κ(t), else it is replaced, by any symbol with equal probability ("uniform") or by a mask ("absorbing"), which is
 * symbol K.
 */

import { cos, square } from "../math/elementary.ts";
export type Corruption = "uniform" | "absorbing";

/** κ(t), falling from 1 at t = 0 to 0 at t = 1. */
export type KeepSchedule = (t: number) => number;

/** cos²(π t/2) for uniform corruption; 1 − t for masks, as many of which go at every step (D3PM, section 3.1). */
export const keepSchedule = (corruption: Corruption): KeepSchedule =>
  corruption === "uniform" ? (t) => square(cos((Math.PI / 2) * t)) : (t) => 1 - t;

/** κ at two times s < t. */
export interface KeepStep {
  readonly s: number;
  readonly t: number;
}

/**
 * p(x_s | x_t) = Σ_k q(x_s | x_t, x_0 = k) p̃(k) (D3PM, eq. 4). For p̃ certain of one symbol it is the posterior
 * q(x_s | x_t, x_0).
 * @param xt 0 … K − 1, or K for the mask
 * @param predicted p̃ [K]
 * @returns probabilities of the symbols, and last of the mask. [K + 1]
 */
export function reverseProbabilities(
  corruption: Corruption,
  { s, t }: KeepStep,
  xt: number,
  predicted: ArrayLike<number>,
): Float64Array {
  const K = predicted.length;
  const out = new Float64Array(K + 1);
  if (corruption === "absorbing") {
    if (xt < K) out[xt] = 1;
    else {
      for (let k = 0; k < K; k++) out[k] = ((s - t) / (1 - t)) * predicted[k];
      out[K] = (1 - s) / (1 - t);
    }
    return out;
  }
  const normalizer = (k: number): number => t * Number(k === xt) + (1 - t) / K; // q(x_t | x_0 = k)
  let total = 0;
  for (let k = 0; k < K; k++) total += predicted[k] / normalizer(k);
  for (let j = 0; j < K; j++) {
    const forward = (t / s) * Number(j === xt) + (1 - t / s) / K; // q(x_t | x_s = j)
    out[j] = forward * ((s * predicted[j]) / normalizer(j) + ((1 - s) / K) * total);
  }
  return out;
}

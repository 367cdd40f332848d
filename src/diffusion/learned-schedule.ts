/**
 * The learned schedule (Kingma et al. 2021, appendix H; Hoogeboom et al. 2022, section 2): γ is a monotone network,
 * γ(t) = γ_0 + (γ_1 − γ_0) · (γ̃(t) − γ̃(0)) / (γ̃(1) − γ̃(0)), γ̃(t) = l₁(t) + l₃(sigmoid(l₂(l₁(t)))), where the
 * weights of all three layers are made positive by a softplus. Here it is evaluated in double precision; the
 * objective that trains it builds the same function in jax-js.
 */
import { type NoiseSchedule, scheduleOf, sigmoid, softplus } from "./schedule.ts";

/** Width of l₂. */
export const GAMMA_WIDTH = 1024;

/** Flat parameters of the network, by name. */
export interface GammaParameters {
  readonly first: { readonly weight: Float32Array; readonly bias: Float32Array };
  readonly second: { readonly weight: Float32Array; readonly bias: Float32Array };
  readonly third: { readonly weight: Float32Array; readonly bias: Float32Array };
  /** γ at t = 0 and t = 1. */
  readonly ends: Float32Array;
}

/**
 * The schedule γ(t) that the parameters of a monotone network stand for (Kingma et al. 2021, appendix H); `steps` is the T
 * that it is used with.
 */
export function learnedSchedule(parameters: GammaParameters, steps: number): NoiseSchedule {
  const { first, second, third, ends } = parameters;
  const a = softplus(first.weight[0]);
  const inner = Float64Array.from(second.weight, softplus);
  const outer = Float64Array.from(third.weight, softplus);
  const raw = (t: number): number => {
    const linear = a * t + first.bias[0];
    let sum = linear + third.bias[0];
    for (let k = 0; k < inner.length; k++) sum += outer[k] * sigmoid(inner[k] * linear + second.bias[k]);
    return sum;
  };
  const [start, end] = [raw(0), raw(1)];
  return scheduleOf(
    "learned",
    steps,
    (t) => ends[0] + ((ends[1] - ends[0]) * (raw(t) - start)) / (end - start),
  );
}

/**
 * A flow in continuous time (Chen et al. 2018; FFJORD, Grathwohl et al. 2019): dx/dt = v(x, t) from data at t = 0 to
 * noise at t = 1, and d log |det|/dt = tr ∂v/∂x, exact. Fixed steps of the classical Runge-Kutta method, so that the loss
 * can be compiled; what the steps leave of the error is seen by running the flow back, or with more of them.
 */
import type { Layout } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import type { Bijection, Mapped } from "./bijection.ts";

/** v at one time for each row; takes ownership. x [B, D], t [B, 1] → [B, D] */
export type Velocity = (parameters: ParameterTree, x: np.Array, t: np.Array) => np.Array;

/** Directions, one to a copy of a row: their outer products sum to the identity, at least in the mean. [B, K, D] */
type Directions = np.Array;

/**
 * v and its divergence: one forward derivative of K copies of each row, copy k along its direction e_k, and
 * Σ_k e_kᵀ (∂v/∂x) e_k = tr ∂v/∂x.
 * @param x [B, D]
 */
function velocityAndTrace(
  velocity: Velocity,
  parameters: ParameterTree,
  x: np.Array,
  t: number,
  along: Directions,
): Mapped {
  const [B, K, D] = along.shape;
  const copies = np.broadcastTo(x.reshape([B, 1, D]), [B, K, D]).reshape([B * K, D]);
  const time = np.full([B * K, 1], t, { dtype: copies.dtype });
  const [v, derivative] = jax.jvp(
    (at: np.Array) => velocity(parameters, at, time),
    [copies],
    [along.ref.reshape([B * K, D])],
  );
  const trace = derivative.reshape([B, K, D]).mul(along).sum([1, 2]);
  return { y: v.reshape([B, K, D]).slice([], 0), logDet: trace };
}

/** The coordinates, for the divergence itself. [B, D, D] */
const coordinates = (x: np.Array): Directions => {
  const [B, D] = x.shape;
  return np.broadcastTo(np.eye(D, D, { dtype: x.dtype }).reshape([1, D, D]), [B, D, D]);
};

/** x and the volume change after `steps` Runge-Kutta steps from time `from` to time `to`. */
function integrate(
  velocity: Velocity,
  parameters: ParameterTree,
  start: np.Array,
  directions: Directions,
  [from, to]: readonly [number, number],
  steps: number,
): Mapped {
  const h = (to - from) / steps;
  let x = start;
  let logDet = np.zeros([x.shape[0]], { dtype: x.dtype });
  for (let step = 0; step < steps; step++) {
    const t = from + step * h;
    const slopes: Mapped[] = [];
    for (const ahead of [0, 0.5, 0.5, 1]) {
      const previous = slopes[slopes.length - 1];
      const at = previous === undefined ? x.ref : x.ref.add(previous.y.ref.mul(ahead * h));
      slopes.push(velocityAndTrace(velocity, jax.tree.ref(parameters), at, t + ahead * h, directions.ref));
    }
    const weigh = (part: "y" | "logDet"): np.Array =>
      slopes
        .map((slope, k) => slope[part].mul(k === 0 || k === 3 ? h / 6 : h / 3))
        .reduce((a, b) => a.add(b));
    x = x.add(weigh("y"));
    logDet = logDet.add(weigh("logDet"));
  }
  jax.tree.dispose(parameters);
  directions.dispose();
  return { y: x, logDet };
}

export interface ContinuousFlow extends Bijection {
  /** Where `inverse` ends, without the volume change, which costs D times as much; takes ownership. [B, D] → [B, D] */
  readonly generate: (parameters: ParameterTree, y: np.Array) => np.Array;
  /**
   * As `forward`, with an unbiased estimate of the volume change from K random directions in place of all D (Hutchinson
   * 1990; FFJORD, section 3.1); takes ownership. x [B, D], directions [B, K, D] with E Σ_k e eᵀ = I
   */
  readonly estimate: (parameters: ParameterTree, x: np.Array, directions: np.Array) => Mapped;
}

/** @param steps Runge-Kutta steps from data to noise, four evaluations each */
export const continuousFlow = (specs: Layout, velocity: Velocity, steps: number): ContinuousFlow => ({
  specs,
  forward: (parameters, x) => integrate(velocity, parameters, x, coordinates(x), [0, 1], steps),
  inverse: (parameters, y) => integrate(velocity, parameters, y, coordinates(y), [1, 0], steps),
  generate: (parameters, y) => {
    const still = np.zeros([y.shape[0], 1, y.shape[1]], { dtype: y.dtype });
    const { y: x, logDet } = integrate(velocity, parameters, y, still, [1, 0], steps);
    logDet.dispose();
    return x;
  },
  estimate: (parameters, x, directions) => integrate(velocity, parameters, x, directions, [0, 1], steps),
});

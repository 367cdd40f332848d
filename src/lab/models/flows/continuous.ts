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

/**
 * v and its divergence: one forward derivative of D copies of each row, copy d along coordinate d.
 * @param x [B, D]
 */
function velocityAndTrace(velocity: Velocity, parameters: ParameterTree, x: np.Array, t: number): Mapped {
  const [B, D] = x.shape;
  const copies = np.broadcastTo(x.reshape([B, 1, D]), [B, D, D]).reshape([B * D, D]);
  const along = np.broadcastTo(np.eye(D, D, { dtype: copies.dtype }).reshape([1, D, D]), [B, D, D]);
  const time = np.full([B * D, 1], t, { dtype: copies.dtype });
  const [v, derivative] = jax.jvp(
    (at: np.Array) => velocity(parameters, at, time),
    [copies],
    [along.ref.reshape([B * D, D])],
  );
  const trace = derivative.reshape([B, D, D]).mul(along).sum([1, 2]); // Σ_d ∂v_d/∂x_d
  return { y: v.reshape([B, D, D]).slice([], 0), logDet: trace };
}

/** x and the volume change after `steps` Runge-Kutta steps from time `from` to time `to`. */
function integrate(
  velocity: Velocity,
  parameters: ParameterTree,
  start: np.Array,
  from: number,
  to: number,
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
      slopes.push(velocityAndTrace(velocity, jax.tree.ref(parameters), at, t + ahead * h));
    }
    const weigh = (part: "y" | "logDet"): np.Array =>
      slopes
        .map((slope, k) => slope[part].mul(k === 0 || k === 3 ? h / 6 : h / 3))
        .reduce((a, b) => a.add(b));
    x = x.add(weigh("y"));
    logDet = logDet.add(weigh("logDet"));
  }
  jax.tree.dispose(parameters);
  return { y: x, logDet };
}

/** @param steps Runge-Kutta steps from data to noise, four evaluations each */
export const continuousFlow = (specs: Layout, velocity: Velocity, steps: number): Bijection => ({
  specs,
  forward: (parameters, x) => integrate(velocity, parameters, x, 0, 1, steps),
  inverse: (parameters, y) => integrate(velocity, parameters, y, 1, 0, steps),
});

/**
 * Derivatives of row functions with respect to their rows, column by column, by forward differentiation: what is made
 * of them can be differentiated again and compiled. (Compiled gradients of gradients are wrong in jax-js 0.1.25.)
 */
import { jax, np } from "../../../platform/jax.ts";
import type { RowFunction } from "../rows.ts";

/** ∂f/∂x_d of each row for d = 0 … D − 1; takes x over. x [B, D], f: [B, D] → [B, E] */
export function columnDerivatives(f: (x: np.Array) => np.Array, x: np.Array): np.Array[] {
  const [B, D] = x.shape;
  const derivatives = Array.from({ length: D }, (_, d) => {
    const direction = Float32Array.from({ length: B * D }, (_, i) => Number(i % D === d));
    const [value, derivative] = jax.jvp(f, [x.ref], [np.array(direction, { shape: [B, D] })]);
    value.dispose();
    return derivative;
  });
  x.dispose();
  return derivatives;
}

/** Σ_d ∂f_d/∂x_d of each row; takes x over. x [B, D] → [B] */
export const jacobianTrace = (f: (x: np.Array) => np.Array, x: np.Array): np.Array =>
  columnDerivatives(f, x)
    .map((derivative, d) => derivative.slice([], d))
    .reduce((sum, column) => sum.add(column));

/** x [B, D], t [B] → [B, D + 1]: f(x), Σ_d ∂f_d/∂x_d */
export const withDivergence =
  (f: RowFunction): RowFunction =>
  (parameters, x, t) => {
    const of = (at: np.Array): np.Array => f(jax.tree.ref(parameters), at, t.ref);
    const trace = jacobianTrace(of, x.ref);
    const values = of(x);
    jax.tree.dispose(parameters);
    t.dispose();
    return np.concatenate([values, trace.reshape([-1, 1])], 1);
  };

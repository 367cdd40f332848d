/** The trace of the Jacobian of a row function, from one directional derivative for each column. */
import { jax, np } from "../../../runtime/jax.ts";
import type { RowFunction } from "../rows.ts";

/** Σ_d ∂f_d/∂x_d of each row; takes x over. x [B, D] → [B] */
export function jacobianTrace(f: (x: np.Array) => np.Array, x: np.Array): np.Array {
  const [B, D] = x.shape;
  const columns: np.Array[] = [];
  for (let d = 0; d < D; d++) {
    const direction = Float32Array.from({ length: B * D }, (_, i) => Number(i % D === d));
    const [value, derivative] = jax.jvp(f, [x.ref], [np.array(direction, { shape: [B, D] })]); // ∂f/∂x_d
    value.dispose();
    columns.push(derivative.slice([], d));
  }
  x.dispose();
  return columns.reduce((sum, column) => sum.add(column));
}

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

/**
 * The invertible 1 × 1 convolution of Glow (Kingma & Dhariwal 2018, section 3.2 and eq. 10-11): every pixel's channels
 * times W = P L (U + diag(s)), with P a fixed permutation, L unit lower and U strictly upper triangular. Then
 * log |det| = H · W · Σ log |s|. W starts as a random rotation; P and the signs of s stay those of its factors.
 */
import { stream } from "../../../math/random.ts";
import { fixed } from "../../../nets/layers/masked.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { np } from "../../../platform/jax.ts";
import type { Bijection } from "./bijection.ts";

type Matrix = number[][];

/** A random rotation: the rows of a normal matrix made orthonormal (Gram & Schmidt). */
function rotation(n: number, seed: number): Matrix {
  const random = stream({ seed, purpose: "parameters", index: 0xffffffff });
  const rows: Matrix = [];
  for (let i = 0; i < n; i++) {
    const row = Array.from({ length: n }, random.normal);
    for (const other of rows) {
      const along = row.reduce((sum, value, j) => sum + value * other[j], 0);
      for (let j = 0; j < n; j++) row[j] -= along * other[j];
    }
    const length = Math.hypot(...row);
    rows.push(row.map((value) => value / length));
  }
  return rows;
}

/** P L U = matrix by elimination with row exchanges; `order[i]` is the row of the matrix that is row i of L U. */
export function factorise(matrix: readonly (readonly number[])[]): {
  readonly order: readonly number[];
  readonly lower: Matrix;
  readonly upper: Matrix;
} {
  const n = matrix.length;
  const upper = matrix.map((row) => [...row]);
  const lower = matrix.map((row) => row.map(() => 0));
  const order = matrix.map((_, i) => i);
  for (let k = 0; k < n; k++) {
    let pivot = k;
    for (let i = k; i < n; i++) if (Math.abs(upper[i][k]) > Math.abs(upper[pivot][k])) pivot = i;
    for (const rows of [upper, lower, order] as unknown[][]) [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
    lower[k][k] = 1;
    for (let i = k + 1; i < n; i++) {
      lower[i][k] = upper[i][k] / upper[k][k];
      for (let j = k; j < n; j++) upper[i][j] -= lower[i][k] * upper[k][j];
    }
  }
  return { order, lower, upper };
}

/**
 * (1 + N)⁻¹ = (1 − N)(1 + N²)(1 + N⁴) … for a strictly triangular N, whose powers end at the Cth; takes ownership.
 * @param one the identity
 */
function inverseOfUnit(N: np.Array, one: np.Array): np.Array {
  const C = N.shape[0];
  let inverse = one.ref.sub(N.ref);
  let power = N;
  for (let k = 2; k < C; k *= 2) {
    power = np.matmul(power.ref, power);
    inverse = np.matmul(inverse, one.ref.add(power.ref));
  }
  power.dispose();
  one.dispose();
  return inverse;
}

type Factors = { readonly lower: np.Array; readonly upper: np.Array; readonly logS: np.Array };

/** @param index of the convolution in the flow, which decides its first rotation */
export function invertibleConvolution(channels: number, index: number): Bijection {
  const C = channels;
  const start = factorise(rotation(C, index));
  const sign = start.upper.map((row, i) => Math.sign(row[i]));

  const constant = (value: (i: number, j: number) => number, like: np.Array): np.Array =>
    fixed([C, C], value, like.dtype);
  /** The parts of W, [C, C] each: P, the strict triangles and the diagonal s; takes ownership. */
  const parts = ({ lower, upper, logS }: Factors) => ({
    P: constant((row, i) => Number(start.order[i] === row), logS),
    L: lower.mul(constant((i, j) => Number(i > j), logS)),
    U: upper.mul(constant((i, j) => Number(i < j), logS)),
    s: np.exp(logS.ref).mul(fixed([C], (i) => sign[i], logS.dtype)),
    one: constant((i, j) => Number(i === j), logS),
  });
  const matrix = (factors: Factors): np.Array => {
    const { P, L, U, s, one } = parts(factors);
    return np.matmul(P, np.matmul(L.add(one.ref), U.add(one.mul(s))));
  };
  const inverseMatrix = (factors: Factors): np.Array => {
    const { P, L, U, s, one } = parts(factors);
    const across = np.reciprocal(s).reshape([C, 1]); // U + diag(s) = diag(s) (1 + U/s)
    const upper = inverseOfUnit(U.mul(across.ref), one.ref);
    const scaled = np.matmul(upper, one.ref.mul(across));
    return np.matmul(np.matmul(scaled, inverseOfUnit(L, one)), P.transpose());
  };
  const volume = (logS: np.Array, rows: np.Array): np.Array =>
    np.broadcastTo(logS.sum().mul(rows.shape[1] / C), [rows.shape[0]]);
  const times = (rows: np.Array, W: np.Array): np.Array =>
    np.matmul(rows.reshape([-1, C]), W.transpose()).reshape(rows.shape);

  return {
    specs: [
      { name: "lower", shape: [C, C], bound: 0.1 },
      { name: "upper", shape: [C, C], bound: 0.1 },
      { name: "logS", shape: [C], bound: 0 },
    ],
    initialise: async (x) => {
      x.dispose();
      return {
        lower: Float64Array.from(start.lower.flat()),
        upper: Float64Array.from(start.upper.flat()),
        logS: Float64Array.from(start.upper, (row, i) => Math.log(Math.abs(row[i]))),
      };
    },
    forward: (parameters: ParameterTree, x) => {
      const factors = parameters as Factors;
      return { logDet: volume(factors.logS.ref, x), y: times(x, matrix(factors)) };
    },
    inverse: (parameters: ParameterTree, y) => {
      const factors = parameters as Factors;
      return {
        logDet: np.negative(volume(factors.logS.ref, y)),
        y: times(y, inverseMatrix(factors)),
      };
    },
  };
}

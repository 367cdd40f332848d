/**
 * The Fréchet distance of the Gaussians with the means and covariances of two sets of rows: of features of a classifier it
 * is the FID (Heusel et al. 2017).
 */
import { symmetricEigen } from "../math/eigen.ts";

/** Rows of features, one after the other. [n · F] */
type Rows = Float32Array | Float64Array;
type Matrix = readonly (readonly number[])[];

/**
 * ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a^½ Σ_b Σ_a^½)^½), the squared distance, as FIDs are given. Small sets make it larger: only
 * distances of sets of the same sizes can be compared.
 * @param a [n, D] with n ≥ 2
 * @param b [m, D]
 */
export function frechetDistance(a: Rows, b: Rows, D: number): number {
  const [p, q] = [moments(a, D), moments(b, D)];
  const apart = p.mean.reduce((sum, value, d) => sum + (value - q.mean[d]) ** 2, 0);
  const root = rootOf(p.covariance);
  const mixed = symmetricEigen(product(product(root, q.covariance), root));
  const overlap = mixed.values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  return Math.max(0, apart + trace(p.covariance) + trace(q.covariance) - 2 * overlap);
}

function moments(rows: Rows, D: number): { readonly mean: readonly number[]; readonly covariance: Matrix } {
  const n = rows.length / D;
  const mean = new Array<number>(D).fill(0);
  for (let i = 0; i < rows.length; i++) mean[i % D] += rows[i] / n;
  const covariance = Array.from({ length: D }, () => new Array<number>(D).fill(0));
  for (let r = 0; r < rows.length; r += D)
    for (let i = 0; i < D; i++) {
      const x = (rows[r + i] - mean[i]) / (n - 1);
      for (let j = i; j < D; j++) covariance[i][j] += x * (rows[r + j] - mean[j]);
    }
  for (let i = 0; i < D; i++) for (let j = 0; j < i; j++) covariance[i][j] = covariance[j][i];
  return { mean, covariance };
}

const trace = (matrix: Matrix): number => matrix.reduce((sum, row, i) => sum + row[i], 0);

const product = (a: Matrix, b: Matrix): number[][] =>
  a.map((row) =>
    b[0].map((_, j) => {
      let sum = 0;
      for (let k = 0; k < b.length; k++) sum += row[k] * b[k][j];
      return sum;
    }),
  );

/** The positive square root of a positive matrix. */
function rootOf(matrix: Matrix): number[][] {
  const { values, vectors } = symmetricEigen(matrix);
  const scaled = vectors.map((vector, k) => vector.map((x) => x * Math.sqrt(Math.max(0, values[k]))));
  return product(
    vectors[0].map((_, i) => vectors.map((vector) => vector[i])),
    scaled,
  );
}

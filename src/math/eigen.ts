/** Eigenvectors of small symmetric matrices by cyclic Jacobi rotations (Golub & Van Loan, section 8.5). */

import { hypot } from "./elementary.ts";
/** Eigenvalues in descending order with orthonormal eigenvectors. */
export interface Eigen {
  /** [n] */
  readonly values: readonly number[];
  /** Row k is the eigenvector of value k. [n][n] */
  readonly vectors: readonly (readonly number[])[];
}

/** Eigenvalues and eigenvectors of the symmetric matrix [n][n]; only its upper triangle is trusted. */
export function symmetricEigen(matrix: readonly (readonly number[])[]): Eigen {
  const n = matrix.length;
  const a = matrix.map((row, i) => row.map((_, j) => (i <= j ? matrix[i][j] : matrix[j][i])));
  const v = a.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  const offDiagonal = () =>
    a.reduce((sum, row, i) => sum + row.reduce((s, x, j) => s + (i < j ? x * x : 0), 0), 0);
  const tiny = 1e-32 * a.reduce((sum, row) => sum + row.reduce((s, x) => s + x * x, 0), 0);

  for (let sweep = 0; sweep < 50 && offDiagonal() > tiny; sweep++) {
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotateAway(a, v, p, q);
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return { values: order.map((i) => a[i][i]), vectors: order.map((i) => v.map((row) => row[i])) };
}

/** One rotation in the plane (p, q) that makes a[p][q] zero. */
function rotateAway(a: number[][], v: number[][], p: number, q: number): void {
  if (a[p][q] === 0) return;
  const tau = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + hypot(1, tau));
  const c = 1 / hypot(1, t);
  const s = t * c;
  for (let k = 0; k < a.length; k++) {
    [a[k][p], a[k][q]] = [c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]];
  }
  for (let k = 0; k < a.length; k++) {
    [a[p][k], a[q][k]] = [c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]];
    [v[k][p], v[k][q]] = [c * v[k][p] - s * v[k][q], s * v[k][p] + c * v[k][q]];
  }
}

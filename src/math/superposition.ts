/**
 * Optimal superposition of two sets of points: the largest eigenvalue of Horn's 4 × 4 key matrix gives the RMSD, its
 * eigenvector the rotation as a quaternion (Horn 1987). The eigenvalue comes from Newton's method on the
 * characteristic polynomial (Theobald 2005, Acta Cryst. A61), which needs no rotation and no decomposition.
 */
import { symmetricEigen } from "./eigen.ts";

/** Subtracts the mean of the points in place. [N, 3] */
export function center(x: Float64Array): Float64Array {
  const n = x.length / 3;
  for (let d = 0; d < 3; d++) {
    let mean = 0;
    for (let i = d; i < x.length; i += 3) mean += x[i];
    mean /= n;
    for (let i = d; i < x.length; i += 3) x[i] -= mean;
  }
  return x;
}

/** Σ_i a_i b_iᵀ, row-major: nine sums. @param order point `order[i]` of b belongs to point i of a */
function correlation(a: Float64Array, b: Float64Array, order?: ArrayLike<number>): Float64Array {
  const s = new Float64Array(9);
  for (let i = 0; i < a.length / 3; i++) {
    const j = order === undefined ? i : order[i];
    for (let p = 0; p < 3; p++) for (let q = 0; q < 3; q++) s[3 * p + q] += a[3 * i + p] * b[3 * j + q];
  }
  return s;
}

const squaredNorm = (x: Float64Array): number => x.reduce((sum, value) => sum + value * value, 0);

/** Horn's key matrix; its quadratic form in a unit quaternion q is Σ b_i · R(q) a_i. */
const keyMatrix = (s: Float64Array): number[][] => [
  [s[0] + s[4] + s[8], s[5] - s[7], s[6] - s[2], s[1] - s[3]],
  [s[5] - s[7], s[0] - s[4] - s[8], s[1] + s[3], s[6] + s[2]],
  [s[6] - s[2], s[1] + s[3], -s[0] + s[4] - s[8], s[5] + s[7]],
  [s[1] - s[3], s[6] + s[2], s[5] + s[7], -s[0] - s[4] + s[8]],
];

/** Largest root of the characteristic polynomial of the key matrix, from an upper bound downwards. */
function largestEigenvalue(s: Float64Array, bound: number): number {
  const [xx, xy, xz, yx, yy, yz, zx, zy, zz] = s;
  const c2 = -2 * squaredNorm(s);
  const c1 =
    8 * (xx * yz * zy + yy * zx * xz + zz * xy * yx) - 8 * (xx * yy * zz + yz * zx * xy + zy * yx * xz);
  const c0 = determinant4(keyMatrix(s));
  let lambda = bound;
  for (let k = 0; k < 60; k++) {
    const square = lambda * lambda;
    const value = square * square + c2 * square + c1 * lambda + c0;
    const slope = 4 * square * lambda + 2 * c2 * lambda + c1;
    if (!(Math.abs(slope) > 1e-30)) break;
    const next = lambda - value / slope;
    if (Math.abs(next - lambda) <= 1e-12 * Math.abs(lambda)) return next;
    lambda = next;
  }
  return lambda;
}

function determinant4(m: number[][]): number {
  const minor = (a: number, b: number, p: number, q: number): number => m[a][p] * m[b][q] - m[a][q] * m[b][p];
  return (
    minor(0, 1, 0, 1) * minor(2, 3, 2, 3) -
    minor(0, 1, 0, 2) * minor(2, 3, 1, 3) +
    minor(0, 1, 0, 3) * minor(2, 3, 1, 2) +
    minor(0, 1, 1, 2) * minor(2, 3, 0, 3) -
    minor(0, 1, 1, 3) * minor(2, 3, 0, 2) +
    minor(0, 1, 2, 3) * minor(2, 3, 0, 1)
  );
}

/**
 * Root mean square deviation of two centred sets of points after the best rotation (no reflection).
 * @param order point `order[i]` of b is compared with point i of a
 */
export function superposedRmsd(a: Float64Array, b: Float64Array, order?: ArrayLike<number>): number {
  const n = a.length / 3;
  if (n === 0) return 0;
  const bound = 0.5 * (squaredNorm(a) + squaredNorm(b));
  if (bound === 0) return 0;
  const lambda = largestEigenvalue(correlation(a, b, order), bound);
  return Math.sqrt(Math.max(0, (2 * (bound - lambda)) / n));
}

/** The points of `moving`, centred and turned so that they lie best on those of `fixed`, which is centred. [N, 3] */
export function superpose(moving: Float64Array, fixed: Float64Array): Float64Array {
  const a = center(moving.slice());
  const { vectors } = symmetricEigen(keyMatrix(correlation(a, fixed)));
  const [w, x, y, z] = vectors[0];
  const rotation = [
    [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
  ];
  const turned = new Float64Array(a.length);
  for (let i = 0; i < a.length; i += 3) {
    for (let p = 0; p < 3; p++)
      turned[i + p] = rotation[p][0] * a[i] + rotation[p][1] * a[i + 1] + rotation[p][2] * a[i + 2];
  }
  return turned;
}

/** Orthogonal matrices for tests of equivariance. */
import { stream } from "../src/math/random.ts";

/** A random orthogonal 3 × 3 matrix of the given determinant, row-major (from a random quaternion). */
export function rotationMatrix(seed: number, determinant: 1 | -1): number[] {
  const q = stream({ seed, purpose: "test", index: 0xabc }).normals(new Float64Array(4));
  const norm = Math.hypot(...q);
  const [w, x, y, z] = q.map((value) => value / norm);
  return [
    1 - 2 * (y * y + z * z),
    2 * (x * y - w * z),
    2 * (x * z + w * y),
    2 * (x * y + w * z),
    1 - 2 * (x * x + z * z),
    2 * (y * z - w * x),
    2 * (x * z - w * y),
    2 * (y * z + w * x),
    1 - 2 * (x * x + y * y),
  ].map((value) => determinant * value);
}

/** Points times the matrix: R x for each. [N, 3] */
export function rotated(x: Float64Array, matrix: readonly number[]): Float64Array {
  const turned = new Float64Array(x.length);
  for (let i = 0; i < x.length; i += 3) {
    for (let p = 0; p < 3; p++)
      turned[i + p] = matrix[3 * p] * x[i] + matrix[3 * p + 1] * x[i + 1] + matrix[3 * p + 2] * x[i + 2];
  }
  return turned;
}

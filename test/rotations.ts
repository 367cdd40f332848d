/** Orthogonal matrices for tests of equivariance. */
import { stream } from "../src/math/random.ts";
import { randomRotation } from "../src/math/rotation.ts";

/** A random orthogonal 3 × 3 matrix of the given determinant, row-major. */
export function rotationMatrix(seed: number, determinant: 1 | -1): number[] {
  const random = stream({ seed, purpose: "test", index: 0xabc });
  return randomRotation(random).map((value) => determinant * value);
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

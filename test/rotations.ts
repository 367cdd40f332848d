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

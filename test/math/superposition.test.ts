import fc from "fast-check";
import { expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import { center, superpose, superposedRmsd } from "../../src/math/superposition.ts";
import { rotated, rotationMatrix } from "../rotations.ts";

const points = (seed: number, n: number): Float64Array =>
  center(stream({ seed, purpose: "test" }).normals(new Float64Array(3 * n)));
const rmsd = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0) / (a.length / 3));
const seeds = fc.integer({ min: 0, max: 1e6 });

test("the RMSD from the eigenvalue is that of the points turned by the eigenvector", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 12 }), (seed, n) => {
      const [a, b] = [points(seed, n), points(seed + 1, n)];
      expect(superposedRmsd(a, b)).toBeCloseTo(rmsd(superpose(a, b), b), 6);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("it does not change when either side is turned, and is symmetric", () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 2, max: 12 }), (seed, n) => {
      const [a, b] = [points(seed, n), points(seed + 1, n)];
      const turned = rotated(a, rotationMatrix(seed, 1));
      expect(superposedRmsd(turned, b)).toBeCloseTo(superposedRmsd(a, b), 6);
      expect(superposedRmsd(b, a)).toBeCloseTo(superposedRmsd(a, b), 6);
    }),
    { numRuns: 50, seed: 2 },
  );
});

test("no turn brings the points nearer", () => {
  const [a, b] = [points(3, 7), points(4, 7)];
  const best = superposedRmsd(a, b);
  for (let k = 0; k < 200; k++) expect(rmsd(rotated(a, rotationMatrix(k, 1)), b)).toBeGreaterThan(best);
});

test("a turned copy is at distance 0, its mirror image is not", () => {
  const a = points(5, 6);
  expect(superposedRmsd(rotated(a, rotationMatrix(8, 1)), a)).toBeLessThan(1e-6);
  expect(superposedRmsd(rotated(a, rotationMatrix(8, -1)), a)).toBeGreaterThan(0.1);
});

test("points in a plane or on a line, and one point, are fine", () => {
  const line = center(Float64Array.of(0, 0, 0, 1, 0, 0, 3, 0, 0));
  expect(superposedRmsd(line, rotated(line, rotationMatrix(1, 1)))).toBeLessThan(1e-6);
  expect(superposedRmsd(new Float64Array(3), new Float64Array(3))).toBe(0);
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { symmetricEigen } from "../../src/math/eigen.ts";

const entry = fc.double({ min: -100, max: 100, noNaN: true });
const symmetric = fc
  .integer({ min: 1, max: 5 })
  .chain((n) => fc.array(fc.array(entry, { minLength: n, maxLength: n }), { minLength: n, maxLength: n }))
  .map((m) => m.map((row, i) => row.map((_, j) => m[Math.min(i, j)][Math.max(i, j)])));

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);

test("A v = λ v, with orthonormal v and descending λ", () => {
  fc.assert(
    fc.property(symmetric, (matrix) => {
      const { values, vectors } = symmetricEigen(matrix);
      const scale = 1 + Math.max(...matrix.flat().map(Math.abs));
      vectors.forEach((vector, k) => {
        matrix.forEach((row, i) => {
          expect(Math.abs(dot(row, vector) - values[k] * vector[i])).toBeLessThan(1e-12 * scale);
        });
        vectors.forEach((other, l) => {
          expect(dot(vector, other)).toBeCloseTo(k === l ? 1 : 0, 12);
        });
        if (k > 0) expect(values[k]).toBeLessThanOrEqual(values[k - 1] + 1e-12 * scale);
      });
    }),
  );
});

test("the eigenvalues of [[2, 1], [1, 2]] are 3 and 1", () => {
  expect(
    symmetricEigen([
      [2, 1],
      [1, 2],
    ]).values,
  ).toEqual([expect.closeTo(3, 14), expect.closeTo(1, 14)]);
});

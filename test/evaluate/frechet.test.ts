import { expect, test } from "vitest";
import { frechetDistance } from "../../src/evaluate/frechet.ts";
import { stream } from "../../src/math/random.ts";

const D = 3;
const N = 400;
const rows = (seed: number): Float64Array =>
  stream({ seed, purpose: "test" }).normals(new Float64Array(N * D));
const shifted = (x: Float64Array, by: readonly number[]): Float64Array =>
  x.map((value, i) => value + by[i % D]);

/** Turned in the plane of the first two coordinates. */
const turned = (x: Float64Array): Float64Array => {
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  return x.map((value, i) => {
    const first = i - (i % D);
    return [c * x[first] - s * x[first + 1], s * x[first] + c * x[first + 1], value][i % D];
  });
};

test("a set is at distance zero from itself, and a shift adds the square of its length", () => {
  const a = rows(1);
  expect(frechetDistance(a, a, D)).toBeCloseTo(0, 10);
  expect(frechetDistance(a, shifted(a, [1, -2, 0.5]), D)).toBeCloseTo(1 + 4 + 0.25, 8);
});

test("it is symmetric, and the same when both sets are turned", () => {
  const [a, b] = [rows(1), rows(2).map((value, i) => [1, 2, 0.3][i % D] * value + 0.4)];
  const found = frechetDistance(a, b, D);
  expect(found).toBeGreaterThan(0.5);
  expect(frechetDistance(b, a, D)).toBeCloseTo(found, 8);
  expect(frechetDistance(turned(a), turned(b), D)).toBeCloseTo(found, 8);
});

test("Gaussians whose covariances commute are Σ (σ_a − σ_b)² apart", () => {
  // Columns are orthogonal: a cube's corners, whose covariance is 8/7 of the identity.
  const corners = Float64Array.from({ length: 8 * D }, (_, i) =>
    (Math.floor(i / D) >> (i % D)) & 1 ? 1 : -1,
  );
  const scaled = (scales: readonly number[]): Float64Array =>
    corners.map((value, i) => scales[i % D] * value);
  const [p, q] = [
    [1, 2, 3],
    [2, 0, 0.5],
  ];
  const exact = (8 / 7) * p.reduce((sum, value, d) => sum + (value - q[d]) ** 2, 0);
  expect(frechetDistance(scaled(p), scaled(q), D)).toBeCloseTo(exact, 8);
  expect(frechetDistance(turned(scaled(p)), turned(scaled(q)), D)).toBeCloseTo(exact, 8);
});

import { expect, test } from "vitest";
import { erfc, normalCdf, normalInterval } from "../../src/math/normal.ts";

test.each([
  // erfc of the C library, double precision
  [0, 1],
  [0.5, 0.4795001221869535],
  [1, 0.15729920705028513],
  [1.9999, 0.004679802092970608],
  [2.0001, 0.0046756686958033394],
  [5, 1.5374597944280349e-12],
  [10, 2.0884875837625446e-45],
  [26, 5.663192408856143e-296],
])("erfc(%d)", (x, expected) => {
  expect(Math.abs(erfc(x) / expected - 1)).toBeLessThan(1e-12);
  expect(erfc(-x)).toBeCloseTo(2 - expected, 14);
});

test("the series and the continued fraction meet", () => {
  expect(erfc(2 - 1e-13) / erfc(2 + 1e-13) - 1).toBeLessThan(1e-10);
});

test("an interval far out in either tail keeps its relative precision", () => {
  expect(normalInterval(8, 9) / normalInterval(-9, -8)).toBeCloseTo(1, 12);
  expect(normalInterval(8, 9) / 6.220960574271786e-16).toBeCloseTo(1, 3);
});

test("the distribution function is symmetric", () => {
  for (const x of [0, 0.3, 1.7, 6]) expect(normalCdf(x) + normalCdf(-x)).toBeCloseTo(1, 14);
});

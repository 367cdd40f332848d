import { expect, test } from "vitest";
import { digamma, gammaVariate, logGamma } from "../../src/math/gamma.ts";
import { stream } from "../../src/math/random.ts";

test("log Γ of whole and half numbers is that of factorials and of √π", () => {
  let logFactorial = 0;
  for (let n = 1; n <= 30; n++) {
    expect(logGamma(n)).toBeCloseTo(logFactorial, 11);
    logFactorial += Math.log(n);
  }
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12);
});

test("digamma is the slope of log Γ, −γ at 1, and obeys its recurrence", () => {
  expect(digamma(1)).toBeCloseTo(-0.5772156649015329, 12);
  for (const x of [0.05, 0.7, 3.3, 11.9, 250]) {
    expect(digamma(x + 1) - digamma(x)).toBeCloseTo(1 / x, 11);
    expect((logGamma(x + 1e-5 * x) - logGamma(x - 1e-5 * x)) / (2e-5 * x)).toBeCloseTo(digamma(x), 5);
  }
});

test.each([0.4, 1, 3.7])("gamma variates of shape %f have its mean, variance and mean logarithm", (shape) => {
  const random = stream({ seed: 3, purpose: "test" });
  const n = 40_000;
  const draws = Array.from({ length: n }, () => gammaVariate(shape, random));
  const mean = (f: (x: number) => number) => draws.reduce((sum, x) => sum + f(x), 0) / n;
  const within = (f: (x: number) => number, expected: number) => {
    const m = mean(f);
    const error = Math.sqrt(mean((x) => (f(x) - m) ** 2) / n);
    expect(Math.abs(m - expected)).toBeLessThan(4 * error);
  };
  within((x) => x, shape);
  within((x) => (x - shape) ** 2, shape);
  within(Math.log, digamma(shape));
});

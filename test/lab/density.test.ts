/** Density maps: what they show is a density, computed without noise. */
import { beforeAll, describe, expect, test } from "vitest";
import { keepSchedule } from "../../src/diffusion/categorical.ts";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { symbolDistribution } from "../../src/lab/models/discrete/distribution.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import { evenNormals, mixtureOfDecoded } from "../../src/lab/models/marginal.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { fit } from "./fit.ts";

beforeAll(() => prepareRuntime("cpu"));

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("even normals have the moments of the standard normal, in a plane better than draws would", () => {
  const n = 4096;
  for (const E of [1, 2, 3]) {
    const points = evenNormals(n, E);
    for (let d = 0; d < E; d++) {
      const column = Array.from({ length: n }, (_, i) => points[i * E + d]);
      expect(Math.abs(mean(column))).toBeLessThan(0.005);
      expect(Math.abs(mean(column.map((x) => x * x)) - 1)).toBeLessThan(0.01);
      for (let e = 0; e < d; e++)
        expect(Math.abs(mean(column.map((x, i) => x * points[i * E + e])))).toBeLessThan(
          E < 3 ? 0.008 : 0.05,
        );
    }
  }
});

test("the mixture over latents of a linear decoder is the Gaussian that it is in closed form", () => {
  const [a, sigma] = [1.5, 0.3];
  const means = evenNormals(8192, 1).map((z) => a * z + 1);
  const rows = Float32Array.of(-2, 0, 1, 2.5);
  const variance = a * a + sigma * sigma;
  mixtureOfDecoded(rows, 1, means, sigma).forEach((log, i) => {
    expect(log).toBeCloseTo(-0.5 * ((rows[i] - 1) ** 2 / variance + Math.log(2 * Math.PI * variance)), 2);
  });
  // The same with weights: the standard normal on a lattice.
  const step = 0.05;
  const lattice = Array.from({ length: 241 }, (_, k) => step * (k - 120));
  const weights = lattice.map((z) => -0.5 * (z * z + Math.log(2 * Math.PI)) + Math.log(step));
  const weighed = mixtureOfDecoded(
    rows,
    1,
    lattice.map((z) => a * z + 1),
    sigma,
    weights,
  );
  weighed.forEach((log, i) => {
    expect(log).toBeCloseTo(-0.5 * ((rows[i] - 1) ** 2 / variance + Math.log(2 * Math.PI * variance)), 4);
  });
});

describe.each(["uniform", "absorbing"] as const)("symbols with %s corruption", (corruption) => {
  test("that are predicted by Bayes' rule have the distribution of the data", async () => {
    const data = [
      [0.5, 0.2, 0.3],
      [0.1, 0.1, 0.8],
    ];
    const [K, T] = [3, 7];
    const keep = keepSchedule(corruption);
    const p = await symbolDistribution({
      ...{ corruption, columns: 2, K, T },
      keep: (k) => ({ s: keep((k - 1) / T), t: keep(k / T) }),
      predict: async (x, k) => {
        const kappa = keep(k / T);
        const out = new Float64Array(x.length * K);
        x.forEach((symbol, i) => {
          // q(x_t | x_0 = j) p(j); a mask says nothing of x_0
          const posterior = data[i % 2].map((prior, j) =>
            corruption === "absorbing"
              ? prior * Number(symbol === K || symbol === j)
              : prior * (Number(symbol === j) * kappa + (1 - kappa) / K),
          );
          const total = posterior.reduce((a, b) => a + b, 0);
          posterior.forEach((value, j) => {
            out[i * K + j] = value / total;
          });
        });
        return out;
      },
    });
    expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
    for (let a = 0; a < K; a++)
      for (let b = 0; b < K; b++) expect(p[a * (K + 1) + b]).toBeCloseTo(data[0][a] * data[1][b], 10);
  });
});

test.each([
  ["vae", { hidden: [8] }],
  ["vae-iaf", { hidden: [8] }],
  ["ladder-vae", {}],
  ["ddpm", { hidden: 16, blocks: 1, timeFeatures: 8, prediction: "v", schedule: "cosine" }],
  ["d3pm-uniform", { hidden: 16, blocks: 1, timeFeatures: 8, steps: 5, cells: 10 }],
  ["d3pm-absorbing", { hidden: 16, blocks: 1, timeFeatures: 8, steps: 5, cells: 10 }],
])("the density of %s integrates to one", async (name, settings) => {
  const kind = labKind(name);
  const facts = { name: "points", lowest: [-4, -4], highest: [4, 4] };
  const model = kind.build(kind.settings.parse(settings), { kind: "points", dimension: 2 }, facts);
  const parameters = initialParameters(model.layout, 3);
  const [side, step] = [60, 0.2];
  const grid = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const at = i % 2 === 0 ? Math.floor(i / 2) % side : Math.floor(i / 2 / side);
    return step * (at - (side - 1) / 2);
  });
  const logs = await model.density?.of(parameters, grid);
  const mass = step * step * Array.from(logs ?? []).reduce((sum, log) => sum + Math.exp(log), 0);
  expect(Math.abs(mass - 1)).toBeLessThan(0.05);
  model.dispose?.();
});

test("the density of latent-ddpm is that of its decoder over the latents that its diffusion has", async () => {
  const kind = labKind("latent-ddpm");
  const settings = { hidden: 16, blocks: 1, timeFeatures: 8, coder: [8] };
  const shape = { kind: "points", dimension: 2 } as const;
  const model = kind.build(kind.settings.parse(settings), shape);
  const rows = (await loadLabData("mixture", labDataSchema.parse({ count: 256, test: 32 }))).train;
  const { parameters } = await fit(model, rows, 2, 400, 0.02);
  const drawn = await model.sample(parameters, 2000, 1);
  const [side, step] = [40, 0.3];
  const grid = Float32Array.from({ length: 2 * side * side }, (_, i) => {
    const at = i % 2 === 0 ? Math.floor(i / 2) % side : Math.floor(i / 2 / side);
    return step * (at - (side - 1) / 2);
  });
  const p = Array.from(
    (await model.density?.of(parameters, grid)) ?? [],
    (log) => step * step * Math.exp(log),
  );
  expect(Math.abs(p.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(0.1);
  // Means and variances of the density are those of the samples.
  for (const d of [0, 1]) {
    const own = Array.from({ length: 2000 }, (_, i) => drawn[2 * i + d]);
    const moment = (of: (x: number) => number): number =>
      p.reduce((sum, q, i) => sum + q * of(grid[2 * i + d]), 0);
    expect(Math.abs(moment((x) => x) - mean(own))).toBeLessThan(0.15);
    expect(moment((x) => x * x) / mean(own.map((x) => x * x))).toBeCloseTo(1, 0);
  }
  model.dispose?.();
});

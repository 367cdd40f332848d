import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { atomOffsets } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { stream } from "../../src/math/random.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { decode, encode } from "../../src/models/edm/features.ts";
import { type Generated, type GenerateOptions, generate } from "../../src/models/edm/generate.ts";
import { negativeLogLikelihood } from "../../src/models/edm/likelihood.ts";
import { logFeatureLikelihood, priorKl } from "../../src/models/edm/likelihood-terms.ts";
import { type EdmModel, modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { moleculeNoise } from "../../src/models/edm/noise.ts";
import { sizeDistribution } from "../../src/models/edm/sizes.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { methane } from "../chem/molecules.ts";
import { maxDifference } from "../shared.ts";

await jax.init("wasm");

const config: EdmConfig = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 16, layers: 2, coordsRange: 3, normalizationFactor: 4 },
  schedule: { kind: "polynomial", steps: 50 },
  features: {},
  elements: [1, 6, 7, 8, 9],
  sizes: { 3: 1, 5: 2, 6: 1 },
});
const layout = modelLayout(config).map((spec) =>
  spec.name.endsWith("coord.2.weight") ? { ...spec, bound: 0.3 } : spec,
);
const model: EdmModel = modelOf(config, initialParameters(layout, 3));
const engine = createJaxEngine(dynamicsConfig(config));

async function generated(options: Partial<GenerateOptions>): Promise<Generated[]> {
  const all: Generated[] = [];
  for await (const batch of generate(model, engine, {
    count: 6,
    seed: 1,
    sampler: "ancestral",
    steps: 10,
    ...options,
  }))
    all.push(...batch);
  return all;
}

describe("features", () => {
  test("decoding what was encoded gives the centred molecule back", () => {
    const back = decode(config, encode(config, [methane()]).xh);
    expect([...back.atomicNumbers]).toEqual([...methane().atomicNumbers]);
    expect(maxDifference(back.positions, methane().positions)).toBeLessThan(1e-12);
  });

  test("an element that the model does not know is named", () => {
    const silane = { ...methane(), atomicNumbers: Uint8Array.of(14, 1, 1, 1, 1) };
    expect(() => encode(config, [silane])).toThrow("element Si is not in the model's set (H C N O F)");
  });
});

describe("noise on the subspace without centre of mass", () => {
  test("has no centre of mass, and a molecule's noise does not depend on its neighbours", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
        fc.nat(1000),
        (sizes, seed) => {
          const key = { seed, purpose: "test" } as const;
          const noise = moleculeNoise(Int32Array.from(sizes), 9, key, [...sizes.keys()], 4);
          const offsets = atomOffsets(Int32Array.from(sizes));
          for (const [m, n] of sizes.entries()) {
            const own = noise.subarray(9 * offsets[m], 9 * offsets[m + 1]);
            for (let d = 0; d < 3; d++) {
              let sum = 0;
              for (let a = 0; a < n; a++) sum += own[9 * a + d];
              expect(Math.abs(sum)).toBeLessThan(1e-12);
            }
            expect([...moleculeNoise(Int32Array.of(n), 9, key, [m], 4)]).toEqual([...own]);
          }
        },
      ),
    );
  });

  test("has 3(N − 1) degrees of freedom: that is its mean squared norm", () => {
    const M = 4000;
    const noise = moleculeNoise(
      new Int32Array(M).fill(4),
      3,
      { seed: 1, purpose: "test" },
      [...Array(M).keys()],
      0,
    );
    const mean = noise.reduce((sum, value) => sum + value * value, 0) / M;
    expect(Math.abs(mean - 9)).toBeLessThan(0.25); // σ = √18/√4000 = 0.07
  });
});

describe("likelihood", () => {
  test("the prior's KL is that of the closed form for Gaussians, dimension by dimension", () => {
    const batch = encode(config, [methane()]);
    const [alpha, sigma] = [model.schedule.alpha(1), model.schedule.sigma(1)];
    const perDimension = (mean: number): number => -Math.log(sigma) + 0.5 * (sigma ** 2 + mean ** 2) - 0.5;
    let expected = -3 * perDimension(0); // the centre of mass is no dimension of the space
    for (const value of batch.xh) expected += perDimension(alpha * value);
    expect(priorKl(config, model.schedule, batch)[0]).toBeCloseTo(expected, 10);
  });

  test("types and charges are certain when z_0 is the data, and a coin toss between types when it says nothing", () => {
    const batch = encode(config, [methane()]);
    expect(logFeatureLikelihood(config, model.schedule, batch, batch.xh, 0)).toBeCloseTo(0, 6);
    const vague = batch.xh.map((value, k) => (k % 9 >= 3 && k % 9 < 8 ? 0.1 : value));
    expect(logFeatureLikelihood(config, model.schedule, batch, vague, 0)).toBeCloseTo(5 * Math.log(1 / 5), 4);
  });

  test("p(N) is the histogram", () => {
    const sizes = sizeDistribution(config.sizes);
    expect(Math.exp(sizes.logProbability(5))).toBeCloseTo(0.5, 12);
    expect(sizes.logProbability(4)).toBeCloseTo(Math.log(1e-30), 6);
    const draws = Array.from({ length: 4000 }, (_, index) =>
      sizes.draw(stream({ seed: 1, purpose: "sizes", index })),
    );
    for (const [size, share] of [
      [3, 0.25],
      [5, 0.5],
      [6, 0.25],
    ]) {
      expect(Math.abs(draws.filter((n) => n === size).length / 4000 - share)).toBeLessThan(0.03);
    }
  });

  test("the bound is the sum of its terms, does not depend on the batch size, and a shift or turn changes nothing", async () => {
    const molecules = [methane(), { ...methane(), atomicNumbers: Uint8Array.of(7, 1, 1, 9, 1) }, methane()];
    const a = await negativeLogLikelihood(model, engine, molecules, { seed: 1 });
    const b = await negativeLogLikelihood(model, engine, molecules, { seed: 1, batchSize: 2 });
    const shifted = molecules.map((molecule) => ({
      ...molecule,
      positions: molecule.positions.map((x) => x + 7),
    }));
    const c = await negativeLogLikelihood(model, engine, shifted, { seed: 1 });
    const { prior, diffusion, reconstruction, volume, size } = a.terms;
    expect(prior + diffusion + reconstruction + volume + size).toBeCloseTo(a.mean, 6);
    expect(size).toBeCloseTo(Math.log(2), 10);
    expect(volume).toBe(0);
    expect(b.mean).toBeCloseTo(a.mean, 8);
    expect(Math.abs(c.mean / a.mean - 1)).toBeLessThan(1e-4);
  });
});

describe("generation", () => {
  test("a molecule is the same in any batch and in any shard", async () => {
    const all = await generated({});
    const small = await generated({ batchSize: 2 });
    const shard = await generated({ first: 4, count: 2 });
    expect(small).toEqual(all);
    expect(shard).toEqual(all.slice(4));
  });

  test("another seed gives other molecules; sizes are obeyed", async () => {
    const [a, b] = [await generated({ sizes: [4, 2] }), await generated({ sizes: [4, 2], seed: 2 })];
    expect(a.map(({ molecule }) => molecule.atomicNumbers.length)).toEqual([4, 2, 4, 2, 4, 2]);
    expect(maxDifference(a[0].molecule.positions, b[0].molecule.positions)).toBeGreaterThan(0.01);
  });

  test("the chain ends in the molecule and has no centre of mass on its way", async () => {
    const [first] = await generated({ count: 1, chainOf: 0, steps: 20, chainFrames: 10 });
    const chain = first.chain ?? [];
    expect(chain).toHaveLength(11);
    expect(chain[10]).toEqual(first.molecule);
    for (const { positions } of chain) {
      const sum = positions.reduce((total, x, k) => (k % 3 === 0 ? total + x : total), 0);
      expect(Math.abs(sum)).toBeLessThan(1e-9);
    }
  });

  test("a network that returns nonsense is noticed, and its output taken as zero", async () => {
    const broken = modelOf(config, new Float32Array(layoutSize(layout)).fill(Number.NaN));
    for await (const batch of generate(broken, engine, { count: 2, seed: 1, sampler: "ddim", steps: 5 })) {
      for (const { molecule, brokenSteps } of batch) {
        expect(brokenSteps).toBe(6);
        expect(molecule.positions.every(Number.isFinite)).toBe(true);
      }
    }
  });
});

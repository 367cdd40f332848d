import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AtomwiseEngine, SpeciesBatch } from "../../src/engines/atomwise-engine.ts";
import { type PainnKernel, painnEngine } from "../../src/engines/painn/painn-engine.ts";
import { loadNativePainn } from "../../src/engines/painn/painn-native.ts";
import { loadWasmPainn } from "../../src/engines/painn/painn-wasm.ts";
import { wasmVariants } from "../../src/engines/wasm-module.ts";
import { stream } from "../../src/math/random.ts";
import { type GeometricConfig, geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { relativeDifference } from "../shared.ts";

/** Widths that are no multiples of a vector, both bases, one and several layers. */
const CONFIGS: readonly GeometricConfig[] = [
  { kind: "painn", types: 3, hidden: 16, layers: 3, radial: { kind: "bessel", count: 20, cutoff: 5 } },
  { kind: "painn", types: 2, hidden: 22, layers: 2, radial: { kind: "gaussian", count: 7, cutoff: 3 } },
  { kind: "painn", types: 3, hidden: 6, layers: 1, radial: { kind: "bessel", count: 5, cutoff: 4 } },
];

/** Molecules of some sizes, one atom alone among them, atoms at least 0.8 Å apart. */
function randomBatch(types: number, sizes: readonly number[]): SpeciesBatch {
  const random = stream({ seed: 4, purpose: "test" });
  const positions: number[] = [];
  for (const size of sizes) {
    const own: number[][] = [];
    while (own.length < size) {
      const atom = [0, 1, 2].map(() => 1.3 * Math.cbrt(size) * (random.uniform() - 0.5) * 2);
      if (own.every((other) => Math.hypot(...atom.map((x, d) => x - other[d])) > 0.8)) own.push(atom);
    }
    positions.push(...own.flat());
  }
  const atoms = positions.length / 3;
  return {
    sizes: Int32Array.from(sizes),
    positions: Float64Array.from(positions),
    species: Int32Array.from({ length: atoms }, () => random.integer(types)),
  };
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((sum, x, k) => sum + x * b[k], 0);

const SIZES = [9, 1, 2, 12, 5, 7];

/** Parameters with biases that are not zero. */
function parametersOf(config: GeometricConfig): Float32Array {
  const parameters = initialParameters(geometricLayout(config), 7);
  const random = stream({ seed: 8, purpose: "test" });
  return parameters.map((value) => value + 0.05 * random.normal());
}

const isas = ["AVX-512", "AVX2", "SSE", "NEON"].filter((isa) => {
  try {
    const kernel = loadNativePainn(CONFIGS[0], { isa });
    kernel?.dispose();
    return kernel !== undefined;
  } catch {
    return false;
  }
});
const builds: [name: string, open: (config: GeometricConfig) => Promise<PainnKernel>][] = [
  ...isas.map((isa): (typeof builds)[number] => [
    isa,
    async (config) => loadNativePainn(config, { isa }) as PainnKernel,
  ]),
  ...wasmVariants().map((variant): (typeof builds)[number] => [
    `wasm ${variant}`,
    async (config) => (await loadWasmPainn(config, { variant })) as PainnKernel,
  ]),
];
if (isas.length === 0) console.warn("native PaiNN was not built: its tests are skipped");

describe.each(CONFIGS)("PaiNN of width $hidden, $layers layers, $radial.kind basis", (config) => {
  const batch = randomBatch(config.types, SIZES);
  const atoms = batch.species.length;
  const parameters = parametersOf(config);
  const random = stream({ seed: 5, purpose: "test" });
  const perMolecule = SIZES.flatMap((size) => Array<number>(size).fill(random.normal()));
  const coefficients = Float32Array.from(perMolecule);
  const perAtom = random.normals(new Float32Array(atoms));
  const direction = random.normals(new Float32Array(3 * atoms));
  const gradientOf = async (run: (out: Float32Array) => Promise<void>): Promise<Float32Array> => {
    const out = new Float32Array(layoutSize(geometricLayout(config))).fill(Number.NaN);
    await run(out);
    return out;
  };
  const allOf = async (engine: AtomwiseEngine) => ({
    ...(await engine.positionGradient(parameters, batch)),
    alone: await engine.outputs(parameters, batch),
    byParameters: await gradientOf((g) => engine.parameterGradient(parameters, batch, perAtom, g)),
  });
  let reference: Awaited<ReturnType<typeof allOf>>;
  let jax: AtomwiseEngine;
  beforeAll(async () => {
    await prepareRuntime("cpu");
    const { createJaxAtomwiseEngine } = await import("../../src/engines/jax-atomwise-engine.ts");
    jax = createJaxAtomwiseEngine(config);
    reference = await allOf(jax);
  }, 120_000);
  afterAll(() => jax.dispose());

  test.each(builds)(
    "%s computes what the definition does: outputs, slopes, both gradients",
    async (_, open) => {
      const engine = painnEngine(config, await open(config));
      const found = await allOf(engine);
      engine.dispose();
      expect(relativeDifference(found.outputs, reference.outputs)).toBeLessThan(5e-6);
      expect(found.alone).toEqual(found.outputs);
      expect(relativeDifference(found.gradient, reference.gradient)).toBeLessThan(2e-5);
      expect(relativeDifference(found.byParameters, reference.byParameters)).toBeLessThan(2e-5);
    },
  );

  test.each(builds)(
    "%s: the mixed gradient is that of Σ c o + v · ∂(Σ o)/∂r by finite differences",
    async (_, open) => {
      const engine = painnEngine(config, await open(config));
      const gradient = await gradientOf((g) =>
        engine.mixedGradient(parameters, batch, coefficients, direction, g),
      );
      for (let trial = 0; trial < 3; trial++) {
        const along = stream({ seed: 9, purpose: "test", index: trial }).normals(
          new Float32Array(gradient.length),
        );
        const value = async (h: number): Promise<number> => {
          const moved = parameters.map((x, k) => x + h * along[k]);
          const { outputs, gradient: slope } = await engine.positionGradient(moved, batch);
          return dot(outputs, coefficients) + dot(slope, direction);
        };
        const h = 7e-4;
        const near = (await value(h)) - (await value(-h));
        const far = (await value(2 * h)) - (await value(-2 * h));
        const scale = Math.sqrt(dot(gradient, gradient)); // what a random direction gives
        expect(Math.abs((8 * near - far) / (12 * h) - dot(gradient, along))).toBeLessThan(1e-2 * scale);
      }
      engine.dispose();
    },
  );

  test.each(builds)(
    "%s: turning a molecule changes nothing, so the mixed gradient along a rotation vanishes",
    async (_, open) => {
      const engine = painnEngine(config, await open(config));
      const mixed = (v: Float32Array): Promise<Float32Array> =>
        gradientOf((g) => engine.mixedGradient(parameters, batch, new Float32Array(atoms), v, g));
      const turned = direction.map((_, k) => {
        const [x, y, z] = batch.positions.subarray(k - (k % 3));
        return [0.3 * z - 0.8 * y, 0.8 * x - 0.5 * z, 0.5 * y - 0.3 * x][k % 3]; // ω × r
      });
      const [along, across] = [await mixed(turned), await mixed(direction)];
      engine.dispose();
      expect(Math.sqrt(dot(along, along) / dot(across, across))).toBeLessThan(1e-5);
    },
  );
});

describe("native PaiNN", () => {
  const [config] = CONFIGS;
  const parameters = parametersOf(config);

  test.skipIf(isas.length === 0)(
    "gives the same bits on any number of threads, and alone as in a batch",
    async () => {
      const batch = randomBatch(config.types, SIZES);
      const atoms = batch.species.length;
      const run = async (threads: number) => {
        const engine = painnEngine(config, loadNativePainn(config, { threads }) as PainnKernel);
        const { outputs, gradient } = await engine.positionGradient(parameters, batch);
        const byParameters = new Float32Array(parameters.length);
        const direction = new Float32Array(3 * atoms).fill(0.3);
        await engine.mixedGradient(
          parameters,
          batch,
          new Float32Array(atoms).fill(1),
          direction,
          byParameters,
        );
        const first: SpeciesBatch = {
          sizes: batch.sizes.slice(0, 1),
          positions: batch.positions.slice(0, 27),
          species: batch.species.slice(0, 9),
        };
        const alone = await engine.positionGradient(parameters, first);
        engine.dispose();
        expect(alone.gradient).toEqual(gradient.slice(0, 27));
        return { outputs, gradient, byParameters };
      };
      expect(await run(3)).toEqual(await run(1));
    },
  );
});

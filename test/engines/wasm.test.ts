import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HASH_SECTION, wasmSourcesHash } from "../../scripts/build-wasm.mjs";
import { loadWasmEngine, wasmStatus } from "../../src/engines/egnn/wasm.ts";
import { InputError } from "../../src/errors.ts";
import { egnnLayout } from "../../src/nets/egnn/egnn-config.ts";
import { matrixBlocks } from "../../src/train/muon.ts";
import { createOptimizerState, type OptimizerOptions, optimizerStep } from "../../src/train/optimizer.ts";
import { BASE, randomBatch, randomParameters, randomTarget } from "./cases.ts";

const status = await wasmStatus();
const OPTIONS: OptimizerOptions = {
  ...{ learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, emaDecay: 0.9 },
  amsgrad: true,
  muon: { learningRate: 0.02, momentum: 0.95, weightDecay: 0.1 },
};

it.each(
  (["egnn", "painn", "geodiff", "unet"] as const).flatMap((program) =>
    ["", "-relaxed", "-scalar"].map((ending) => [program, ending] as const),
  ),
)("%s%s.wasm was built from the sources in the repository", (program, ending) => {
  const bytes = readFileSync(new URL(`../../src/engines/wasm/${program}${ending}.wasm`, import.meta.url));
  const text = bytes.toString("latin1");
  const at = text.lastIndexOf(HASH_SECTION);
  expect(text.slice(at + HASH_SECTION.length), "run node scripts/build-wasm.mjs").toBe(
    wasmSourcesHash(program),
  );
});

it("runs relaxed SIMD in this Node and says so", () => {
  expect(status).toMatchObject({
    available: true,
    threads: true,
    variants: ["relaxed SIMD", "SIMD", "scalar"],
  });
  expect(status.reason).toContain("relaxed SIMD");
});

describe("the WebAssembly engine", () => {
  const parameters = randomParameters(BASE);
  const batch = randomBatch(BASE, [4, 7]);
  const target = randomTarget(BASE, batch);

  it("refuses configurations it cannot compute", async () => {
    await expect(loadWasmEngine({ ...BASE, hidden: 0 })).rejects.toThrow(InputError);
    await expect(loadWasmEngine({ ...BASE, outFeatures: 8 })).rejects.toThrow(/outFeatures/);
    await expect(loadWasmEngine(BASE, { threads: 0 })).rejects.toThrow(/threads/);
  });

  it("says how much memory it lacks and goes on", async () => {
    const engine = (await loadWasmEngine(BASE))!;
    const huge = randomBatch(BASE, [20_000]);
    await expect(engine.forward(parameters, huge)).rejects.toThrow(/out of memory: \d+ MB for activations/);
    await expect(engine.forward(parameters, batch)).resolves.toHaveLength(11 * 9);
    engine.dispose();
  });

  it("computes in one worker with a memory of its own, with the same bits, where memory cannot be shared", async () => {
    const results = [];
    for (const isolated of [true, false]) {
      Object.assign(globalThis, { crossOriginIsolated: isolated });
      const engine = (await loadWasmEngine(BASE, { threads: 2 }))!;
      const gradient = new Float32Array(parameters.length);
      const errors = await engine.squaredError(parameters, batch, target, gradient);
      const output = await engine.forward(parameters, batch);
      const norm = await engine.updater.gradientNorm(gradient);
      const state = createOptimizerState(parameters.slice(), OPTIONS);
      await optimizerStep(
        engine.updater,
        state,
        gradient,
        5e-3,
        1 / norm,
        OPTIONS,
        matrixBlocks(egnnLayout(BASE)),
      );
      results.push({ errors, output, gradient, norm, state });
      engine.dispose();
    }
    Reflect.deleteProperty(globalThis, "crossOriginIsolated");
    expect(results[1]).toEqual(results[0]);
  });

  it("says so where its worker runs out of memory, and goes on", async () => {
    Object.assign(globalThis, { crossOriginIsolated: false });
    const engine = (await loadWasmEngine(BASE))!;
    Reflect.deleteProperty(globalThis, "crossOriginIsolated");
    const huge = randomBatch(BASE, [20_000]);
    await expect(engine.forward(parameters, huge)).rejects.toThrow(/out of memory/);
    await expect(engine.forward(parameters, batch)).resolves.toHaveLength(11 * 9);
    engine.dispose();
  });

  it("keeps its memory over 1,000 steps", async () => {
    const engine = (await loadWasmEngine(BASE, { threads: 2 }))!;
    const gradient = new Float32Array(parameters.length);
    const steps = async (count: number): Promise<number> => {
      for (let k = 0; k < count; k++) await engine.squaredError(parameters, batch, target, gradient);
      return process.memoryUsage().rss;
    };
    const before = await steps(200);
    const after = await steps(1000);
    expect((after - before) / 1e6).toBeLessThan(16);
    engine.dispose();
  });
});

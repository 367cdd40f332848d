import { describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/open-engine.ts";
import type { DynamicsConfig } from "../../src/nets/egnn/dynamics-layout.ts";
import { randomBatch, randomParameters, randomTarget } from "../engines/cases.ts";
import { relativeDifference } from "../shared.ts";
import { TINY } from "./tiny-network.ts";
import { webgpu } from "./webgpu.ts";

/** Counts calls of methods of a WebGPU interface. */
function counted(owner: string, ...methods: readonly string[]): () => number {
  const prototype = (globalThis as unknown as Record<string, { readonly prototype: object }>)[owner]
    .prototype;
  let calls = 0;
  for (const method of methods) {
    const original = Reflect.get(prototype, method) as (...values: unknown[]) => unknown;
    Reflect.set(prototype, method, function (this: unknown, ...values: unknown[]) {
      calls++;
      return original.apply(this, values);
    });
  }
  return () => calls;
}

describe.skipIf(!webgpu.available)(`jax-js on WebGPU (${webgpu.reason})`, () => {
  const config: DynamicsConfig = { ...TINY, hidden: 16, layers: 1 };
  const parameters = randomParameters(config);
  const sizes = [5, 5, 4];

  test("computes outputs and gradients of the CPU", async () => {
    const batch = randomBatch(config, sizes);
    const target = randomTarget(config, batch);
    const results = [];
    for (const device of ["cpu", "webgpu"] as const) {
      const engine = await openEngine(
        { denoiser: config },
        device === "cpu" ? { engine: "wasm" } : { device },
      );
      expect(engine.name).toContain(device === "cpu" ? "wasm" : "webgpu");
      const gradient = new Float32Array(parameters.length);
      const { position, feature } = await engine.squaredError(parameters, batch, target, gradient);
      results.push([await engine.forward(parameters, batch), gradient, position, feature]);
      engine.dispose();
    }
    const [expected, found] = results;
    for (const [k, values] of expected.entries())
      expect(relativeDifference(found[k], values)).toBeLessThan(1e-5);
  });

  test("compiles for the first batch of a shape and never again", async () => {
    const engine = await openEngine({ denoiser: config }, { device: "webgpu" });
    const compiled = counted("GPUDevice", "createComputePipeline", "createComputePipelineAsync");
    const dispatched = counted("GPUComputePassEncoder", "dispatchWorkgroups");
    const gradient = new Float32Array(parameters.length);
    const step = async (seed: number): Promise<void> => {
      const batch = randomBatch(config, [6, 6, 5], seed);
      const moved = parameters.map((p) => p * (1 + 1e-3 * seed));
      await engine.squaredError(moved, batch, randomTarget(config, batch, seed), gradient);
      await engine.forward(moved, batch);
    };
    await step(0);
    const [compiledFirst, dispatchedFirst] = [compiled(), dispatched()];
    expect(compiledFirst).toBeGreaterThan(0);
    for (let seed = 1; seed <= 5; seed++) await step(seed);
    expect(compiled()).toBe(compiledFirst);
    expect(dispatched()).toBe(6 * dispatchedFirst);
    engine.dispose();
  });
});

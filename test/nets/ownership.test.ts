import { expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";

// jax-js does not tell how many arrays are alive. Its WebAssembly backend keeps one entry for each live buffer
// ({ ptr, size, ref }) in a Map of its own, and all data in one WebAssembly.Memory: catch both as it is loaded.
const maps: Map<unknown, unknown>[] = [];
const memories: WebAssembly.Memory[] = [];
const [PlainMap, PlainMemory] = [globalThis.Map, WebAssembly.Memory];
globalThis.Map = class<K, V> extends PlainMap<K, V> {
  constructor(entries?: Iterable<readonly [K, V]> | null) {
    super(entries);
    maps.push(this as unknown as Map<unknown, unknown>);
  }
} as MapConstructor;
WebAssembly.Memory = class extends PlainMemory {
  constructor(descriptor: WebAssembly.MemoryDescriptor) {
    super(descriptor);
    memories.push(this);
  }
};
const { jax } = await import("../../src/platform/jax.ts");
globalThis.Map = PlainMap;
WebAssembly.Memory = PlainMemory;

const { createJaxEngine } = await import("../../src/engines/jax-engine.ts");
const { dynamicsLayout } = await import("../../src/nets/egnn/dynamics-layout.ts");
const { initialParameters } = await import("../../src/nets/layers/parameters.ts");
const { TINY } = await import("./tiny-network.ts");
const { createOptimizerState, optimizerStep, plainUpdater } = await import("../../src/train/optimizer.ts");
await jax.init("wasm");

const isBuffer = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "ptr" in value && "size" in value && "ref" in value;

/** Buffers that the backend holds, and the bytes of its memory. */
function held(): { readonly buffers: number; readonly bytes: number } {
  const buffers = maps.filter((map) => isBuffer(map.values().next().value));
  expect(buffers, "the table of live buffers").toHaveLength(1);
  return {
    buffers: buffers[0].size,
    bytes: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0),
  };
}

test("50 training steps leave as many live arrays, and as much memory, as the first few", async () => {
  const engine = createJaxEngine(TINY);
  const options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, amsgrad: true };
  const rates = { ...options, learningRate: 1e-3, emaDecay: 0.99 };
  const state = createOptimizerState(initialParameters(dynamicsLayout(TINY), 1), options);
  const gradient = new Float32Array(state.parameters.length);
  const sizes = Int32Array.of(5, 5, 4);
  const step = async (index: number): Promise<number> => {
    const random = stream({ seed: 1, purpose: "test", index });
    const batch = {
      sizes,
      positions: random.normals(new Float32Array(42)),
      features: random.normals(new Float32Array(98)),
    };
    const weight = new Float32Array(3).fill(1);
    const target = {
      target: random.normals(new Float32Array(126)),
      positionWeight: weight,
      featureWeight: weight,
    };
    const { position } = await engine.squaredError(state.parameters, batch, target, gradient);
    await optimizerStep(plainUpdater, state, gradient, 1e-3, 1, rates);
    await engine.forward(state.parameters, batch);
    return position[0];
  };
  for (let k = 0; k < 5; k++) await step(k);
  const before = held();
  expect(before.buffers).toBeGreaterThan(10); // the parameters, at least
  for (let k = 5; k < 50; k++) expect(await step(k)).toBeGreaterThan(0);
  expect(held()).toEqual(before);
  engine.dispose();
});

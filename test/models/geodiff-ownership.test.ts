import { expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";

// As in test/nets/ownership.test.ts: jax-js does not tell how many arrays are alive, but its WebAssembly backend
// keeps one entry for each live buffer ({ ptr, size, ref }) in a Map of its own.
const maps: Map<unknown, unknown>[] = [];
const PlainMap = globalThis.Map;
globalThis.Map = class<K, V> extends PlainMap<K, V> {
  constructor(entries?: Iterable<readonly [K, V]> | null) {
    super(entries);
    maps.push(this as unknown as Map<unknown, unknown>);
  }
} as MapConstructor;
const { jax } = await import("../../src/platform/jax.ts");
globalThis.Map = PlainMap;

const { loadRdkit } = await import("../../src/chem/rdkit.ts");
const { graphOfSmiles } = await import("../../src/chem/rdkit-graph.ts");
const { graphChannels } = await import("../../src/models/geodiff/channels.ts");
const { geoDiffConfigSchema } = await import("../../src/models/geodiff/config.ts");
const { createJaxConformerNetwork } = await import("../../src/models/geodiff/network.ts");
const { initialParameters } = await import("../../src/nets/layers/parameters.ts");
await jax.init("wasm");

const isBuffer = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "ptr" in value && "size" in value && "ref" in value;

/** Buffers that the backend holds. */
function held(): number {
  const buffers = maps.filter((map) => isBuffer(map.values().next().value));
  expect(buffers, "the table of live buffers").toHaveLength(1);
  return buffers[0].size;
}

test("training steps and predictions of the conformer network leave no arrays behind", async () => {
  const config = geoDiffConfigSchema.parse({
    kind: "conformers",
    format: 1,
    network: { hidden: 16, localLayers: 1, globalLayers: 1 },
    schedule: { kind: "polynomial" },
    parameterisation: "alignment",
    elements: [1, 6, 7, 8],
  });
  const { topology, stereo } = graphOfSmiles(await loadRdkit(), "C[C@H](O)/C=C/N");
  const graphs = [graphChannels(topology, stereo, config.elements)];
  const network = createJaxConformerNetwork(config);
  const parameters = initialParameters(network.layout, 1);
  const n = 3 * graphs[0].size;
  const step = async (index: number): Promise<void> => {
    const random = stream({ seed: 1, purpose: "test", index });
    const positions = random.normals(new Float64Array(n));
    const input = { graphs, positions, sigma: [1] };
    const gradient = new Float32Array(parameters.length);
    await network.loss(parameters, input, random.normals(new Float64Array(n)), Float64Array.of(1), gradient);
    await network.displacement(parameters, input);
  };
  for (let k = 0; k < 2; k++) await step(k);
  const before = held();
  for (let k = 2; k < 6; k++) await step(k);
  expect(held()).toBe(before);
  network.dispose();
});

import { beforeAll, describe, expect, test } from "vitest";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import type { GeoDiffKernel } from "../../src/engines/geodiff/geodiff-kernel.ts";
import { loadNativeGeoDiff } from "../../src/engines/geodiff/geodiff-native.ts";
import { loadWasmGeoDiff } from "../../src/engines/geodiff/geodiff-wasm.ts";
import { wasmVariants } from "../../src/engines/wasm-module.ts";
import { stream } from "../../src/math/random.ts";
import { center } from "../../src/math/superposition.ts";
import { type GraphChannels, graphChannels } from "../../src/models/geodiff/channels.ts";
import { geoDiffConfigSchema, geoDiffNetwork } from "../../src/models/geodiff/config.ts";
import {
  type ConformerNetwork,
  compiledConformerNetwork,
  createJaxConformerNetwork,
} from "../../src/models/geodiff/network.ts";
import { noisedTargets } from "../../src/models/geodiff/objective.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { relativeDifference } from "../shared.ts";

const CONFIG = geoDiffConfigSchema.parse({
  kind: "conformers",
  format: 1,
  network: { hidden: 32, localLayers: 2, globalLayers: 1, cutoff: 4 },
  schedule: { kind: "polynomial" },
  parameterisation: "alignment",
  elements: [1, 6, 7, 8, 9],
});

const INSTRUCTION_SETS = ["AVX-512", "AVX2", "SSE", "NEON"];
const available = INSTRUCTION_SETS.filter((isa) => {
  try {
    const kernel = loadNativeGeoDiff(geoDiffNetwork(CONFIG), { isa });
    kernel?.dispose();
    return kernel !== undefined;
  } catch {
    return false; // not of this processor
  }
});
const builds: [name: string, open: (threads: number) => Promise<GeoDiffKernel | undefined>][] = [
  ...available.map((isa): (typeof builds)[number] => [
    `native ${isa}`,
    async (threads) => loadNativeGeoDiff(geoDiffNetwork(CONFIG), { isa, threads }),
  ]),
  ...wasmVariants().map((variant): (typeof builds)[number] => [
    `wasm ${variant}`,
    () => loadWasmGeoDiff(geoDiffNetwork(CONFIG), { variant }),
  ]),
];

let jax: ConformerNetwork;
let graphs: GraphChannels[];
let noised: ReturnType<typeof noisedTargets>;
const sigma = [0.2, 1.5, 0.01, 30, 0.7];
beforeAll(async () => {
  await prepareRuntime("cpu");
  jax = createJaxConformerNetwork(CONFIG);
  const rdkit = await loadRdkit();
  graphs = ["C[C@H](O)/C=C/F", "CC(=O)N", "O", "c1ccncc1CC", "CC#N"].map((smiles) => {
    const { topology, stereo } = graphOfSmiles(rdkit, smiles);
    return graphChannels(topology, stereo, CONFIG.elements);
  });
  const random = stream({ seed: 1, purpose: "test" });
  const draw = (size: number): Float64Array => center(random.normals(new Float64Array(3 * size)));
  const positions = graphs.map(({ size }) => draw(size).map((value) => 1.5 * value));
  const noise = Float64Array.from(graphs.flatMap(({ size }) => [...draw(size)]));
  noised = noisedTargets(graphs, positions, noise, sigma, "alignment", 1.5);
});

describe.each(builds)("%s", (_, open) => {
  const opened = async (threads: number): Promise<ConformerNetwork> => {
    const kernel = await open(threads);
    if (kernel === undefined) throw new Error("not built");
    return compiledConformerNetwork(CONFIG, kernel);
  };

  test("displacements, losses and gradients are those of the readable definition", async () => {
    const network = await opened(1);
    const parameters = initialParameters(jax.layout, 5);
    const input = { graphs, positions: noised.noised, sigma };
    const [expected, gradient] = [new Float32Array(parameters.length), new Float32Array(parameters.length)];
    const theirs = await jax.displacement(parameters, input);
    expect(relativeDifference(await network.displacement(parameters, input), theirs)).toBeLessThan(1e-5);
    const losses = await jax.loss(parameters, input, noised.target, noised.weight, expected);
    const ours = await network.loss(parameters, input, noised.target, noised.weight, gradient);
    expect(relativeDifference(ours, losses)).toBeLessThan(1e-5);
    expect(relativeDifference(gradient, expected)).toBeLessThan(1e-4);
    for (const [index] of expected.entries())
      if (Math.abs(gradient[index] - expected[index]) > 1e-3 * Math.abs(expected[index]) + 1e-4)
        throw new Error(`gradient ${index}: ${gradient[index]} instead of ${expected[index]}`);
    network.dispose();
  });

  test("results do not depend on the number of threads", async () => {
    const [one, three] = [await opened(1), await opened(3)];
    const parameters = initialParameters(jax.layout, 6);
    const input = { graphs, positions: noised.noised, sigma };
    const [a, b] = [new Float32Array(parameters.length), new Float32Array(parameters.length)];
    await one.loss(parameters, input, noised.target, noised.weight, a);
    await three.loss(parameters, input, noised.target, noised.weight, b);
    expect(b).toEqual(a);
    expect(await three.displacement(parameters, input)).toEqual(await one.displacement(parameters, input));
    one.dispose();
    three.dispose();
  });

  test("parameters that change are noticed, graphs that do not fit are refused", async () => {
    const network = await opened(1);
    const input = { graphs, positions: noised.noised, sigma };
    const [first, second] = [initialParameters(jax.layout, 7), initialParameters(jax.layout, 8)];
    const before = await network.displacement(first, input);
    const other = await network.displacement(second, input);
    expect(relativeDifference(other, before)).toBeGreaterThan(0.1);
    expect(await network.displacement(first, input)).toEqual(before);
    const far = graphs.map((graph, k) =>
      k === 0 ? { ...graph, local: graph.local.map((i) => i + 99) } : graph,
    );
    await expect(network.displacement(first, { ...input, graphs: far })).rejects.toThrow(
      "an atom is out of range",
    );
    await expect(network.displacement(first.subarray(1), input)).rejects.toThrow("parameters");
    network.dispose();
  });
});

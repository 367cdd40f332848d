import { expect, test } from "vitest";
import { atomwiseOutputs, geometricLayout } from "../../../src/nets/geometric.ts";
import { disposeGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { parameterTree } from "../../../src/nets/layers/tensors.ts";
import { jax, np } from "../../../src/platform/jax.ts";
import { maxDifference } from "../../shared.ts";
import { graph64, lively, randomMolecules, SMALL } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

test.each(Object.entries(SMALL))(
  "%s: atoms do not notice how much room the arrays have",
  async (_, config) => {
    const { positions, species } = randomMolecules([5], 6);
    const outputs = async (N: number): Promise<Float64Array> => {
      const x = new Float64Array(3 * N);
      x.set(positions);
      const graph = graph64(species, config.types, N);
      const parameters = parameterTree(geometricLayout(config), Float64Array.from(lively(config)));
      const found = atomwiseOutputs(config, parameters, np.array(x, { shape: [1, N, 3] }), graph);
      disposeGraph(graph);
      return (await found.data()) as unknown as Float64Array;
    };
    const exact = await outputs(5);
    const padded = await outputs(7);
    expect(Math.hypot(...exact)).toBeGreaterThan(1e-2);
    // jax-js computes sin, cos and exp of doubles to seven digits, differently in the lanes of a vector.
    expect(maxDifference(padded.subarray(0, 5), exact)).toBeLessThan(1e-6 * Math.hypot(...exact));
    expect(Math.max(...padded.subarray(5).map(Math.abs))).toBe(0);
  },
);

import { expect, test } from "vitest";
import { createJaxAtomwiseEngine } from "../../../src/engines/jax-atomwise-engine.ts";
import { pool } from "../../../src/models/geometric/outputs.ts";
import { geometricLayout } from "../../../src/nets/geometric.ts";
import {
  type VectorOutput,
  vectorOutput,
  vectorOutputLayout,
} from "../../../src/nets/layers/gated-equivariant.ts";
import { disposeGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { initialParameters } from "../../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../../src/nets/layers/tensors.ts";
import { type PainnConfig, type PainnParameters, painn, painnLayout } from "../../../src/nets/painn/painn.ts";
import { jax, np } from "../../../src/platform/jax.ts";
import { rotationMatrix } from "../../rotations.ts";
import { maxDifference } from "../../shared.ts";
import { graph64, randomMolecules, turned } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const config: PainnConfig = {
  ...{ types: 3, hidden: 16, layers: 2 },
  radial: { kind: "bessel", count: 8, cutoff: 4 },
};

test("a dipole moment of charges and vectors stays as it is when the molecule turns, moves or is mirrored, and its gradient is its slope", async () => {
  const network = { kind: "painn", vectors: true, ...config } as const;
  const engine = createJaxAtomwiseEngine(network);
  const parameters = initialParameters(geometricLayout(network), 3);
  const batch = randomMolecules([6, 4], 9);
  const dipoles = async (p: Float32Array, positions = batch.positions) => {
    const outputs = await engine.outputs(p, { ...batch, positions });
    return [0, 6].map((first, m) => {
      const end = first + batch.sizes[m];
      const molecule = {
        atomicNumbers: batch.species.subarray(first, end),
        positions: positions.subarray(3 * first, 3 * end),
      };
      return pool("dipole", molecule, outputs.subarray(4 * first, 4 * end));
    });
  };
  const before = await dipoles(parameters);
  expect(Math.min(...before.map(({ value }) => value))).toBeGreaterThan(1e-2);
  for (const determinant of [1, -1] as const) {
    const after = await dipoles(parameters, turned(batch.positions, rotationMatrix(5, determinant), 1.5));
    after.forEach(({ value }, m) => {
      expect(value).toBeCloseTo(before[m].value, 5);
    });
  }
  const gradient = new Float32Array(parameters.length);
  const slopes = Float32Array.from(before.flatMap(({ derivative }) => [...derivative]));
  await engine.parameterGradient(parameters, batch, slopes, gradient);
  const norm = Math.hypot(...gradient);
  const at = async (h: number): Promise<number> => {
    const moved = parameters.map((value, k) => value + (h * gradient[k]) / norm);
    return (await dipoles(moved)).reduce((sum, { value }) => sum + value, 0);
  };
  expect(((await at(1e-2)) - (await at(-1e-2))) / 2e-2 / norm).toBeCloseTo(1, 2);
  engine.dispose();
});

test("PaiNN's direct vectors turn along with rotations and reflections and ignore translations", async () => {
  const { positions, species } = randomMolecules([6], 9);
  const tree = (layout: ReturnType<typeof painnLayout>) =>
    parameterTree(layout, Float64Array.from(initialParameters(layout, 3)));
  const vectorsAt = async (x: Float64Array): Promise<Float64Array> => {
    const graph = graph64(species, 3);
    const features = painn(
      config,
      tree(painnLayout(config)) as unknown as PainnParameters,
      np.array(x.slice(), { shape: [1, 6, 3] }),
      graph,
    );
    disposeGraph(graph);
    const output = tree(vectorOutputLayout(16)) as unknown as VectorOutput;
    const { scalars, vectors } = vectorOutput(output, features.scalars, features.vectors);
    scalars.dispose();
    return (await vectors.data()) as unknown as Float64Array;
  };
  const before = await vectorsAt(positions);
  expect(Math.hypot(...before)).toBeGreaterThan(1e-2);
  for (const determinant of [1, -1] as const) {
    const R = rotationMatrix(5, determinant);
    expect(maxDifference(await vectorsAt(turned(positions, R, 1.5)), turned(before, R))).toBeLessThan(1e-9);
  }
});

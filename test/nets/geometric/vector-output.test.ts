import { expect, test } from "vitest";
import { type VectorOutput, vectorOutput, vectorOutputLayout } from "../../../src/nets/gated-equivariant.ts";
import { disposeGraph } from "../../../src/nets/molecular-graph.ts";
import { type PainnConfig, type PainnParameters, painn, painnLayout } from "../../../src/nets/painn.ts";
import { initialParameters, parameterTree } from "../../../src/nets/parameters.ts";
import { jax, np } from "../../../src/runtime/jax.ts";
import { rotationMatrix } from "../../rotations.ts";
import { maxDifference } from "../../shared.ts";
import { graph64, randomMolecules, turned } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const config: PainnConfig = {
  ...{ types: 3, hidden: 16, layers: 2 },
  radial: { kind: "bessel", count: 8, cutoff: 4 },
};

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

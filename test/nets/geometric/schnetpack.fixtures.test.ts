/** SchNet against SchNetPack's own numbers (torch, CPU): representation, energy, forces, gradients. */
import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../src/formats/safetensors.ts";
import { geometricLayout } from "../../../src/nets/geometric.ts";
import { disposeGraph, type MolecularGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { layoutSize } from "../../../src/nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../../../src/nets/layers/tensors.ts";
import { readSchnetpackWeights } from "../../../src/nets/painn/schnetpack-weights.ts";
import { type SchnetParameters, schnet, schnetLayout } from "../../../src/nets/schnet/schnet.ts";
import { jax, np } from "../../../src/platform/jax.ts";
import { type FixtureTensor, maxDifference, readFixture } from "../../shared.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

interface Fixture {
  readonly weights: Readonly<Record<string, FixtureTensor>>;
  readonly grads: Readonly<Record<string, FixtureTensor>>;
  readonly [name: string]: unknown;
}

const ELEMENTS = [1, 6, 7, 8, 9];

describe("SchNet against SchNetPack", () => {
  const fixture = readFixture<Fixture>("schnetpack_schnet");
  const part = (name: string): FixtureTensor => fixture[name] as FixtureTensor;
  const tensors = new Map<string, Tensor>(
    Object.entries(fixture.weights).map(([name, { shape, data }]) => [
      name,
      { dtype: "F32", shape, data: Float32Array.from(data) },
    ]),
  );
  const { config, parameters } = readSchnetpackWeights(tensors, ELEMENTS);
  if (config.kind !== "schnet") throw new Error("the fixture is SchNet's");
  const layout = schnetLayout(config);
  const weights = parameters.subarray(0, layoutSize(layout));
  const atoms = part("atomic_numbers").data;
  const molecules = part("molecule_of_atom").data;
  const A = atoms.length;

  /** All atoms in one row; pairs are those of one molecule. */
  const graph = (): MolecularGraph => ({
    species: np.array(Float64Array.from(atoms.flatMap((z) => ELEMENTS.map((own) => Number(own === z)))), {
      shape: [1, A, ELEMENTS.length],
    }),
    atoms: np.array(new Float64Array(A).fill(1), { shape: [1, A, 1] }),
    pairs: np.array(
      Float64Array.from({ length: A * A }, (_, k) => {
        const [i, j] = [Math.floor(k / A), k % A];
        return Number(i !== j && molecules[i] === molecules[j]);
      }),
      { shape: [1, A, A, 1] },
    ),
  });
  const represent = (tree: ParameterTree, x: np.Array): np.Array => {
    const own = graph();
    const features = schnet(config, tree as unknown as SchnetParameters, x, own);
    disposeGraph(own);
    return features;
  };
  const scale = Float64Array.from({ length: config.hidden }, (_, k) => -1 + (2 * k) / (config.hidden - 1));
  const energy = (x: np.Array, tree: ParameterTree): np.Array =>
    represent(tree, x).mul(np.array(scale.slice())).sum();
  const tree = (): ParameterTree => parameterTree(layout, Float64Array.from(weights));
  const x = (): np.Array => np.array(Float64Array.from(part("positions").data), { shape: [1, A, 3] });

  test("sizes, basis and cutoff are read from the tensors", () => {
    expect(config).toMatchObject({ hidden: 24, filters: 16, layers: 3 });
    expect(config.radial).toEqual({ kind: "gaussian", count: 20, cutoff: 5 });
    expect(parameters.length).toBe(layoutSize(geometricLayout(config)));
  });

  test("representation", async () => {
    const found = await represent(tree(), x()).data();
    const size = Math.max(...part("scalar_representation64").data.map(Math.abs));
    expect(maxDifference(found, part("scalar_representation64").data)).toBeLessThan(2e-6 * size);
    expect(maxDifference(found, part("scalar_representation").data)).toBeLessThan(5e-6 * size);
  });

  test("energy and its gradient by positions", async () => {
    const [value, slope] = jax.valueAndGrad(energy)(x(), tree()) as unknown as [np.Array, np.Array];
    const [expected] = part("E").data;
    expect(Math.abs((await value.data())[0] - expected)).toBeLessThan(1e-5 * Math.abs(expected));
    const wanted = part("dE_dpos").data;
    const size = Math.max(...wanted.map(Math.abs));
    expect(maxDifference(await slope.data(), wanted)).toBeLessThan(1e-5 * size);
  });

  test("gradient by every parameter", async () => {
    const byParameters = jax.grad((p: ParameterTree, at: np.Array) => energy(at, p))(tree(), x());
    const found = new Float32Array(layoutSize(layout));
    await readTree(layout, byParameters, found);
    let offset = 0;
    for (const { name, shape } of layout) {
      const size = shape.reduce((a, b) => a * b, 1);
      const own = found.subarray(offset, offset + size);
      offset += size;
      const { data } = fixture.grads[name];
      const wanted =
        name === "embedding.weight"
          ? ELEMENTS.flatMap((z) => data.slice(z * config.hidden, (z + 1) * config.hidden))
          : data;
      const norm = Math.hypot(...wanted);
      expect(Math.hypot(...own.map((value, k) => value - wanted[k])), name).toBeLessThan(2e-5 * norm);
    }
  });

  test("weights of another network say so", () => {
    const without = new Map(tensors);
    without.delete("interactions.1.f2out.0.bias");
    expect(() => readSchnetpackWeights(without, ELEMENTS)).toThrow(
      /"representation.interactions.1.f2out.0.bias" is missing/,
    );
    expect(() => readSchnetpackWeights(new Map(), ELEMENTS)).toThrow(/not SchNetPack's weights/);
    expect(() => readSchnetpackWeights(tensors, [118])).toThrow(/no row for element "Og"/);
  });
});

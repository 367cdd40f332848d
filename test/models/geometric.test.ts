import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/open-engine.ts";
import { stream } from "../../src/math/random.ts";
import { moleculeProblem } from "../../src/models/geometric/check.ts";
import {
  type GeometricModelConfig,
  geometricConfigSchema,
  networkOf,
  POOLINGS,
} from "../../src/models/geometric/config.ts";
import { loadGeometric, saveGeometric } from "../../src/models/geometric/folder.ts";
import {
  forceFieldPotential,
  type GeometricModel,
  predictProperty,
} from "../../src/models/geometric/model.ts";
import { pool } from "../../src/models/geometric/outputs.ts";
import { predictions } from "../../src/models/geometric/predict.ts";
import { geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { atomReferences } from "../../src/train/geometric/normalisation.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "equimol-geometric-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const water = {
  atomicNumbers: new Uint8Array([8, 1, 1]),
  positions: Float64Array.of(0, 0, 0.117, 0, 0.757, -0.471, 0, -0.757, -0.471),
};
/** Without symmetry: on a plane of symmetry PaiNN's norms of vectors may have a kink. */
const peroxide = {
  atomicNumbers: new Uint8Array([8, 8, 1, 1]),
  positions: Float64Array.of(0, 0, 0, 1.4, 0.1, -0.2, -0.3, 0.9, 0.1, 1.6, 0.2, 0.75),
};
const modelOf = (kind: GeometricModelConfig["kind"]): GeometricModel => {
  const config = geometricConfigSchema.parse({
    kind,
    format: 1,
    network: { kind: "painn", hidden: 32, layers: 2 },
    output: { property: "energy", unit: "eV", pooling: "sum", scale: 2, references: [1, -3], offset: 0.5 },
    elements: [1, 8],
  });
  return { config, parameters: initialParameters(geometricLayout(networkOf(config)), 1) };
};

describe("pooling", () => {
  const outputs = stream({ seed: 1, purpose: "test" }).normals(new Float64Array(3));

  test.each(POOLINGS)("the derivative of %s is its slope", (pooling) => {
    const { derivative } = pool(pooling, water, outputs);
    for (let i = 0; i < 3; i++) {
      const at = (h: number): number => {
        const moved = outputs.slice();
        moved[i] += h;
        return pool(pooling, water, moved).value;
      };
      expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(derivative[i], 7);
    }
  });

  test.each(POOLINGS)("%s does not depend on where the molecule is", (pooling) => {
    const moved = { ...water, positions: water.positions.map((x, k) => x + [3, -2, 7][k % 3]) };
    expect(pool(pooling, moved, outputs).value).toBeCloseTo(pool(pooling, water, outputs).value, 10);
  });

  test("dipoles of atoms: the derivative is the slope, and the whole is their sum where there are no charges", () => {
    const four = stream({ seed: 2, purpose: "test" }).normals(new Float64Array(12));
    const { derivative } = pool("dipole", water, four);
    four.forEach((_, k) => {
      const at = (h: number): number => pool("dipole", water, four.with(k, four[k] + h)).value;
      expect((at(1e-5) - at(-1e-5)) / 2e-5).toBeCloseTo(derivative[k], 7);
    });
    const neutral = Float64Array.of(0.7, 1, 2, 3, 0.7, 0, 0, -1, 0.7, 1, 0, 4); // equal charges are none
    expect(pool("dipole", water, neutral).value).toBeCloseTo(Math.hypot(2, 2, 6), 12);
  });

  test("the dipole of two opposite charges is charge times distance", () => {
    const pair = { atomicNumbers: [1, 1], positions: [0, 0, 0, 0, 3, 4] };
    expect(pool("dipole", pair, [0.5, -0.5]).value).toBeCloseTo(2.5, 12);
    expect(pool("dipole", pair, [1.5, 0.5]).value).toBeCloseTo(2.5, 12); // neutralised
  });
});

test("references of atoms are found where the values are sums over atoms, and for a single composition", () => {
  const species = [[0], [0, 0, 1], [1, 1], [0, 1]];
  const value = (s: readonly number[]): number => s.reduce((sum, k) => sum + [-0.5, -75][k], 0);
  const { references, offset } = atomReferences(
    species.map((s) => ({ species: s, value: value(s) })),
    2,
  );
  expect(references[0]).toBeCloseTo(-0.5, 6);
  expect(references[1]).toBeCloseTo(-75, 6);
  expect(offset).toBeCloseTo(0, 6);
  const single = atomReferences(
    [10, 12, 14].map((v) => ({ species: [0, 0, 1], value: v })),
    2,
  );
  expect(2 * single.references[0] + single.references[1] + single.offset).toBeCloseTo(12, 9);
});

describe("a model", () => {
  test("comes back from its folder as it was saved", async () => {
    const model = modelOf("forcefield");
    await saveGeometric(join(folder, "a"), model);
    expect(await loadGeometric(join(folder, "a"))).toEqual(model);
  });

  test("says which key or tensor is of another network", async () => {
    const model = modelOf("forcefield");
    await saveGeometric(join(folder, "b"), model);
    const config = { ...model.config, network: { ...model.config.network, hidden: 64 } };
    writeFileSync(join(folder, "b/config.json"), JSON.stringify(config));
    await expect(loadGeometric(join(folder, "b"))).rejects.toThrow(
      /"representation.embedding.weight" is F32 \[2, 32\], expected F32 \[2, 64\]/,
    );
    writeFileSync(join(folder, "b/config.json"), JSON.stringify({ ...config, elements: [1] }));
    await expect(loadGeometric(join(folder, "b"))).rejects.toThrow(/output.references: one reference/);
  });

  test("as a potential has forces that are minus the slope of its energy, and the energies of predictions", async () => {
    const model = modelOf("forcefield");
    const engine = await openEngine({ atomwise: networkOf(model.config) });
    const potential = forceFieldPotential(model, engine);
    const { energies, forces } = await potential.evaluate(
      Float64Array.from([...peroxide.positions, ...peroxide.positions.map((x) => 1.1 * x)]),
      peroxide.atomicNumbers,
    );
    const found = [];
    for await (const prediction of predictions(model, engine, [peroxide])) found.push(prediction);
    const [predicted] = found;
    expect(predicted.value).toBeCloseTo(energies[0], 5);
    expect(potential.unit).toBe("eV");
    const h = 3e-3;
    for (const k of [2, 4]) {
      const at = async (step: number): Promise<number> => {
        const x = peroxide.positions.slice();
        x[k] += step;
        return (await potential.evaluate(x, peroxide.atomicNumbers)).energies[0];
      };
      const slope =
        (8 * ((await at(h)) - (await at(-h))) - ((await at(2 * h)) - (await at(-2 * h)))) / (12 * h);
      expect(Math.abs(slope + forces[k])).toBeLessThan(2e-3 * Math.hypot(...forces));
    }
    engine.dispose();
  });

  test("of a property predicts it, and has no forces", async () => {
    const model = modelOf("property");
    const engine = await openEngine({ atomwise: networkOf(model.config) });
    const [one, two] = await predictProperty(model, engine, [water, water]);
    expect(one).toBe(two);
    expect(() => forceFieldPotential(model, engine)).toThrow(/has no forces/);
    engine.dispose();
  });

  test("refuses what it cannot judge", () => {
    const { config } = modelOf("forcefield");
    const at = (z: number, d: number) => ({
      atomicNumbers: new Uint8Array([8, z]),
      positions: Float64Array.of(0, 0, 0, d, 0, 0),
    });
    expect(moleculeProblem(config, water)).toBeUndefined();
    expect(moleculeProblem(config, at(6, 1))).toMatch(/element "C" is not one that the model knows \(H O\)/);
    expect(moleculeProblem(config, at(1, 0.1))).toMatch(
      /atom 1 \(O\) and atom 2 \(H\) are less than 0.3 Å apart/,
    );
    expect(moleculeProblem(config, at(1, 6))).toMatch(/farther than the model's cutoff of 5 Å/);
  });
});

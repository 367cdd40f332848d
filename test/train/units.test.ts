import { expect, test } from "vitest";
import { datasetInfo } from "../../src/data/dataset-info.ts";
import { moleculeSetBuilder } from "../../src/data/molecule-set.ts";
import type { Dataset } from "../../src/data/store.ts";
import { stream } from "../../src/math/random.ts";
import { forceFieldData } from "../../src/train/geometric/data.ts";
import { methane } from "../chem/molecules.ts";

function dataset(unit?: string): Dataset {
  const builder = moleculeSetBuilder();
  for (let index = 0; index < 20; index++) {
    const random = stream({ seed: 2, purpose: "test", index });
    const { positions, ...rest } = methane();
    builder.add({
      ...rest,
      positions: positions.map((x) => x + 0.02 * random.normal()),
      forces: random.normals(new Float64Array(15)),
      properties: { energy: random.normal() },
    });
  }
  const train = builder.finish();
  const provenance = { command: "test", sources: [], options: {}, dropped: {} };
  const units = unit === undefined ? {} : { units: { energy: unit } };
  const info = datasetInfo({ name: "units", train, sha256: "0".repeat(64), provenance, ...units });
  return { info, train, valid: undefined, test: undefined };
}

test("a force field learns energies and forces in its own unit, whatever that of the data", () => {
  const notices: string[] = [];
  const options = { seed: 1, onNotice: (notice: string) => notices.push(notice) };
  const plain = forceFieldData(dataset(), { ...options, unit: "kcal/mol" });
  expect(notices.pop()).toMatch(/names no unit of energy .* taken to be in kcal\/mol/);
  const same = forceFieldData(dataset("kcal/mol"), { ...options, unit: "kcal/mol" });
  expect(same).toEqual(plain);
  expect(notices).toEqual([]);
  // 1 eV = 23.0605478 kcal/mol, 1 Hartree = 27.2113862 eV
  for (const [from, to, factor] of [
    ["eV", "kcal/mol", 23.060547830619],
    ["kcal/mol", "eV", 1 / 23.060547830619],
    ["Hartree", "eV", 27.211386245988],
    ["kJ/mol", "kcal/mol", 1 / 4.184],
  ] as const) {
    const { train, valid } = forceFieldData(dataset(from), { ...options, unit: to });
    for (const [set, own] of [
      [train, plain.train],
      [valid, plain.valid],
    ]) {
      expect(set.properties.energy[0] / own.properties.energy[0]).toBeCloseTo(factor, 8);
      expect((set.forces as Float64Array)[4] / (own.forces as Float64Array)[4]).toBeCloseTo(factor, 8);
    }
    expect(notices.pop()).toBe(
      `data set "units" has energies in ${from}: they and the forces are converted to ${to}`,
    );
  }
  expect(() => forceFieldData(dataset("D"), { ...options, unit: "eV" })).toThrow(
    'data set "units" has energies in "D", which is no unit of energy',
  );
});

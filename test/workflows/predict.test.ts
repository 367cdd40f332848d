import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { InputError } from "../../src/errors.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { networkOf } from "../../src/models/geometric/config.ts";
import { loadGeometric, saveGeometric } from "../../src/models/geometric/folder.ts";
import type { GeometricModel } from "../../src/models/geometric/model.ts";
import { predictions } from "../../src/models/geometric/predict.ts";
import { geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { readMolecules, writeMolecules } from "../../src/platform/node/molecules.ts";
import { predictFiles } from "../../src/workflows/node/predict-files.ts";
import { predict } from "../../src/workflows/predict.ts";
import { methane, molecule } from "../chem/molecules.ts";
import { collect } from "../formats/molecules.ts";
import { isWhole, recorder, stopping } from "./events.ts";

const AMMONIA = molecule("N 0 0 0.1\nH 0.94 0 -0.27\nH -0.47 0.81 -0.27\nH -0.47 -0.81 -0.27");
const MOLECULES = [methane(), { ...AMMONIA, properties: { alpha: 9.5 } }];

/** A force field of one layer, not trained. */
function forceField(kind: "painn" | "schnet"): GeometricModel {
  const common = { hidden: 8, layers: 1, radial: { kind: "bessel", count: 6, cutoff: 4 } } as const;
  const network = kind === "painn" ? { kind, ...common } : { kind, ...common, filters: 8 };
  return {
    config: {
      kind: "forcefield",
      format: 1,
      network,
      elements: [1, 6, 7],
      output: {
        ...{ property: "energy", unit: "kcal/mol", pooling: "sum", scale: 1 },
        ...{ references: [-1, -2, -3], offset: 0 },
      },
      provenance: {},
    },
    parameters: initialParameters(geometricLayout({ ...network, types: 3 }), 1),
  };
}

let folder: string;
let alpha: GeometricModel;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "equimol-predict-"));
  alpha = await loadGeometric(findModel("qm9-alpha"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("predictions as a workflow", () => {
  test("are those of the network, with the errors where values are known", async () => {
    const engine = await openEngine({ atomwise: networkOf(alpha.config) });
    const expected = await collect(predictions(alpha, engine, MOLECULES));
    const { onEvent, progress } = recorder();
    const report = await predict({ model: alpha, molecules: MOLECULES, engine, onEvent });
    expect(await predict({ model: alpha, molecules: MOLECULES, engine })).toMatchObject({ mae: report.mae });
    engine.dispose();
    expect(report.molecules.map(({ value }) => value)).toEqual(expected.map(({ value }) => value));
    expect(report.molecules.map(({ index, known }) => [index, known])).toEqual([
      [1, undefined],
      [2, 9.5],
    ]);
    expect(report.mae).toBe(Math.abs(expected[1].value - 9.5));
    expect(report).toMatchObject({ property: "alpha", unit: alpha.config.output.unit, engine: engine.name });
    expect(report).not.toHaveProperty("forceMae");
    expect(isWhole(progress(), "molecules")).toBe(true);
  });

  test("say which engine computes and why not a faster one, and have forces where there are some", async () => {
    const { onEvent, texts } = recorder();
    const report = await predict({ model: forceField("schnet"), molecules: [methane()], onEvent });
    expect(texts("notice").join()).toMatch(/schnet.*computing with jax-js/);
    expect(report).toMatchObject({ forceUnit: "kcal/mol/Å", forceMae: null, mae: null });
    expect(report.molecules[0].forces).toHaveLength(15);
  });

  test("compare with energies and forces of any name and unit; what is chosen is said", async () => {
    const model = forceField("painn");
    const plain = await predict({ model, molecules: MOLECULES });
    // what the network says, a little off, as other programs write it
    const labelled = (unit: number, [energy, forces]: readonly [string, string], text?: string): Molecule[] =>
      plain.molecules.map(({ molecule, value, forces: found }) => ({
        ...molecule,
        properties: { [energy]: (value + 1) / unit, ...(text !== undefined && { energy_unit: text }) },
        atomColumns: {
          [forces]: { type: "real", width: 3, values: Array.from(found ?? [], (f) => (f + 0.5) / unit) },
        },
      }));
    const EV = 96.48533212331002 / 4.184;
    const HARTREE = 2625.4996394798254 / 4.184;
    for (const [unit, text] of [
      [1, "kcal/mol"],
      [EV, "eV"],
      [HARTREE, "Hartree"],
      [1 / 4.184, "kJ/mol"],
    ] as const)
      for (const keys of [
        ["REF_energy", "REF_forces"],
        ["dft_energy", "dft_forces"],
      ] as const) {
        const { onEvent, texts } = recorder();
        const report = await predict({ model, molecules: labelled(unit, keys, text), onEvent });
        expect(report.mae).toBeCloseTo(1, 5);
        expect(report.forceMae).toBeCloseTo(0.5, 5);
        expect(texts("notice").join("\n")).toContain(`${keys[0]} is taken for the energy (2 molecules)`);
        expect(texts("notice").join("\n")).toContain(`${keys[1]} is taken for the forces (2 molecules)`);
        expect(texts("notice").some((notice) => notice.includes("converted"))).toBe(unit !== 1);
      }
    const { onEvent, texts } = recorder();
    await predict({ model, molecules: labelled(1, ["energy", "forces_x"]), onEvent });
    expect(texts("notice").join("\n")).toContain("names no unit of energy");
    await expect(
      predict({ model, molecules: labelled(1, ["energy", "forces_x"], "furlong") }),
    ).rejects.toThrow(/^molecule 1: energy_unit "furlong" is not known/);
  });

  test("say that charges are not seen", async () => {
    const { onEvent, texts } = recorder();
    const ion = { ...AMMONIA, properties: { charge: 1 } };
    await predict({ model: forceField("painn"), molecules: [ion, AMMONIA], onEvent });
    expect(texts("notice")).toEqual([
      "a charge of +1 is not seen: the model knows elements and positions alone (1 molecule)",
    ]);
  });

  test("name the molecule that the model cannot judge", async () => {
    const argon = molecule("Ar 0 0 0");
    await expect(predict({ model: alpha, molecules: [methane(), argon] })).rejects.toThrow(
      /^molecule 2: element "Ar"/,
    );
  });

  test("stop with the signal's reason", async () => {
    const { reason, ...options } = stopping(({ done }) => done === 1);
    await expect(predict({ model: alpha, molecules: MOLECULES, ...options })).rejects.toBe(reason);
  });
});

describe("predictions for files", () => {
  test("come out with the molecules, and a stopped workflow leaves no file", async () => {
    await saveGeometric(join(folder, "model"), forceField("painn"));
    const input = join(folder, "in.extxyz");
    await writeMolecules(input, MOLECULES);
    const out = join(folder, "out.extxyz");
    const words = { model: join(folder, "model"), files: [input], out };
    const { reason, ...options } = stopping(({ done }) => done === 1);
    await expect(predictFiles({ ...words, ...options })).rejects.toBe(reason);
    expect(readdirSync(folder).sort()).toEqual(["in.extxyz", "model"]);

    const report = await predictFiles({ ...words, limit: 1 });
    expect(report.model).toBe(words.model);
    expect(report.molecules.map(({ file, index }) => [file, index])).toEqual([[input, 1]]);
    const [read] = await collect(readMolecules(out));
    expect(read.properties?.energy).toBe(report.molecules[0].value);
    expect(read.forces).toEqual(report.molecules[0].forces);
    expect(read.properties?.energy_unit).toBe("kcal/mol");

    const inEv = { ...MOLECULES[0], properties: { REF_energy: 2, kinetic_energy: 3, energy_unit: "eV" } };
    await writeMolecules(input, [inEv]);
    await predictFiles(words);
    const [{ properties = {} }] = await collect(readMolecules(out));
    expect(properties.energy_unit).toBe("kcal/mol"); // of all energies that are written
    expect(properties.REF_energy).toBeCloseTo(2 * 23.060547830619, 6);
    expect(properties.kinetic_energy).toBeCloseTo(3 * 23.060547830619, 6);
  });

  test("name options as their caller writes them", async () => {
    const wrong = predictFiles({
      ...{ model: "qm9-alpha", files: [], out: "x.sdf" },
      named: (option) => `<${option}>`,
    });
    await expect(wrong).rejects.toThrow(/<out> writes extended XYZ/);
    await expect(predictFiles({ model: "qm9-fast", files: [] })).rejects.toThrow(InputError);
  });
});

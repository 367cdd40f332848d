import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { inEnergyUnit, labelsOf, propertyOf } from "../../src/physics/labels.ts";
import {
  energyUnitNamed,
  FILE_ENERGY_UNIT_NAMES,
  type FileEnergyUnit,
  forceUnitNamed,
  kcalOf,
} from "../../src/physics/units.ts";

describe("units as files spell them", () => {
  test.each([
    ["eV", "eV"],
    ["EV", "eV"],
    ["kcal/mol", "kcal/mol"],
    ["kcal mol-1", "kcal/mol"],
    ["kcal mol^-1", "kcal/mol"],
    ["kcal/mole", "kcal/mol"],
    ["kJ/mol", "kJ/mol"],
    ["kJ mol−1", "kJ/mol"],
    ["Ha", "Hartree"],
    ["hartree", "Hartree"],
    ["a.u.", "Hartree"],
    ["atomic units", "Hartree"],
    ["Ry", "Rydberg"],
    ["cm^-1", "cm-1"],
    ["meV", "meV"],
    ["foo", undefined],
    ["eV/Å", undefined],
    ["constructor", undefined],
  ])("energy in %s", (text, unit) => {
    expect(energyUnitNamed(text)).toBe(unit);
  });

  test.each([
    ["eV/Å", "eV", 1],
    ["eV/Ang", "eV", 1],
    ["eV Å^-1", "eV", 1],
    ["eV/angstrom", "eV", 1],
    ["kcal/mol/Å", "kcal/mol", 1],
    ["kcal/(mol Å)", "kcal/mol", 1],
    ["kcal/(mol*Ang)", "kcal/mol", 1],
    ["kcal mol-1 Å-1", "kcal/mol", 1],
    ["Hartree/Bohr", "Hartree", 0.529177210903],
    ["Eh/a0", "Hartree", 0.529177210903],
    ["a.u.", "Hartree", 0.529177210903],
    ["kJ/mol/nm", "kJ/mol", 10],
  ] as const)("forces in %s", (text, energy, length) => {
    expect(forceUnitNamed(text)).toBeCloseTo(kcalOf(energy) / length, 10);
  });

  test("what is no unit of force is none", () => {
    for (const text of ["eV", "x/Å", "eV/x", "", "/"]) expect(forceUnitNamed(text)).toBeUndefined();
  });

  // CODATA 2018: 1 Hartree = 27.211386245988 eV = 219474.63136320 cm⁻¹ = 2625.4996394799 kJ/mol
  test("the constants are CODATA's", () => {
    expect(kcalOf("Hartree") / kcalOf("eV")).toBeCloseTo(27.211386245988, 8);
    expect(kcalOf("Hartree") / kcalOf("cm-1")).toBeCloseTo(219474.6313632, 3);
    expect(kcalOf("Hartree") / kcalOf("kJ/mol")).toBeCloseTo(2625.4996394799, 8);
    expect(kcalOf("Hartree") / kcalOf("Rydberg")).toBeCloseTo(2, 12);
  });
});

const atom = (
  properties: Molecule["properties"],
  columns: Record<string, readonly number[]> = {},
): Molecule => ({
  atomicNumbers: Uint8Array.of(1),
  positions: new Float64Array(3),
  properties,
  atomColumns: Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, { type: "real", width: 3, values }]),
  ),
});

describe("energies and forces as files call them", () => {
  test("every name with a method before or behind is taken, with a remark; its own name without one", () => {
    const method = fc
      .stringMatching(/^[a-z][a-z0-9]{2,5}$/)
      .filter((word) => !/^(std|var|mae|per|atom|unit|ref|free|zero|point|rmse|mask|error|delta)/.test(word));
    fc.assert(
      fc.property(
        method,
        fc.constantFrom("energy", "Energy", "total_energy"),
        fc.boolean(),
        (word, energy, before) => {
          const key = before ? `${word}_${energy}` : `${energy}_${word}`;
          const column = before ? `${word}_forces` : `forces_${word}`;
          const found = labelsOf(atom({ [key]: -5, kinetic_energy: 2 }, { [column]: [1, 2, 3] }));
          expect(found).toMatchObject({ energy: -5, forces: Float64Array.of(1, 2, 3) });
          expect(found.remarks.join("; ")).toContain(`${key} is taken for the energy`);
          expect(found.remarks.join("; ")).toContain(`${column} is taken for the forces`);
        },
      ),
      { numRuns: 50 },
    );
    expect(labelsOf(atom({ energy: -5 }))).toEqual({ energy: -5, remarks: [] });
  });

  test("other energies are none of the structure, and what is left is said", () => {
    for (const key of ["kinetic_energy", "free_energy", "formation_energy", "energy_per_atom", "energy_std"])
      expect(labelsOf(atom({ [key]: 1 })).energy).toBeUndefined();
    expect(labelsOf(atom({ free_energy: 1 })).remarks.join()).toContain("free_energy is not used");
    const both = labelsOf(atom({ REF_energy: 1, energy: 2, dft_energy: 3 }));
    expect(both.energy).toBe(2);
    expect(both.remarks.join()).toContain("REF_energy, dft_energy beside energy is not used");
    expect(labelsOf(atom({ dft_energy: 3, REF_energy: 1 })).energy).toBe(1);
  });

  test("a gradient is the negative force", () => {
    const { forces, remarks } = labelsOf(atom({ energy: 1 }, { dft_gradient: [1, -2, 0.5] }));
    expect(Array.from(forces ?? [])).toEqual([-1, 2, -0.5]);
    expect(remarks.join()).toContain("minus dft_gradient");
  });

  test("units: forces follow the unit of the energy; an unknown one is refused", () => {
    const { unit, forces, remarks } = labelsOf(
      atom({ energy: 1, energy_unit: "eV", forces_unit: "Hartree/Bohr" }, { REF_forces: [1, 0, 0] }),
    );
    expect(unit).toBe("eV");
    expect(forces?.[0]).toBeCloseTo(27.211386245988 / 0.529177210903, 6);
    expect(remarks.join()).toContain("Hartree/Bohr are converted to eV/Å");
    expect(labelsOf(atom({ energy: 1, forces_unit: "eV/Å" }, { forces_x: [1, 2, 3] })).unit).toBe("eV");
    expect(() => labelsOf(atom({ energy: 1, energy_unit: "furlong" }))).toThrow(
      'energy_unit "furlong" is not known; expected one of kcal/mol',
    );
    expect(() => labelsOf(atom({ energy: 1, forces_unit: "N" }, { forces_x: [1, 2, 3] }))).toThrow(
      'forces_unit "N" is not known',
    );
  });

  test("any unit and back is the same molecule", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...FILE_ENERGY_UNIT_NAMES),
        fc.constantFrom(...FILE_ENERGY_UNIT_NAMES),
        fc.double({ min: -1e5, max: 1e5, noNaN: true }),
        (from: FileEnergyUnit, to: FileEnergyUnit, energy) => {
          const molecule = {
            ...atom({ energy, kinetic_energy: 2, energy_unit: from }, { REF_forces: [energy, 1, 2] }),
            forces: Float64Array.of(energy, 0, 0),
          };
          const there = inEnergyUnit(molecule, to);
          expect((there.properties?.energy as number) * kcalOf(to)).toBeCloseTo(energy * kcalOf(from), 4);
          const { properties, ...rest } = there;
          const back = inEnergyUnit({ ...rest, properties: { ...properties, energy_unit: to } }, from);
          expect(back.properties?.energy).toBeCloseTo(energy, 6);
          expect(back.forces?.[0]).toBeCloseTo(energy, 6);
          expect(back.atomColumns?.REF_forces.values[0]).toBeCloseTo(energy, 6);
        },
      ),
      { numRuns: 100 },
    );
  });
});

test("a property with the name of its method is found, with its unit", () => {
  expect(propertyOf(atom({ dft_alpha: 7, alpha_unit: "bohr^3" }), "alpha")).toEqual({
    value: 7,
    key: "dft_alpha",
    unit: "bohr^3",
  });
  expect(propertyOf(atom({ alpha: 1, REF_alpha: 2 }), "alpha")).toEqual({ value: 1, key: "alpha" });
  expect(propertyOf(atom({ beta: 1 }), "alpha")).toEqual({});
});

import fc from "fast-check";
import { Molecule as OclMolecule } from "openchemlib";
import { describe, expect, it } from "vitest";
import type { Bond, BondMark, BondOrder, Molecule } from "../../src/chem/molecule.ts";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { atoms, lineOfText, readText } from "./molecules.ts";

/** Methylammonium nitrate as another program would write it, charges in the atom block. */
const HEADER = "a salt\n  someone 01012600003D\nmade by hand\n";
const SALT = `${HEADER}  6  4  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 N   0  3  0  0  0  0  0  0  0  0  0  0
    1.4700    0.0000    0.0000 C   0  0
   -5.0000    0.1000   -0.2000 N   0  3
   -6.2000    0.1000   -0.2000 O   0  5
   -4.4000   -1.0000   -0.2000 O   0  5
   -4.4000    1.1000   -0.2000 O
  1  2  1  0
  3  4  1  0  0  0  0
  3  5  1
  3  6  2
M  END
> <energy>
-12.50

>  25  <note> (MD-1)
two
 lines

> <code>
1E10

> <empty>

$$$$
`;

const hydrogen: Molecule = { atomicNumbers: Uint8Array.of(1), positions: new Float64Array(3) };

/** A record of hydrogens with the given lines after the counts line. */
const record = (counts: string, ...rest: readonly string[]): string =>
  ["", "", "", counts, ...rest].join("\n");
const H = "    0.0000    0.0000    0.0000 H   0  0";

describe("SDF V2000", () => {
  it("reads atoms, bonds, charges and data items as other programs write them", async () => {
    const molecules = await readText(SALT + SALT, "sdf");
    expect(molecules.length).toBe(2);
    expect(molecules[1]).toEqual({
      name: "a salt",
      atomicNumbers: Uint8Array.of(7, 6, 7, 8, 8, 8),
      positions: Float64Array.of(
        0,
        0,
        0,
        1.47,
        0,
        0,
        -5,
        0.1,
        -0.2,
        -6.2,
        0.1,
        -0.2,
        -4.4,
        -1,
        -0.2,
        -4.4,
        1.1,
        -0.2,
      ),
      bonds: [
        { i: 0, j: 1, order: 1 },
        { i: 2, j: 3, order: 1 },
        { i: 2, j: 4, order: 1 },
        { i: 2, j: 5, order: 2 },
      ],
      formalCharges: Int8Array.of(1, 0, 1, -1, -1, 0),
      properties: { energy: -12.5, note: "two\n lines", code: "1E10", empty: "" },
    });
  });

  it("lets M  CHG and M  RAD replace what the atom block says", async () => {
    const [molecule] = await readText(
      SALT.replace("M  END", "M  CHG  1   4   1\nM  RAD  1   2   2\nM  END"),
      "sdf",
    );
    expect(molecule.formalCharges).toEqual(Int8Array.of(0, 0, 0, 1, 0, 0));
    expect(molecule.radicals).toEqual(Uint8Array.of(0, 2, 0, 0, 0, 0));
  });

  it("takes charge code 4 for a doublet radical", async () => {
    const [molecule] = await readText(record("  1  0", H.replace("0  0", "0  4"), "M  END"), "sdf");
    expect(molecule.radicals).toEqual(Uint8Array.of(2));
    expect(molecule.formalCharges).toBeUndefined();
  });

  it("keeps isotopes: M  ISO supersedes the mass differences, not the symbols D and T", async () => {
    const rows = [H, H.replace("H   0", "H   1"), H.replace("H ", "D "), H.replace("H ", "T ")];
    const isotopes = async (...lines: readonly string[]) =>
      (await readText(record("  4  0", ...rows, ...lines, "M  END"), "sdf"))[0].isotopes;
    expect(await isotopes()).toEqual(Uint16Array.of(0, 2, 2, 3));
    expect(await isotopes("M  ISO  1   1   2")).toEqual(Uint16Array.of(2, 0, 2, 3));
    expect(await isotopes("M  ISO  1   4   2", "M  ISO  1   1   3")).toEqual(Uint16Array.of(3, 0, 2, 2));
  });

  it("keeps marks of bonds, and says where the positions are a drawing", async () => {
    const drawn = record(
      "  4  3",
      ...Array.from({ length: 4 }, () => H.replace("H ", "C ")),
      ...["  1  2  1  1", "  2  3  1  6", "  3  4  2  3", "M  END"],
    ).replace("\n\n", "\n  someone 01012600002D\n");
    const [molecule] = await readText(drawn, "sdf");
    expect(molecule.dimensions).toBe(2);
    expect(molecule.bonds?.map(({ mark }) => mark)).toEqual(["up", "down", "either"]);
    expect(await readText(formatSdf(molecule), "sdf")).toEqual([molecule]);
  });

  it("passes over property lines that say nothing about the molecule", async () => {
    const [molecule] = await readText(
      record("  1  0", H, "A    1", "M  END is a label", "V    1 x", "M  STY  1   1 DAT", "M  END"),
      "sdf",
    );
    expect(molecule.atomicNumbers.length).toBe(1);
  });

  it("loses nothing that the format can hold", async () => {
    const place = fc.integer({ min: -99_999_999, max: 999_999_999 }).map((k) => k / 1e4);
    const dataLine = lineOfText.filter((line) => line.trim() !== "" && !line.startsWith("$$$$"));
    const value = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc
        .array(dataLine, { maxLength: 3 })
        .map((lines) => lines.join("\n"))
        .filter((words) => Number.isNaN(Number(words)) || words === ""),
    );
    const molecule = atoms(place).chain((base) => {
      const n = base.atomicNumbers.length;
      const bond = fc
        .record(
          {
            ...{ i: fc.nat(n - 1), j: fc.nat(n - 1), order: fc.constantFrom<BondOrder>(1, 2, 3, 4) },
            mark: fc.constantFrom<BondMark>("up", "down", "either"),
          },
          { requiredKeys: ["i", "j", "order"] },
        )
        .filter(({ i, j }) => i < j);
      const perAtom = (low: number, high: number): fc.Arbitrary<number[]> =>
        fc.array(fc.integer({ min: low, max: high }), { minLength: n, maxLength: n });
      return fc.record({
        base: fc.constant(base),
        name: lineOfText.filter((name) => name.trim() !== "" && !name.startsWith("$$$$")),
        bonds:
          n < 2
            ? fc.constant<Bond[]>([])
            : fc.uniqueArray<Bond, number>(bond, { selector: ({ i, j }) => 6 * i + j }),
        charges: perAtom(-15, 15),
        radicals: perAtom(0, 3),
        isotopes: perAtom(0, 300),
        properties: fc.dictionary(
          lineOfText.filter((tag) => tag !== ""),
          value,
          { maxKeys: 3, noNullPrototype: true },
        ),
      });
    });
    await fc.assert(
      fc.asyncProperty(fc.array(molecule, { minLength: 1, maxLength: 3 }), async (parts) => {
        const molecules = parts.map(
          ({ base, name, bonds, charges, radicals, isotopes, properties }): Molecule => {
            const some = (values: readonly number[]): boolean => values.some((v) => v !== 0);
            return {
              ...{ ...base, name, bonds },
              ...(some(charges) ? { formalCharges: Int8Array.from(charges) } : {}),
              ...(some(isotopes) ? { isotopes: Uint16Array.from(isotopes) } : {}),
              ...(some(radicals) ? { radicals: Uint8Array.from(radicals) } : {}),
              ...(Object.keys(properties).length > 0 ? { properties } : {}),
            };
          },
        );
        for (const version of ["V2000", "V3000"] as const) {
          const text = molecules.map((molecule) => formatSdf(molecule, { version })).join("");
          expect(await readText(text, "sdf", { strict: true })).toEqual(molecules);
        }
      }),
    );
  });

  it("rounds coordinates to four decimals, without a negative zero", async () => {
    const [molecule] = await readText(
      formatSdf({ ...hydrogen, positions: Float64Array.of(0.12345, -0.00004, 1 / 3) }),
      "sdf",
    );
    expect(molecule.positions).toEqual(Float64Array.of(0.1235, 0, 0.3333));
  });

  it("is understood by OpenChemLib and RDKit: atoms, bonds, charges", async () => {
    const [salt] = await readText(SALT, "sdf");
    const molblock = formatSdf(salt).split("> <")[0];
    expect(OclMolecule.fromMolfile(molblock).toSmiles()).toBe(
      OclMolecule.fromSmiles("C[NH3+].[O-][N+](=O)[O-]").toSmiles(),
    );
    const rdkit = await loadRdkit();
    const smiles = (input: string): string => {
      const molecule = rdkit.get_mol(input);
      if (molecule === null) throw new Error("RDKit does not read the record");
      const canonical = molecule.get_smiles();
      molecule.delete();
      return canonical;
    };
    expect(smiles(molblock)).toBe(smiles("C[NH3+].[O-][N+](=O)[O-]"));
  });

  it.each([
    ["no counts line", "title\n\n\n", "in:3: the record ends before its counts line (the fourth)"],
    ["a counts line of words", record("hello"), 'in:4: expected a V2000 counts line, found "hello"'],
    ["negative counts", record(" -1  0"), 'in:4: expected a V2000 counts line, found " -1  0"'],
    ["no atoms", record("  0  0", "M  END"), "in:4: a record without atoms"],
    [
      "a record that ends within its atoms",
      record("  3  0", H, H),
      "in:6: the record ends within its 3 atoms and 0 bonds",
    ],
    ["a count of atoms too large", record("  2  0", H, "M  END", ""), "in:6: expected an atom"],
    [
      "a count of atoms too small",
      record("  1  0", H, H, "M  END"),
      "in:6: expected M  END or a property line",
    ],
    ["a record that ends before M  END", record("  1  0", H), "in:5: the record ends before M  END"],
    ["an unknown element", record("  1  0", H.replace("H ", "R#"), "M  END"), 'in:5: unknown element "R#"'],
    [
      "coordinates that are not numbers",
      record("  1  0", H.replace("0.0000 H", "   nan H"), "M  END"),
      "in:5: the coordinate nan is not a finite number",
    ],
    [
      "a bond to an atom that is not there",
      record("  1  1", H, "  1  2  1", "M  END"),
      'in:6: expected a bond between two of the 1 atoms, found "  1  2  1"',
    ],
    [
      "a bond of an atom with itself",
      record("  1  1", H, "  1  1  1", "M  END"),
      "in:6: a bond of atom 1 with itself",
    ],
    [
      "a bond given twice",
      record("  2  2", H, H, "  1  2  1", "  2  1  1", "M  END"),
      "in:8: the bond of atoms 2 and 1 is given twice",
    ],
    [
      "a query bond",
      record("  2  1", H, H, "  1  2  8", "M  END"),
      'in:7: bond type "8"; expected 1, 2, 3 or 4 (aromatic)',
    ],
    [
      "a charge of an atom that is not there",
      record("  1  0", H, "M  CHG  1   2   1", "M  END"),
      "in:6: expected 1 pairs of atom and value",
    ],
    [
      "stray text after M  END",
      record("  1  0", H, "M  END", "hello"),
      'in:7: expected a data item "> <name>" or $$$$, found "hello"',
    ],
  ])("refuses %s", async (_, text, message) => {
    await expect(readText(text, "sdf")).rejects.toThrow(message);
  });

  it("refuses to write what V2000 cannot hold", () => {
    const many = { atomicNumbers: new Uint8Array(1000).fill(1), positions: new Float64Array(3000) };
    expect(() => formatSdf(many, { version: "V2000" })).toThrow(
      /at most 999 atoms and bonds, not 1000 and 0/,
    );
    expect(() => formatSdf({ ...hydrogen, positions: Float64Array.of(-10000, 0, 0) })).toThrow(
      /does not fit the ten columns/,
    );
    expect(() => formatSdf({ ...hydrogen, formalCharges: Int8Array.of(16) })).toThrow(
      /atom 1: M {2}CHG of SDF holds -15 … 15, not 16/,
    );
    expect(() => formatSdf({ ...hydrogen, name: "a\nb" })).toThrow(/title/);
    expect(() => formatSdf({ ...hydrogen, properties: { a: "x\n\ny" } })).toThrow(/"a" has blank lines/);
    expect(() => formatSdf({ ...hydrogen, properties: { a: "$$$$" } })).toThrow(/"a"/);
    expect(() => formatSdf({ ...hydrogen, properties: { "a\nb": 1 } })).toThrow(/"a\\nb"/);
  });
});

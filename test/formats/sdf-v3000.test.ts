/** Molfiles V3000, as others write them and as we do; RDKit reads what we write. */
import { Molecule as OclMolecule } from "openchemlib";
import { describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { readText } from "./molecules.ts";

const table = (...lines: readonly string[]): string =>
  [
    "title",
    "  someone",
    "",
    "  0  0  0     0  0            999 V3000",
    ...lines.map((line) => `M  V30 ${line}`),
  ]
    .concat("M  END", "$$$$", "")
    .join("\n");
const ATOMS = ["1 C 0 0 0 0", "2 O 1.43 0 0 0"];
const BONDS = ["BEGIN BOND", "1 1 1 2", "END BOND"];
const methanol = (atoms = ATOMS, bonds = BONDS, counts = "2 1 0 0 0", ...more: readonly string[]): string =>
  table("BEGIN CTAB", `COUNTS ${counts}`, "BEGIN ATOM", ...atoms, "END ATOM", ...bonds, ...more, "END CTAB");

describe("SDF V3000", () => {
  it("gives atoms, bonds, charges, radicals, isotopes, marks and data, whatever the numbers of the atoms", async () => {
    const text = methanol(
      ["10 N 1 2 3 0 CHG=1 CFG=1", '7 "C" -1e0 .5 0 0 MASS=13 RAD=2', "3 D 0 0 1 0 HCOUNT=0"],
      ["BEGIN BOND", "1 1 10 7 CFG=3 TOPO=1", "2 1 3 10", "END BOND"],
      "3 2 0 0 1 REGNO=5",
    ).replace("$$$$", () => "> <e>\n-1.5\n\n$$$$");
    const [molecule] = await readText(text, "sdf", { strict: true });
    expect(molecule).toEqual({
      name: "title",
      atomicNumbers: Uint8Array.of(7, 6, 1),
      positions: Float64Array.of(1, 2, 3, -1, 0.5, 0, 0, 0, 1),
      bonds: [
        { i: 0, j: 1, order: 1, mark: "down" },
        { i: 2, j: 0, order: 1 },
      ],
      formalCharges: Int8Array.of(1, 0, 0),
      isotopes: Uint16Array.of(0, 13, 2),
      radicals: Uint8Array.of(0, 2, 0),
      properties: { e: -1.5 },
    });
  });

  it("continues lines that end in a hyphen, also within a word", async () => {
    const whole = methanol(["1 C 0 0 0 0 CHG=-1", ATOMS[1]]);
    const cut = whole.replace("1 C 0 0 0 0 CHG=-1", "1 C 0 0 -\nM  V30 0 0 CH-\nM  V30 G=-\nM  V30 -1");
    expect(await readText(cut, "sdf")).toEqual(await readText(whole, "sdf"));
    expect((await readText(cut, "sdf"))[0].formalCharges).toEqual(Int8Array.of(-1, 0));
  });

  it("says that Sgroups and enhanced stereochemistry are not kept", async () => {
    const notices: string[] = [];
    const text = methanol(
      ...([ATOMS, BONDS, "2 1 1 0 0"] as const),
      ...["BEGIN SGROUP", '1 DAT 0 ATOMS=(1 1) FIELDNAME="a b" -', "FIELDDATA=x", "END SGROUP"],
      ...["BEGIN COLLECTION", "MDLV30/STERAC1 ATOMS=(1 1)", "END COLLECTION"],
    );
    expect((await readText(text, "sdf", { onNotice: (notice) => notices.push(notice) })).length).toBe(1);
    expect(notices).toEqual([
      "in:14: groups of atoms (Sgroups: brackets, polymers, data) are not kept",
      "in:19: enhanced stereochemistry (one of two, mixtures) is not kept; the drawn isomer is",
    ]);
  });

  it.each([
    [
      "an R group",
      methanol(["1 R# 0 0 0 0 RGROUPS=(1 1)", ATOMS[1]]),
      'in:8: unknown element "R#"; it stands for a group',
    ],
    ["a star atom", methanol(["1 * 0 0 0 0", ATOMS[1]]), 'in:8: unknown element "*"'],
    ["a list of elements", methanol(["1 [C,N] 0 0 0 0", ATOMS[1]]), 'in:8: unknown element "[C,N]"'],
    [
      "a bond to several atoms",
      methanol(ATOMS, ["BEGIN BOND", "1 1 1 2 ENDPTS=(2 1 2) ATTACH=ANY", "END BOND"]),
      "in:12: a bond to several atoms",
    ],
    ["a coordination bond", methanol(ATOMS, ["BEGIN BOND", "1 9 1 2", "END BOND"]), 'in:12: bond type "9"'],
    [
      "a bond type with the name of a method",
      methanol(ATOMS, ["BEGIN BOND", "1 constructor 1 2", "END BOND"]),
      'in:12: bond type "constructor"',
    ],
    [
      "a bond to no atom",
      methanol(ATOMS, ["BEGIN BOND", "1 1 1 3", "END BOND"]),
      "in:12: expected a bond (number, type, two of the atoms)",
    ],
    [
      "an atom number given twice",
      methanol([ATOMS[0], "1 O 1 0 0 0"]),
      "in:9: the atom number 1 is given twice",
    ],
    ["a key given twice", methanol(["1 C 0 0 0 0 CHG=1 CHG=1", ATOMS[1]]), 'in:8: "CHG" is given twice'],
    [
      "a charge that is none",
      methanol(["1 C 0 0 0 0 CHG=x", ATOMS[1]]),
      "in:8: CHG=x: expected an integer from -15 to 15",
    ],
    [
      "a coordinate that is none",
      methanol(["1 C 0 nan 0 0", ATOMS[1]]),
      "in:8: the coordinate nan is not a finite number",
    ],
    [
      "an atom that lacks words",
      methanol(["1 C 0 0", ATOMS[1]]),
      "in:8: expected an atom (number, element, x, y, z, mapping)",
    ],
    [
      "more atoms than declared",
      methanol([...ATOMS, "3 C 1 1 1 0"]),
      'in:10: expected END ATOM after 2 atoms, found "3 C 1 1 1 0"',
    ],
    ["fewer atoms than declared", methanol([ATOMS[0]]), "in:9: expected an atom"],
    [
      "bonds that are declared and missing",
      methanol(ATOMS, []),
      "in:6: 1 bonds are declared, none are there",
    ],
    [
      "a billion atoms",
      methanol(ATOMS, BONDS, "1000000000 0 0 0 0"),
      "in:6: a record of 1000000000 atoms; at most 100000",
    ],
    ["no atoms", methanol([], [], "0 0 0 0 0"), "in:6: a record without atoms"],
    [
      "an R group definition",
      methanol().replace("M  END", "M  V30 BEGIN RGROUP 1\nM  END"),
      'in:15: "BEGIN RGROUP 1" after END CTAB',
    ],
    [
      "a table that is cut",
      methanol().replace(/M {2}V30 END BOND[^$]*/, "M  END\n"),
      "in:13: the record ends within",
    ],
    [
      "a line that is continued by none",
      methanol().replace("END CTAB", "END CTAB -"),
      "in:15: the line before is continued by none",
    ],
    [
      "a line of another kind",
      methanol().replace("M  V30 END ATOM", "M  CHG  1   1   1"),
      "in:10: expected M  V30 or M  END",
    ],
    ["a quote that is not closed", methanol(['1 "C 0 0 0 0', ATOMS[1]]), "in:8: a quote or bracket"],
  ])("refuses %s", async (_, text, message) => {
    await expect(readText(text, "sdf")).rejects.toThrow(message);
  });

  it("is what is written above 999 atoms or bonds, and where it is asked for", async () => {
    const n = 1200;
    const chain: Molecule = {
      name: "a long chain",
      atomicNumbers: new Uint8Array(n).fill(6),
      positions: Float64Array.from({ length: 3 * n }, (_, k) => (k % 3 === 0 ? k / 2 : 0.5 * (k % 2))),
      bonds: Array.from({ length: n - 1 }, (_, i) => ({ i, j: i + 1, order: 1 })),
    };
    const text = formatSdf(chain);
    expect(text).toContain("V3000");
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(await readText(text, "sdf")).toEqual([chain]);
    const small = { ...chain, atomicNumbers: Uint8Array.of(6), positions: new Float64Array(3), bonds: [] };
    expect(formatSdf(small)).toContain("V2000");
    expect(formatSdf(small, { version: "V3000" })).toContain("V3000");
  });

  it("is understood by RDKit and OpenChemLib: atoms, bonds, charges, isotopes", async () => {
    const molecule: Molecule = {
      atomicNumbers: Uint8Array.of(6, 7, 8, 8),
      positions: Float64Array.of(0, 0, 0, 1.47, 0, 0, 2.1, 1.1, 0, 2.1, -1.1, 0),
      bonds: [
        { i: 0, j: 1, order: 1 },
        { i: 1, j: 2, order: 2 },
        { i: 1, j: 3, order: 1 },
      ],
      formalCharges: Int8Array.of(0, 1, 0, -1),
      isotopes: Uint16Array.of(13, 0, 0, 0),
    };
    const text = formatSdf(molecule, { version: "V3000" });
    const rdkit = await loadRdkit();
    const read = rdkit.get_mol(text);
    const asked = rdkit.get_mol("[13CH3][N+](=O)[O-]");
    if (read === null || asked === null) throw new Error("RDKit does not read the record");
    expect(read.get_smiles()).toBe(asked.get_smiles());
    read.delete();
    asked.delete();
    expect(OclMolecule.fromMolfile(text).toSmiles()).toBe(
      OclMolecule.fromSmiles("[13CH3][N+](=O)[O-]").toSmiles(),
    );
  });
});

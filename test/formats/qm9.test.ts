import { describe, expect, it } from "vitest";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { parseQm9 } from "../../src/formats/qm9.ts";
import { collect, readText } from "./molecules.ts";

/** The first record of QM9 (CC0), with one coordinate in Mathematica's notation, as other records have them. */
const METHANE = `5
gdb 1\t157.7118\t157.70997\t157.70699\t0.\t13.21\t-0.3877\t0.1171\t0.5048\t35.3641\t0.044749\t-40.47893\t-40.476062\t-40.475117\t-40.498597\t6.469\t
C\t-0.0126981359\t 1.0858041578\t 0.0080009958\t-0.535689
H\t 0.002150416\t-0.0060313176\t 0.0019761204\t 0.133921
H\t 1.0117308433\t 1.4637511618\t 2.765748*^-4\t 0.133922
H\t-0.540815069\t 1.4475266138\t-0.8766437152\t 0.133923
H\t-0.5238136345\t 1.4379326443\t 0.9063972942\t 0.133923
1341.307\t1341.3284\t1341.365\t1562.6731\t1562.7453\t3038.3205\t3151.6034\t3151.6788\t3151.7078
C\tC\t
InChI=1S/CH4/h1H4\tInChI=1S/CH4/h1H4
`;

describe("raw QM9 records", () => {
  it("give everything that is in them", () => {
    expect(parseQm9(METHANE)).toEqual({
      name: "gdb 1",
      atomicNumbers: Uint8Array.of(6, 1, 1, 1, 1),
      positions: Float64Array.of(
        ...[-0.0126981359, 1.0858041578, 0.0080009958, 0.002150416, -0.0060313176, 0.0019761204],
        ...[1.0117308433, 1.4637511618, 0.0002765748, -0.540815069, 1.4475266138, -0.8766437152],
        ...[-0.5238136345, 1.4379326443, 0.9063972942],
      ),
      atomColumns: {
        mulliken: { type: "real", width: 1, values: [-0.535689, 0.133921, 0.133922, 0.133923, 0.133923] },
      },
      properties: {
        ...{
          gdb: 1,
          A: 157.7118,
          B: 157.70997,
          C: 157.70699,
          mu: 0,
          alpha: 13.21,
          homo: -0.3877,
          lumo: 0.1171,
        },
        ...{ gap: 0.5048, r2: 35.3641, zpve: 0.044749, U0: -40.47893, U: -40.476062, H: -40.475117 },
        ...{ G: -40.498597, Cv: 6.469 },
        frequencies: [
          1341.307, 1341.3284, 1341.365, 1562.6731, 1562.7453, 3038.3205, 3151.6034, 3151.6788, 3151.7078,
        ],
        ...{ smiles_gdb: "C", smiles_relaxed: "C" },
        ...{ inchi_gdb: "InChI=1S/CH4/h1H4", inchi_relaxed: "InChI=1S/CH4/h1H4" },
      },
    });
  });

  it("are recognised in .xyz files, several in a row, with any line ends", async () => {
    const text = (METHANE + METHANE).replaceAll("\n", "\r\n");
    const molecules = await collect(parseMolecules(text, { file: "dsgdb9nsd_000001.xyz" }));
    expect(molecules).toEqual([parseQm9(METHANE), parseQm9(METHANE)]);
  });

  it("pass through extended XYZ unchanged", async () => {
    expect(await readText(formatExtxyz(parseQm9(METHANE)), "extxyz")).toEqual([parseQm9(METHANE)]);
  });

  it.each([
    [
      "a property that is no number",
      METHANE.replace("13.21", "abc"),
      'q:2: alpha: expected a number, found "abc"',
    ],
    ["14 properties", METHANE.replace("\t6.469", ""), 'q:2: expected "gdb", an index and 15 properties'],
    [
      "an atom without charge",
      METHANE.replace("\t 0.133921", ""),
      "q:4: atom 2: expected five columns, the last a Mulliken charge, found 4",
    ],
    [
      "a charge that is no number",
      METHANE.replace(" 0.133921", "x"),
      'q:4: Mulliken charge: expected a number, found "x"',
    ],
    [
      "a frequency that is no number",
      METHANE.replace("1341.307", "x"),
      'q:8: frequency: expected a number, found "x"',
    ],
    [
      "one SMILES",
      METHANE.replace("C\tC\t", "C"),
      "q:9: expected the smiles of the entry and of its relaxed geometry",
    ],
    [
      "the end before the InChI",
      METHANE.split("InChI")[0].trimEnd(),
      "q:9: the record ends before its frequencies, SMILES and InChI",
    ],
    [
      "the end within the atoms",
      METHANE.split("\n").slice(0, 4).join("\n"),
      "q:4: the record ends before its frequencies, SMILES and InChI",
    ],
  ])("are refused with %s", (_, text, message) => {
    expect(() => parseQm9(text, "q")).toThrow(message);
  });
});

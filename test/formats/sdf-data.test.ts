/** Data of SDF as the field writes it: all forms of headers, paragraphs, names that come again, M  END after blanks. */
import { describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import type { ReadOptions } from "../../src/formats/parse-molecules.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { readText } from "./molecules.ts";

const TABLE = [
  "t",
  "",
  "",
  "  1  0  0  0  0  0            999 V2000",
  "    0.0000    0.0000    0.0000 C   0  0",
];
const properties = async (lines: readonly string[], options: ReadOptions = {}): Promise<unknown> => {
  const [molecule] = await readText([...TABLE, "M  END", ...lines, "$$$$", ""].join("\n"), "sdf", options);
  return molecule.properties;
};

describe("a data header of SDF", () => {
  it.each([
    ["> <a>", "a"],
    [">  25  <MELTING.POINT>  (MD-08974)", "MELTING.POINT"],
    ["> <IC50 (<10 uM)>", "IC50 (<10 uM)"],
    [">  <logP>  (1) ", "logP"],
    ["> DT12", "DT12"],
    [">  DT12  (MD-1)", "DT12"],
    ["> 55 (MD-08974) <BOILING.POINT> DT12", "BOILING.POINT"],
    [">  <a>  FROM ARCHIVES", "a"],
    [">\t<a b>\t3", "a b"],
    ["> (MD-(08)-9) <x>", "x"],
    ["> <a> (r > 5)", "a"],
    ["> <> ", ""],
  ])("%j has the name %j", async (header, name) => {
    expect(await properties([header, "3.5", ""])).toEqual({ [name]: 3.5 });
  });

  it("of a name that is written is read back", async () => {
    for (const name of ["a", "a>", "<", ">", "a <b> c", "x (1)", "DT1", "p<0.05", "(", "__proto__", "é 漢"]) {
      const molecule: Molecule = {
        atomicNumbers: Uint8Array.of(6),
        positions: new Float64Array(3),
        bonds: [],
        properties: Object.fromEntries([[name, 1.5]]),
      };
      const [read] = await readText(formatSdf(molecule), "sdf", { strict: true });
      expect(Object.entries(read.properties ?? {}), name).toEqual([[name, 1.5]]);
    }
  });
});

describe("the text of a data item", () => {
  it("may have blank lines, and lines that begin as a header does", async () => {
    const lines = ["> <a>", "one", "", "two", "> three", "", "", "> 4 mg", "", "> <b>", "5", ""];
    expect(await properties(lines)).toEqual({ a: "one\n\ntwo\n> three\n\n\n> 4 mg", b: 5 });
  });

  it("may be empty, whatever follows", async () => {
    expect(await properties(["> <a>", "", "> <b>", "", "", "> <c>"])).toEqual({ a: "", b: "", c: "" });
  });

  it("of a name that comes again keeps its own value, and it is told; the same value again says nothing", async () => {
    const notices: string[] = [];
    const lines = ["> <a>", "1", "", "> <a>", "2", "", "> <b>", "x", "", "> <b>", "x", "", "> <a>", "3", ""];
    const read = await properties(lines, { onNotice: (notice) => notices.push(notice), strict: true });
    expect(read).toEqual({ a: 1, "a (2)": 2, "a (3)": 3, b: "x" });
    expect(notices).toEqual([
      expect.stringMatching(/^in:10: the data item <a> is given again with another value/),
    ]);
  });
});

describe("a molfile", () => {
  it.each(["M  END", " M  END", "M  END  ", "\n \nM  END", "M END"])("may end in %j", async (end) => {
    expect((await readText([...TABLE, end, ""].join("\n"), "sdf")).length).toBe(1);
  });

  it("has no isotope lighter than its protons", async () => {
    const atom = TABLE[4].replace("C   0", "C  -9");
    await expect(readText([...TABLE.slice(0, 4), atom, "M  END", ""].join("\n"), "sdf")).rejects.toThrow(
      "in:5: no isotope of C has the mass number 3",
    );
  });
});

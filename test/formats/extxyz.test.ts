import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import { formatKeyValue, parseKeyValues } from "../../src/formats/extxyz-header.ts";
import { atomColumn, atoms, coordinate, lineOfText, propertyValue, readText, text } from "./molecules.ts";

const values = (line: string): Record<string, unknown> =>
  Object.fromEntries(parseKeyValues(line, { file: "in", line: 2 }));
const frame = (properties: string, atom = "H 0 0 0"): Promise<Molecule[]> =>
  readText(`1\n${properties}\n${atom}\n`, "extxyz");

describe("key=value lines of extended XYZ", () => {
  it("bring every value back with its type", () => {
    const key = lineOfText.filter((k) => k !== "");
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(key, propertyValue), { selector: ([k]) => k, maxLength: 4 }),
        (pairs) => {
          const line = pairs.map(([k, value]) => formatKeyValue(k, value)).join(" ");
          expect([...parseKeyValues(line, {})]).toEqual(pairs);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("type bare values as logical, number or string", () => {
    expect(values("a=T b=false c=-5 d=1.5e3 e=abc f g=C,N,CA h=007 i=nan j=-inf k=2d1")).toEqual({
      ...{ a: true, b: false, c: -5, d: 1500, e: "abc", f: true, g: "C,N,CA" },
      ...{ h: "007", i: Number.NaN, j: Number.NEGATIVE_INFINITY, k: 20 },
    });
  });

  it("read arrays in all three brackets, of one number as a scalar except in []", () => {
    expect(
      values('a="1 2.5" b={1 2} c=[1, 2] d="5" e={5} f=[5] g=[] h=[[1, 2], [3, 4]] i="T T F" j={T F}'),
    ).toEqual({
      ...{ a: [1, 2.5], b: [1, 2], c: [1, 2], d: 5, e: 5, f: [5], g: [], h: "[[1, 2], [3, 4]]" },
      ...{ i: "T T F", j: "{T F}" },
    });
  });

  it("read quoted strings with escapes, and single quotes as strings always", () => {
    expect(
      values(`a="x \\"y\\" \\\\ z" b='5' c='T' d="two\\nlines" "my key"=1 e = spaced smiles=C=CC#N`),
    ).toEqual({
      ...{ a: 'x "y" \\ z', b: "5", c: "T", d: "two\nlines", "my key": 1, e: "spaced", smiles: "C=CC#N" },
    });
  });

  it("are refused when a quote or bracket is not closed, a key comes twice or is missing", () => {
    expect(() => values('a="x')).toThrow('in:2: the quote before "x" is not closed');
    expect(() => values("a=[1 2")).toThrow('in:2: the bracket of "[1 2" is not closed');
    expect(() => values("a=1 a=2")).toThrow('in:2: the key "a" is given twice');
    expect(() => values("=1")).toThrow("in:2: a value without a key");
    expect(() => values('a="x"b=1')).toThrow('in:2: expected a space after the value of "a"');
  });
});

describe("extended XYZ", () => {
  it("loses nothing of a molecule without bonds", async () => {
    const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
      fc.option(value, { nil: undefined });
    const columnName = fc
      .stringMatching(/^[a-z][\w.-]{0,5}$/)
      .filter((name) => !/^(?:pos|species|symbols?|elements?|forces?|numbers|positions)$/.test(name));
    const molecule = atoms(coordinate).chain((base) => {
      const n = base.atomicNumbers.length;
      const vector = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), {
        minLength: 3 * n,
        maxLength: 3 * n,
      });
      return fc.record({
        base: fc.constant(base),
        name: optional(text),
        forces: optional(vector.map((f) => Float64Array.from(f))),
        formalCharges: optional(fc.int8Array({ minLength: n, maxLength: n })),
        atomColumns: optional(
          fc.dictionary(columnName, atomColumn(n), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
        ),
        properties: optional(
          fc.dictionary(
            lineOfText.filter((key) => !["", "name", "Properties"].includes(key)),
            propertyValue,
            { minKeys: 1, maxKeys: 4, noNullPrototype: true },
          ),
        ),
      });
    });
    await fc.assert(
      fc.asyncProperty(fc.array(molecule, { minLength: 1, maxLength: 3 }), async (parts) => {
        const molecules = parts.map(({ base, ...rest }): Molecule => ({ ...base, ...rest }));
        expect(await readText(molecules.map(formatExtxyz).join(""), "extxyz")).toEqual(molecules);
      }),
    );
  });

  it("finds its columns wherever they stand, by any of their names", async () => {
    const [molecule] = await frame(
      "Properties=tag:I:1:positions:R:3:force:R:3:Z:I:1:formal_charges:I:1 energy=-1.5",
      "7 1 2 3 4 5 6 17 -1",
    );
    expect(molecule).toEqual({
      atomicNumbers: Uint8Array.of(17),
      positions: Float64Array.of(1, 2, 3),
      forces: Float64Array.of(4, 5, 6),
      formalCharges: Int8Array.of(-1),
      atomColumns: { tag: { type: "integer", width: 1, values: [7] } },
      properties: { energy: -1.5 },
    });
  });

  it("has species and positions when Properties= is absent, and a lattice of nine numbers", async () => {
    const [molecule] = await frame('Lattice="5 0 0 0 5 0 0 0 5" pbc="T T F"');
    expect(molecule.properties).toEqual({ Lattice: [5, 0, 0, 0, 5, 0, 0, 0, 5], pbc: "T T F" });
  });

  it("keeps species and Z both when both are there", async () => {
    const [molecule] = await frame("Properties=Z:I:1:species:S:1:pos:R:3", "6 C 0 0 0");
    expect(molecule.atomColumns?.Z.values).toEqual([6]);
  });

  it.each([
    [
      "Properties=species:S:1",
      "H",
      "in:2: Properties= names no column pos:R:3; it needs species:S:1 and pos:R:3",
    ],
    [
      "Properties=pos:R:3",
      "0 0 0",
      "in:2: Properties= names no column species:S:1; it needs species:S:1 and pos:R:3",
    ],
    [
      "Properties=species:S:1:pos:R",
      "H 0",
      'in:2: Properties= has "pos:R"; expected name:type:width with type S, R, I or L',
    ],
    [
      "Properties=species:S:1:pos:X:3",
      "H 0 0 0",
      'in:2: Properties= has "pos:X:3"; expected name:type:width with type S, R, I or L',
    ],
    [
      "Properties=species:S:1:pos:R:3:a:R:9999999",
      "H 0 0 0",
      "in:2: Properties= declares more columns than a line can hold",
    ],
    [
      "Properties=species:S:1:pos:R:3:a:R:1:a:R:1",
      "H 0 0 0 1 1",
      'in:2: Properties= names the column "a" twice',
    ],
    [
      "Properties=species:S:1:pos:R:3:a:I:1",
      "H 0 0 0 1.5",
      'in:3: column "a": expected a value of type integer, found "1.5"',
    ],
    [
      "Properties=species:S:1:pos:R:3:a:L:1",
      "H 0 0 0 yes",
      'in:3: column "a": expected a value of type logical, found "yes"',
    ],
    [
      "Properties=species:S:1:pos:R:3:forces:R:3",
      "H 0 0 0 0 0 nan",
      'in:3: column "forces": expected a finite number, found "nan"',
    ],
    [
      "Properties=species:S:1:pos:R:3:formal_charges:I:1",
      "H 0 0 0 500",
      "in:3: the formal charge 500 is beyond ±127",
    ],
    [
      "Properties=species:S:1:pos:R:3",
      "H 0 0 0 1",
      "in:3: atom 1 of 1: Properties= declares 4 columns, found 5",
    ],
    [
      "Properties=species:S:1:pos:R:3",
      "H 0 0",
      "in:3: atom 1 of 1: Properties= declares 4 columns, found 3; is the number of atoms on line 1 too large?",
    ],
  ])("refuses %s over %s", async (properties, atom, message) => {
    await expect(frame(properties, atom)).rejects.toThrow(message);
  });

  it("refuses to write what it would read back differently", () => {
    const hydrogen = { atomicNumbers: Uint8Array.of(1), positions: new Float64Array(3) };
    const column = { type: "real", width: 1, values: [1] } as const;
    expect(() => formatExtxyz({ ...hydrogen, atomColumns: { pos: column } })).toThrow(/"pos"/);
    expect(() => formatExtxyz({ ...hydrogen, atomColumns: { "a b": column } })).toThrow(/"a b"/);
    expect(() => formatExtxyz({ ...hydrogen, atomColumns: { a: { ...column, width: 2 } } })).toThrow(
      /1 values for 1 atoms/,
    );
    expect(() => formatExtxyz({ ...hydrogen, properties: { Properties: 1 } })).toThrow(/"Properties"/);
    expect(() => formatExtxyz({ ...hydrogen, name: "a", properties: { name: "b" } })).toThrow(/"name"/);
    expect(() => formatExtxyz({ ...hydrogen, properties: { "": 1 } })).toThrow(/empty name/);
  });
});

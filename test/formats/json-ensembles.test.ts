/** Ensembles as JSON lines: every value is checked, lines are numbered and read one at a time. */
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { jsonEnsembles } from "../../src/formats/json-ensembles.ts";
import type { Reading, SkippedRecord } from "../../src/formats/records.ts";
import { collect } from "../formats/molecules.ts";

const WATER = {
  smiles: "O",
  symbols: ["O", "H", "H"],
  bonds: [
    [0, 1, 1],
    [0, 2, 1],
  ],
  conformers: [
    [0, 0, 0.1, 0, 0.7, -0.4, 0, -0.7, -0.4],
    [0, 0, 0.2, 0, 0.8, -0.4, 0, -0.7, -0.5],
  ],
};
const line = (change: object = {}): string => `${JSON.stringify({ ...WATER, ...change })}\n`;
const read = (text: string, reading: Reading = {}) => collect(jsonEnsembles([text], "in", reading));

describe("an ensemble of JSON lines", () => {
  test("has elements, bonds, charges, isotopes and conformers", async () => {
    const ammonium = {
      symbols: ["N", "D"],
      bonds: [[0, 1, 1]],
      charges: [1, 0],
      conformers: [[0, 0, 0, 1, 0, 0]],
      other: null,
    };
    const [water, second] = await read(`${line()}\n${JSON.stringify(ammonium)}\n`, { strict: true });
    expect(water).toEqual({
      name: "O",
      smiles: "O",
      atomicNumbers: Uint8Array.of(8, 1, 1),
      bonds: [
        { i: 0, j: 1, order: 1 },
        { i: 0, j: 2, order: 1 },
      ],
      conformers: WATER.conformers.map((positions) => Float64Array.from(positions)),
    });
    expect(second).toMatchObject({
      name: "line 3",
      atomicNumbers: Uint8Array.of(7, 1),
      isotopes: Uint16Array.of(0, 2),
      formalCharges: Int8Array.of(1, 0),
    });
  });

  it.each([
    ["nothing", "null\n", 'expected an object with the lists "symbols"'],
    ["a list", "[]\n", 'expected an object with the lists "symbols"'],
    ["no JSON", '{"symbols": [\n', "is not JSON: "],
    ["a key twice", line().replace("{", '{"smiles":"C",'), 'the key "smiles" is given twice'],
    ["a number for a SMILES", line({ smiles: 5 }), '"smiles" is not a text'],
    ["a number for a symbol", line({ symbols: ["O", 1, "H"] }), '"symbols": entry 2 is not a text'],
    ["an unknown symbol", line({ symbols: ["O", "X", "H"] }), 'unknown element "X"'],
    ["no atoms", line({ symbols: [], bonds: [], conformers: [[]] }), "0 atoms"],
    ["no conformers", line({ conformers: [] }), '"conformers" is empty'],
    ["a bond that is no list", line({ bonds: [null] }), "null is no bond"],
    ["a bond of two numbers", line({ bonds: [[0, 1]] }), "[0,1] is no bond"],
    ["a bond to half an atom", line({ bonds: [[0, 0.5, 1]] }), "[0,0.5,1] is no bond"],
    ["a bond to no atom", line({ bonds: [[0, 3, 1]] }), "[0,3,1] is no bond"],
    ["a bond of an atom with itself", line({ bonds: [[1, 1, 1]] }), "[1,1,1] is no bond"],
    ["a bond of an order that is none", line({ bonds: [[0, 1, 1.5]] }), "[0,1,1.5] is no bond"],
    [
      "a bond twice",
      line({ bonds: [...WATER.bonds, [1, 0, 1]] }),
      "the bond of atoms 1 and 0 is given twice",
    ],
    ["a conformer that is no list", line({ conformers: [null] }), "conformer 1 is not a list"],
    [
      "a conformer that is too short",
      line({ conformers: [WATER.conformers[0], [0, 0, 0]] }),
      "conformer 2 has 3 coordinates",
    ],
    [
      "a coordinate that is no number",
      line({ conformers: [[..."012345678"]] }),
      'conformer 1 has the coordinate "0"',
    ],
    [
      "a coordinate that is null",
      line({ conformers: [[Number.NaN, 0, 0, 0, 0, 0, 0, 0, 0]] }),
      "conformer 1 has the coordinate null",
    ],
    ["1e400", line().replace("0.1", "1e400"), "conformer 1 has the coordinate Infinity; beyond 1000000 Å"],
    ["1e300", line().replace("0.1", "1e300"), "conformer 1 has the coordinate 1e+300; beyond 1000000 Å"],
    ["charges of another number of atoms", line({ charges: [0] }), '"charges": expected 3 whole numbers'],
    ["a charge that is half", line({ charges: [0, 0.5, 0] }), '"charges": expected 3 whole numbers'],
  ])("that has %s is refused with its line, or named and passed over", async (_, bad, message) => {
    await expect(read(line() + bad)).rejects.toThrow(`in:2: ${message}`);
    const skipped: SkippedRecord[] = [];
    const whole = await read(line() + bad + line(), { onSkipped: (record) => skipped.push(record) });
    expect(whole.length).toBe(2);
    expect(skipped).toMatchObject([{ file: "in", line: 2, record: 2 }]);
    expect(skipped[0].reason).toContain(message);
  });

  it("that was cut is told, or refused when strict, at every cut", async () => {
    const text = line() + line({ smiles: "[OH2]" });
    for (let cut = 1; cut < text.length; cut++) {
      const told: unknown[] = [];
      const reading = {
        onSkipped: (record: unknown) => told.push(record),
        onNotice: (text: unknown) => told.push(text),
      };
      const outcome = await read(text.slice(0, cut), reading).catch((error: unknown) => told.push(error));
      if (cut === line().length) expect(told).toEqual([]);
      else expect(told.length, `cut at ${cut} gave ${JSON.stringify(outcome)}`).toBeGreaterThan(0);
    }
    await expect(read(text.trimEnd(), { strict: true })).rejects.toThrow(
      /^in:2: the last line has no line end/,
    );
  });

  it("is read before the text has arrived that follows it", async () => {
    let asked = 0;
    const endless = function* (): Generator<string> {
      for (;;) {
        asked++;
        yield line();
      }
    };
    const ensembles = jsonEnsembles(endless(), "in", {});
    for (let k = 0; k < 5; k++) await ensembles.next();
    await ensembles.return(undefined);
    expect(asked).toBeLessThan(10);
  });

  it("may be a line of many megabytes, but not of any size", async () => {
    const many = line({ conformers: Array.from({ length: 80_000 }, () => WATER.conformers[0]) });
    expect(many.length).toBeGreaterThan(2 ** 21);
    expect((await read(many))[0].conformers.length).toBe(80_000);
    const huge = function* (): Generator<string> {
      yield line();
      for (let k = 0; k < 70; k++) yield "x".repeat(1 << 20);
      yield `\n${line()}`;
    };
    const skipped: SkippedRecord[] = [];
    const rest = await collect(jsonEnsembles(huge(), "in", { onSkipped: (record) => skipped.push(record) }));
    expect(rest.length).toBe(2);
    expect(skipped).toMatchObject([
      { line: 2, reason: expect.stringMatching(/^line of more than 67108864/) },
    ]);
  });

  it("is sound whatever JSON it is made of", async () => {
    const value = fc.jsonValue();
    const object = fc.record({ symbols: value, bonds: value, conformers: value }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(object, async (change) => {
        const outcome = await read(line(change)).catch((error: Error) => error.message);
        if (typeof outcome === "string") expect(outcome).toMatch(/^in:1: /);
        else expect(outcome[0].atomicNumbers.length * 3).toBe(outcome[0].conformers[0].length);
      }),
    );
  });
});

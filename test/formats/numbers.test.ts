import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatReal, parseNumber, parseReal } from "../../src/formats/numbers.ts";

const read = (text: string): number => parseReal(text, 0, text.length);

describe("numbers as text", () => {
  it("come back as the same double, whatever the double", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(read(formatReal(value))).toBe(value);
      }),
    );
  });

  it("are read as the language itself reads them, with any number of digits", () => {
    const literal = fc.stringMatching(/^[+-]?(?:\d{1,20}\.?\d{0,20}|\.\d{1,20})(?:[eE][+-]?\d{1,3})?$/);
    fc.assert(
      fc.property(literal, (text) => {
        expect(read(text)).toBe(Number(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("are read within a longer text", () => {
    expect(parseReal("C -1.5 2", 2, 6)).toBe(-1.5);
  });

  it("may have Fortran's exponent", () => {
    expect([read("1.5D-3"), read("2d2")]).toEqual([0.0015, 200]);
  });

  it("are nothing but decimal literals", () => {
    for (const text of [
      "",
      ".",
      "-",
      "+-1",
      "1.2.3",
      "0x10",
      "1_000",
      "1,5",
      "e5",
      "1e",
      "nan",
      "Infinity",
      "١",
    ]) {
      expect(read(text), text).toBeNaN();
    }
  });
});

describe("free values", () => {
  it("stay text when a number would lose what they say", () => {
    for (const text of ["007", "-01", "9007199254740993", "1e999", "", "abc", "1 2"]) {
      expect(parseNumber(text), text).toBeUndefined();
    }
  });

  it("are numbers otherwise", () => {
    expect(["0", "-5", "+5", "1.50", "1e5", "-.5"].map(parseNumber)).toEqual([0, -5, 5, 1.5, 1e5, -0.5]);
  });
});

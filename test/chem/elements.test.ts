import { describe, expect, it } from "vitest";
import {
  atomicNumberOf,
  atomicWeight,
  covalentRadius,
  ELEMENT_SYMBOLS,
  symbolOf,
  vanDerWaalsRadius,
} from "../../src/chem/elements.ts";

describe("the periodic table", () => {
  it("has 118 different symbols, and symbol and number are each other's inverse", () => {
    expect(ELEMENT_SYMBOLS.length).toBe(119);
    expect(new Set(ELEMENT_SYMBOLS.slice(1)).size).toBe(118);
    for (let z = 1; z <= 118; z++) expect(atomicNumberOf(symbolOf(z))).toBe(z);
  });

  it("puts the elements that close each period where the shells close", () => {
    expect([2, 10, 18, 36, 54, 86, 118].map(symbolOf)).toEqual(["He", "Ne", "Ar", "Kr", "Xe", "Rn", "Og"]);
  });

  it("knows no element by an empty, misspelt or wrongly cased symbol", () => {
    for (const symbol of ["", "Xx", "CL", "h", "constructor"]) expect(atomicNumberOf(symbol)).toBeUndefined();
    expect(() => symbolOf(0)).toThrow(RangeError);
    expect(() => symbolOf(119)).toThrow(RangeError);
    expect(() => symbolOf(1.5)).toThrow(RangeError);
  });

  it("has covalent radii for Z = 1 … 96, with the published first and last rows", () => {
    expect([1, 6, 7, 8, 9, 17, 79, 96].map(covalentRadius)).toEqual([
      0.31, 0.76, 0.71, 0.66, 0.57, 1.02, 1.36, 1.69,
    ]);
    expect(covalentRadius(0)).toBeUndefined();
    expect(covalentRadius(97)).toBeUndefined();
  });

  it("has a van der Waals radius above the covalent one wherever it has one below uranium", () => {
    for (let z = 1; z < 92; z++) {
      const radius = vanDerWaalsRadius(z);
      if (radius !== undefined) expect(radius).toBeGreaterThan(covalentRadius(z)!);
    }
    expect([1, 6, 7, 8, 9].map(vanDerWaalsRadius)).toEqual([1.2, 1.7, 1.55, 1.52, 1.47]);
    expect(vanDerWaalsRadius(0)).toBeUndefined();
  });

  it("has weights that grow with Z except at the four known inversions, and none for technetium", () => {
    const inversions: string[] = [];
    let before = 0;
    for (let z = 1; z <= 118; z++) {
      const weight = atomicWeight(z);
      if (weight === undefined) continue;
      if (weight < before) inversions.push(symbolOf(z));
      before = weight;
    }
    expect(inversions).toEqual(["K", "Ni", "I", "Pa"]);
    expect(atomicWeight(43)).toBeUndefined();
  });
});

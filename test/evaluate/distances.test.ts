import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { perceiveBonds } from "../../src/chem/perception.ts";
import { jensenShannon, totalVariation, wasserstein } from "../../src/evaluate/distances.ts";
import { STRUCTURE_BINS, structureCounter, structureDistance } from "../../src/evaluate/distributions.ts";
import { crowdedMolecule, ETHENE, methane, molecule, moved, WATER } from "../chem/molecules.ts";

const histogram = fc.dictionary(fc.constantFrom("1", "2", "5", "9", "20"), fc.integer({ min: 1, max: 50 }), {
  minKeys: 1,
});
const DISTANCES = { totalVariation, jensenShannon, wasserstein };

describe.each(Object.entries(DISTANCES))("%s", (_, distance) => {
  it("is symmetric, not negative, and 0 for proportional histograms only", () => {
    fc.assert(
      fc.property(histogram, histogram, (a, b) => {
        const d = distance(a, b)!;
        expect(d).toBeGreaterThanOrEqual(0);
        expect(distance(b, a)).toBeCloseTo(d, 12);
        const doubled = Object.fromEntries(Object.entries(a).map(([key, count]) => [key, 2 * count]));
        expect(distance(a, doubled)).toBeCloseTo(0, 12);
      }),
    );
    expect(distance({ 1: 1 }, { 1: 1, 2: 1 })).toBeGreaterThan(0.1);
  });

  it("of nothing is unknown", () => {
    expect(distance({}, { 1: 1 })).toBeNull();
    expect(distance({ 1: 1 }, {})).toBeNull();
    expect(distance({ 1: 0 }, { 1: 1 })).toBeNull();
  });
});

describe("distances of distributions with nothing in common", () => {
  it("are 1 as total variation and in bits, and the gap between them as Wasserstein", () => {
    expect(totalVariation({ 3: 5 }, { 10: 1 })).toBe(1);
    expect(jensenShannon({ 3: 5 }, { 10: 1 })).toBe(1);
    expect(wasserstein({ 3: 5 }, { 10: 1 })).toBe(7);
    expect(wasserstein({ 3: 1, 9: 1 }, { 4: 1, 10: 1 })).toBe(1);
  });
});

describe("distributions of structure", () => {
  const collect = (...set: Molecule[]) => {
    const counter = structureCounter();
    for (const m of set) counter.add(m, perceiveBonds(m, "qm9"));
    return counter.histograms();
  };
  const bin = (row: readonly number[]) => row.findIndex((count) => count > 0);
  const total = (row: readonly number[]) => row.reduce((sum, count) => sum + count, 0);

  it("of methane are 4 bonds of 1.09 Å, 6 angles of 109.5° and 10 pairs", () => {
    const { bondLengths, bondAngles, pairDistances } = collect(methane());
    expect(Object.keys(bondLengths)).toEqual(["H-C single"]);
    expect(total(bondLengths["H-C single"])).toBe(4);
    expect(bin(bondLengths["H-C single"])).toBe(Math.floor((1.09 - 0.5) / STRUCTURE_BINS.bondLengths.width));
    expect(bondAngles["H-C-H"][54]).toBe(6);
    expect(total(pairDistances["H-H"])).toBe(6);
    expect(total(pairDistances["H-C"])).toBe(4);
  });

  it("name kinds by elements in the order of Z, the centre of an angle in the middle, most frequent first", () => {
    const { bondLengths, bondAngles } = collect(ETHENE, WATER);
    expect(Object.keys(bondLengths)).toEqual(["H-C single", "H-O single", "C-C double"]);
    expect(Object.keys(bondAngles).sort()).toEqual(["H-C-C", "H-C-H", "H-O-H"]);
  });

  it("count every bond and every pair of neighbours, and leave out angles of atoms in one place", () => {
    fc.assert(
      fc.property(crowdedMolecule, fc.nat(1e5), (m, seed) => {
        const { bondLengths } = collect(m);
        expect(Object.values(bondLengths).reduce((sum, row) => sum + total(row), 0)).toBe(
          perceiveBonds(m, "qm9").length,
        );
        expect(Object.keys(collect(moved(m, seed, -1)).bondAngles).sort()).toEqual(
          Object.keys(collect(m).bondAngles).sort(),
        );
      }),
    );
    expect(collect(molecule("C 0 0 0\nC 0 0 0\nC 1.5 0 0")).bondAngles).toEqual({
      "C-C-C": expect.anything(),
    });
  });

  it("are at distance 0 from themselves, at 1 when every kind is missing, unknown for nothing", () => {
    for (const kind of ["bondLengths", "bondAngles", "pairDistances"] as const) {
      expect(structureDistance(collect(ETHENE), collect(ETHENE), kind)).toBe(0);
      expect(structureDistance(collect(), collect(ETHENE), kind)).toBeNull();
      expect(structureDistance(collect(ETHENE), collect(), kind)).toBeNull();
    }
    expect(structureDistance(collect(WATER), collect(methane()), "bondLengths")).toBe(1);
  });
});

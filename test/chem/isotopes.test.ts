import fc from "fast-check";
import { expect, test } from "vitest";
import { atomicWeight } from "../../src/chem/elements.ts";
import {
  atomMass,
  isotopeMass,
  isotopeOfMass,
  isotopesInWords,
  isotopesOf,
} from "../../src/chem/isotopes.ts";

// AME2020 / CODATA: D 2.01410177811, T 3.01604928199, 13C 13.00335483507, 18O 17.99915961286, 235U 235.0439299, 12C exactly 12
test("masses are those of the tables, to five decimals", () => {
  const known: readonly [number, number, number][] = [
    [1, 2, 2.01410177811],
    [1, 3, 3.01604928199],
    [6, 12, 12],
    [6, 13, 13.00335483507],
    [6, 14, 14.003241989],
    [8, 18, 17.99915961286],
    [17, 37, 36.965902602],
    [53, 125, 124.9046242],
    [92, 235, 235.0439299],
  ];
  for (const [z, a, mass] of known) expect(Math.abs(isotopeMass(z, a) - mass)).toBeLessThan(1e-5);
  expect(atomMass(1)).toBe(1.008);
  expect(isotopeMass(6, 22)).toBe(22); // in no table
});

test("a mass tells of the isotope it is of, and an atomic weight of none", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 83 }), fc.integer({ min: 0, max: 60 }), (z, more) => {
      const weight = atomicWeight(z);
      if (weight === undefined) return;
      expect(isotopeOfMass(z, weight)).toBe(0);
      const massNumber = z + more;
      const mass = isotopeMass(z, massNumber);
      if (Math.abs(mass - weight) > 0.0015) expect(isotopeOfMass(z, mass)).toBe(massNumber);
      else expect(isotopeOfMass(z, mass)).toBe(0); // of one isotope only, or as good as
    }),
  );
  expect(isotopeOfMass(1, 2.014)).toBe(2);
  expect(isotopeOfMass(6, 12.01)).toBe(0);
  expect(isotopeOfMass(6, 500.3)).toBeUndefined();
});

test("isotopes are given, or told by a column of masses", () => {
  const water = { atomicNumbers: Uint8Array.of(8, 1, 1) };
  const masses = (values: number[]) => ({ masses: { type: "real", width: 1, values } as const });
  expect(isotopesOf(water)).toBeUndefined();
  expect(isotopesOf({ ...water, atomColumns: masses([15.999, 1.008, 1.008]) })).toBeUndefined();
  const heavy = isotopesOf({ ...water, atomColumns: masses([17.9992, 2.0141, 1.008]) });
  expect(Array.from(heavy ?? [])).toEqual([18, 2, 0]);
  expect(isotopesInWords({ ...water, ...(heavy && { isotopes: heavy }) })).toBe("1 18O, 1 2H");
  expect(isotopesInWords(water)).toBe("");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { hillFormula } from "../../src/chem/formula.ts";

test.each([
  [[8, 1, 1], "H2O"],
  [[6, 6, 8, 1, 1, 1, 1, 1, 1], "C2H6O"],
  [[17, 6, 1, 1, 1], "CH3Cl"],
  [[35, 1], "BrH"],
  [[6, 9, 9, 9, 9], "CF4"],
  [[], ""],
])("%j is %s", (numbers, formula) => {
  expect(hillFormula(numbers)).toBe(formula);
});

test("the order of the atoms plays no part", () => {
  const atoms = fc.array(fc.constantFrom(1, 6, 7, 8, 9, 16), { minLength: 1, maxLength: 30 });
  fc.assert(fc.property(atoms, (numbers) => hillFormula(numbers) === hillFormula([...numbers].reverse())));
});

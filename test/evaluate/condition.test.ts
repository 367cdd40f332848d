import { describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { generatedError, type Labelled, sweepResponse, yardsticks } from "../../src/evaluate/condition.ts";
import { ETHENE, methane, molecule, WATER } from "../chem/molecules.ts";

/** A property that can be computed: the number of atoms times ten, plus the x of the first. */
const property = ({ atomicNumbers, positions }: Molecule): number => 10 * atomicNumbers.length + positions[0];
const exact = async (molecules: readonly Molecule[]): Promise<Float64Array> =>
  Float64Array.from(molecules, property);
const shifted = (base: Molecule, x: number): Molecule => ({
  ...base,
  positions: base.positions.map((value, k) => (k % 3 === 0 ? value + x : value)),
});
const labelled = (each: Molecule): Labelled => ({ molecule: each, value: property(each) });

describe("the yardsticks", () => {
  const own = [WATER, methane(), ETHENE].flatMap((base) => [-1, 0, 1].map((x) => labelled(shifted(base, x))));
  const others = own.map(({ molecule: { atomicNumbers }, value }) => ({ size: atomicNumbers.length, value }));

  test("of a judge that is exact are: no error on real molecules, the spread inside a size for #atoms", async () => {
    const { real, sizeOnly, shuffled } = await yardsticks(exact, own, others);
    expect(real).toEqual({ mae: 0, sem: 0, molecules: 9 });
    expect(sizeOnly.mae).toBeCloseTo(2 / 3, 12); // medians are hit exactly; the others are 1 away
    expect(shuffled.mae as number).toBeGreaterThan(sizeOnly.mae as number);
  });

  test("take the nearest size where the other half has none of that size", async () => {
    const { sizeOnly } = await yardsticks(exact, [labelled(shifted(WATER, 0))], [{ size: 4, value: 42 }]);
    expect(sizeOnly.mae).toBeCloseTo(12, 12);
  });
});

describe("the error of generated molecules", () => {
  test("is the judge's, over all and over those in one piece and stable", async () => {
    const apart = molecule("O 0 0 0\nH 0.96 0 0\nH 9 0 0");
    const broken = molecule("C 0 0 0\nH 1.09 0 0\nH 0 1.09 0");
    const result = await generatedError(
      exact,
      [
        { molecule: WATER, value: 31 },
        { molecule: apart, value: 34 },
        { molecule: broken, value: 28 },
      ],
      "qm9",
    );
    expect(result.all.mae).toBeCloseTo((1 + 4 + 2) / 3, 12);
    expect(result.connected).toMatchObject({ mae: 1.5, molecules: 2 });
    expect(result.stable).toMatchObject({ mae: 1, molecules: 1 });
    expect(result.bias).toBeCloseTo((-1 - 4 + 2) / 3, 12);
    // The standard error of 1, 4, 2 about their mean 7/3.
    expect(result.all.sem).toBeCloseTo(Math.sqrt(((4 / 3) ** 2 + (5 / 3) ** 2 + (1 / 3) ** 2) / 2 / 3), 12);
  });

  test("of none is nothing, not zero", async () => {
    const { stable } = await generatedError(
      exact,
      [{ molecule: molecule("C 0 0 0\nC 5 0 0"), value: 20 }],
      "qm9",
    );
    expect(stable).toEqual({ mae: null, sem: null, molecules: 0 });
  });
});

test("the response to a sweep: means of each frame, whether they rise, and rank correlations", async () => {
  const asked = (value: number, x: number): Labelled => ({ molecule: shifted(WATER, x), value });
  const rising = await sweepResponse(exact, [asked(1, 0), asked(2, 3), asked(1, 2), asked(2, 1)]);
  expect(rising.frames).toEqual([
    { asked: 1, mean: 31, sem: 1, molecules: 2 },
    { asked: 2, mean: 32, sem: 1, molecules: 2 },
  ]);
  expect(rising).toMatchObject({ monotone: true, rankCorrelationOfMeans: 1 });
  expect(rising.rankCorrelation).toBeCloseTo(2 / Math.sqrt(4 * 5), 12);
  const falling = await sweepResponse(exact, [asked(1, 3), asked(2, 1)]);
  expect(falling).toMatchObject({ monotone: false, rankCorrelationOfMeans: -1 });
});

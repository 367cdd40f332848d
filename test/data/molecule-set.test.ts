import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import {
  atomsOf,
  concatenate,
  fromMolecules,
  moleculeAt,
  moleculesOf,
  setSize,
  sizesOf,
  subset,
} from "../../src/data/molecule-set.ts";

const anyMolecule: fc.Arbitrary<Molecule> = fc.integer({ min: 0, max: 6 }).chain((n) =>
  fc
    .record({
      atomicNumbers: fc.uint8Array({ minLength: n, maxLength: n, min: 1, max: 118 }),
      positions: fc.float64Array({ minLength: 3 * n, maxLength: 3 * n, noNaN: true }),
      forces: fc.option(fc.float64Array({ minLength: 3 * n, maxLength: 3 * n, noNaN: true }), {
        nil: undefined,
      }),
      energy: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }), { nil: undefined }),
    })
    .map(({ energy, forces, ...atoms }) => ({
      ...atoms,
      ...(forces && n > 0 ? { forces } : {}),
      ...(energy === undefined ? {} : { properties: { energy } }),
    })),
);
const anyMolecules = fc.array(anyMolecule, { maxLength: 300 });

describe("a molecule set", () => {
  test("gives back every molecule that was put in", () => {
    fc.assert(
      fc.property(anyMolecules, (molecules) => {
        const set = fromMolecules(molecules);
        expect(setSize(set)).toBe(molecules.length);
        expect([...moleculesOf(set)]).toEqual(molecules);
        expect([...sizesOf(set)]).toEqual(molecules.map((m) => m.atomicNumbers.length));
      }),
    );
  });

  test("has the molecules of its subset in the order asked for", () => {
    fc.assert(
      fc.property(
        anyMolecules.filter((m) => m.length > 0),
        fc.array(fc.nat()),
        (molecules, draws) => {
          const indices = draws.map((d) => d % molecules.length);
          expect([...moleculesOf(subset(fromMolecules(molecules), indices))]).toEqual(
            indices.map((i) => molecules[i]),
          );
        },
      ),
    );
  });

  test("is the same when made in one go or joined from parts", () => {
    fc.assert(
      fc.property(anyMolecules, anyMolecules, (a, b) => {
        const joined = concatenate([fromMolecules(a), fromMolecules(b)]);
        expect([...moleculesOf(joined)]).toEqual([...a, ...b]);
      }),
    );
  });

  test("keeps finite scalar properties and marks the unknown with NaN", () => {
    const atom = { atomicNumbers: Uint8Array.of(1), positions: new Float64Array(3) };
    const set = fromMolecules([
      { ...atom, properties: { mu: 1.5, smiles: "[H]", flag: true, tensor: [1, 2] } },
      { ...atom, properties: { gap: 0.25, mu: Number.NaN } },
    ]);
    expect(set.properties).toEqual({
      mu: Float64Array.of(1.5, Number.NaN),
      gap: Float64Array.of(Number.NaN, 0.25),
    });
    expect(moleculeAt(set, 1).properties).toEqual({ gap: 0.25 });
  });

  test("refuses an index outside of it", () => {
    const set = fromMolecules([{ atomicNumbers: Uint8Array.of(1), positions: new Float64Array(3) }]);
    expect(atomsOf(set, 0)).toBe(1);
    expect(() => moleculeAt(set, 1)).toThrow(/molecule 1 of a set of 1/);
  });
});

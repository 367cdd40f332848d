import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { halfOf, labelled } from "../../src/data/halves.ts";
import { fromMolecules } from "../../src/data/molecule-set.ts";

const molecules = (alphas: readonly (number | undefined)[]) =>
  fromMolecules(
    alphas.map((alpha) => ({
      atomicNumbers: new Uint8Array([1]),
      positions: new Float64Array(3),
      ...(alpha === undefined ? {} : { properties: { alpha } }),
    })),
  );

describe("halves of the labelled molecules", () => {
  it("are disjoint, equal to within one, and together the whole", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(100_000), { maxLength: 200 }), (values) => {
        const indices = Uint32Array.from(values).sort();
        const [first, second] = [halfOf(indices, "first"), halfOf(indices, "second")];
        expect(first.length - second.length).toBe(indices.length % 2);
        expect(Uint32Array.from([...first, ...second]).sort()).toEqual(indices);
        expect(halfOf(indices, "all")).toEqual(indices);
      }),
    );
  });

  it("are a shuffle, not the beginning and the end", () => {
    const first = halfOf(
      Uint32Array.from({ length: 1000 }, (_, i) => i),
      "first",
    );
    expect(first.filter((i) => i < 500).length).toBeGreaterThan(200);
    expect(first.filter((i) => i < 500).length).toBeLessThan(300);
  });

  it("are of those that have the property", () => {
    const set = molecules([1, undefined, 3, undefined, 5]);
    expect(labelled(set, "alpha")).toEqual(new Uint32Array([0, 2, 4]));
    expect(labelled(set, "beta")).toEqual(new Uint32Array());
  });
});

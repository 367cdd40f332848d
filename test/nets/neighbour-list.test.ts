import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stream } from "../../src/math/random.ts";
import { bucketed, neighbourList } from "../../src/nets/layers/neighbour-list.ts";

/** Every ordered pair of a molecule, looked at. */
function bruteForce(x: Float64Array, sizes: readonly number[], cutoff: number): number[][] {
  const moleculeOf = sizes.flatMap((n, m) => new Array<number>(n).fill(m));
  return moleculeOf.map((m, i) =>
    moleculeOf.flatMap((other, j) => {
      const d = Math.hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);
      return i !== j && m === other && d < cutoff ? [j] : [];
    }),
  );
}

describe("neighbour list", () => {
  it("is that of brute force, for molecules with and without cells", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 }),
        fc.double({ min: 0.5, max: 6, noNaN: true }),
        fc.nat(1000),
        (sizes, cutoff, seed) => {
          const atoms = sizes.reduce((a, b) => a + b, 0);
          const x = stream({ seed, purpose: "test" })
            .normals(new Float64Array(3 * atoms))
            .map((v) => 4 * v);
          const { offsets, senders } = neighbourList(x, sizes, cutoff);
          const found = Array.from({ length: atoms }, (_, i) => [
            ...senders.subarray(offsets[i], offsets[i + 1]),
          ]);
          expect(found).toEqual(bruteForce(x, sizes, cutoff));
        },
      ),
      { numRuns: 15 },
    );
  });

  it("is padded to at most four sizes per octave, by a quarter at most", () => {
    for (let n = 1; n < 1000; n++) {
      expect(bucketed(n)).toBeGreaterThanOrEqual(n);
      expect(bucketed(n)).toBeLessThanOrEqual(1.25 * n);
    }
    expect(new Set(Array.from({ length: 1000 }, (_, n) => bucketed(n + 1))).size).toBeLessThan(40);
  });
});

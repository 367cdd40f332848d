import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { epochBatches, paddingShare } from "../../src/data/batches.ts";

/** Molecules of each size in the 100,000 of EDM's training split of QM9. */
const QM9_HISTOGRAM: Readonly<Record<number, number>> = {
  3: 1, 4: 4, 5: 5, 6: 9, 7: 16, 8: 49, 9: 124, 10: 362, 11: 807, 12: 1689, 13: 3060, 14: 5136, 15: 7796,
  16: 10644, 17: 13025, 18: 13364, 19: 13832, 20: 9482, 21: 9970, 22: 3393, 23: 4848, 24: 539, 25: 1506,
  26: 48, 27: 266, 29: 25,
}; // biome-ignore format: a table

const qm9Sizes = Object.entries(QM9_HISTOGRAM).flatMap(([size, count]) =>
  Array<number>(count).fill(Number(size)),
);

const paddingOf = (sizes: readonly number[], batch: Uint32Array): number => {
  const own = Array.from(batch, (i) => sizes[i]);
  return Math.max(...own) * own.length - own.reduce((a, b) => a + b, 0);
};

describe("the batches of an epoch", () => {
  const anySizes = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 300 });
  const anyBatchSize = fc.integer({ min: 1, max: 80 });

  test("hold every molecule exactly once", () => {
    fc.assert(
      fc.property(anySizes, anyBatchSize, fc.nat(5), (sizes, batchSize, epoch) => {
        const batches = epochBatches(sizes, { batchSize, seed: 3, epoch });
        expect(batches.flatMap((b) => [...b]).sort((a, b) => a - b)).toEqual(sizes.map((_, i) => i));
        expect(Math.max(0, ...batches.map((b) => b.length))).toBeLessThanOrEqual(batchSize);
      }),
    );
  });

  test("never pad more than allowed, in all and in any one step", () => {
    fc.assert(
      fc.property(
        anySizes,
        anyBatchSize,
        fc.constantFrom(0, 0.01, 0.05, 0.3),
        (sizes, batchSize, maxPadding) => {
          const batches = epochBatches(sizes, { batchSize, seed: 1, epoch: 0, maxPadding });
          expect(paddingShare(sizes, batches)).toBeLessThanOrEqual(maxPadding);
          for (const batch of batches) {
            const fullStep = batchSize * Math.max(...Array.from(batch, (i) => sizes[i]));
            expect(paddingOf(sizes, batch)).toBeLessThanOrEqual(maxPadding * fullStep);
          }
        },
      ),
    );
  });

  test("of equal sizes are full but for the last", () => {
    const batches = epochBatches(Array(130).fill(9), { batchSize: 64, seed: 0, epoch: 0 });
    expect(batches.map((b) => b.length).sort((a, b) => a - b)).toEqual([2, 64, 64]);
  });

  test("on the sizes of QM9 pad 0.2 % and leave at most four short ones of 1,563", () => {
    const batches = epochBatches(qm9Sizes, { batchSize: 64, seed: 0, epoch: 0 });
    expect(qm9Sizes.length).toBe(100_000);
    expect(paddingShare(qm9Sizes, batches)).toBeLessThan(0.002);
    expect(batches.filter((b) => b.length < 64).length).toBeLessThanOrEqual(4);
    expect(batches.length).toBeLessThanOrEqual(1_565);
  });

  test("are a pure function of seed and epoch, and differ between epochs and seeds", () => {
    const sizes = qm9Sizes.slice(0, 5_000);
    const first = epochBatches(sizes, { batchSize: 32, seed: 5, epoch: 2 });
    expect(epochBatches(sizes, { batchSize: 32, seed: 5, epoch: 2 })).toEqual(first);
    expect(epochBatches(sizes, { batchSize: 32, seed: 5, epoch: 3 })).not.toEqual(first);
    expect(epochBatches(sizes, { batchSize: 32, seed: 6, epoch: 2 })).not.toEqual(first);
  });

  test("come in an order that does not follow size", () => {
    const batches = epochBatches(qm9Sizes, { batchSize: 64, seed: 0, epoch: 0 });
    const sizes = batches.map((b) => qm9Sizes[b[0]]);
    const half = sizes.length >> 1;
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(Math.abs(mean(sizes.slice(0, half)) - mean(sizes.slice(half)))).toBeLessThan(0.6);
  });

  test("of no molecules are none", () => {
    expect(epochBatches([], { batchSize: 4, seed: 0, epoch: 0 })).toEqual([]);
  });

  test("refuse a batch size below one", () => {
    expect(() => epochBatches([3], { batchSize: 0, seed: 0, epoch: 0 })).toThrow(/batchSize must be ≥ 1/);
  });
});

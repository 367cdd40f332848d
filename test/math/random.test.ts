import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalFiller, permutation, philox4x32, stream } from "../../src/math/random.ts";

describe("Philox4x32-10 gives the known answers of its authors' test vectors (Random123, kat_vectors)", () => {
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("counter %j", (counter, [key0, key1], expected) => {
    const block = Uint32Array.from(counter);
    philox4x32(block, key0, key1);
    expect([...block]).toEqual(expected);
  });
});

describe("streams", () => {
  test("the same address gives the same numbers, any other address gives others", () => {
    const index = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 52 }), index, index, index, (seed, a, b, step) => {
        const draw = (i: number): number[] => {
          const random = stream({ seed, purpose: "test", index: i, step });
          return [random.normal(), random.uniform(), random.normal()];
        };
        expect(draw(a)).toEqual(draw(a));
        if (a !== b) expect(draw(a)).not.toEqual(draw(b));
      }),
    );
  });

  test("normals have the moments of the standard normal", () => {
    const values = stream({ seed: 1, purpose: "test" }).normals(new Float64Array(200_000));
    const moment = (k: number): number => values.reduce((sum, x) => sum + x ** k, 0) / values.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.01);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.015);
    expect(Math.abs(moment(3))).toBeLessThan(0.04);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  });

  test("normalFiller gives the normals of the stream", () => {
    const fill = normalFiller(2 ** 40 + 3, "test");
    const out = new Float64Array(9);
    for (const [index, step] of [
      [0, 0],
      [7, 1234567],
    ]) {
      fill(out, 2, 9, index, step);
      const expected = stream({ seed: 2 ** 40 + 3, purpose: "test", index, step }).normals(
        new Float64Array(7),
      );
      expect(out.slice(2)).toEqual(expected);
    }
    expect(out.slice(0, 2)).toEqual(new Float64Array(2));
  });

  test("integers below n are all equally frequent", () => {
    const random = stream({ seed: 2, purpose: "test" });
    const counts = new Array<number>(7).fill(0);
    for (let k = 0; k < 70_000; k++) counts[random.integer(7)]++;
    const chiSquared = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chiSquared).toBeLessThan(22.5); // 99.9 % of 6 degrees of freedom
  });

  test("a permutation holds every index once", () => {
    const order = permutation(1000, stream({ seed: 3, purpose: "test" }));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect([...order]).not.toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  test("a seed that is no whole number is refused", () => {
    expect(() => stream({ seed: 0.5, purpose: "test" })).toThrow("seed must be an integer");
  });
});

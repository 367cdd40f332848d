import { describe, expect, test } from "vitest";
import { spearman } from "../../src/math/rank.ts";

describe("Spearman's rank correlation", () => {
  test("is 1 for any rising function and −1 for any falling one", () => {
    const x = [3, -1, 7, 0.5, 12];
    expect(spearman(x, x.map(Math.exp))).toBeCloseTo(1, 12);
    expect(
      spearman(
        x,
        x.map((v) => -(v ** 3)),
      ),
    ).toBeCloseTo(-1, 12);
  });

  test("is 1 − 6 Σ d² / n(n² − 1) without ties", () => {
    // ranks 0 1 2 3 4 against 1 0 2 4 3: Σ d² = 4
    expect(spearman([1, 2, 3, 4, 5], [20, 10, 30, 50, 40])).toBeCloseTo(1 - (6 * 4) / 120, 12);
  });

  test("gives ties the mean of their ranks", () => {
    // ranks 0, 1.5, 1.5, 3 against 0 1 2 3: 4.5 / √(4.5 · 5)
    expect(spearman([1, 2, 2, 3], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
  });

  test("of a constant is not a number", () => expect(spearman([1, 2, 3], [4, 4, 4])).toBeNaN());
});

import { describe, expect, test } from "vitest";
import { type BondGraph, embedByDistances } from "../../src/data/embedding.ts";
import { stream } from "../../src/math/random.ts";

const distance = (x: Float64Array, i: number, j: number): number =>
  Math.hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);
const angle = (x: Float64Array, i: number, j: number, k: number): number => {
  const [a, b, c] = [distance(x, i, j), distance(x, j, k), distance(x, i, k)];
  return (Math.acos((a * a + b * b - c * c) / (2 * a * b)) * 180) / Math.PI;
};
const embed = (graph: BondGraph): Float64Array => {
  const positions = embedByDistances(graph, stream({ seed: 0, purpose: "test" }));
  if (positions === undefined) throw new Error("not embedded");
  return positions;
};
const single = (i: number, j: number) => ({ i, j, order: 1 as const });

describe("embedding by distances", () => {
  test("makes methane a tetrahedron", () => {
    const bonds = [1, 2, 3, 4].map((h) => single(0, h));
    const x = embed({ atomicNumbers: [6, 1, 1, 1, 1], bonds, rings: [] });
    for (let a = 1; a <= 4; a++) {
      expect(distance(x, 0, a)).toBeCloseTo(1.07, 1);
      for (let b = a + 1; b <= 4; b++) expect(Math.abs(angle(x, a, 0, b) - 109.5)).toBeLessThan(6);
    }
  });

  test("makes ethyne straight and shorter at its triple bond", () => {
    const bonds = [single(0, 1), { i: 1, j: 2, order: 3 as const }, single(2, 3)];
    const x = embed({ atomicNumbers: [1, 6, 6, 1], bonds, rings: [] });
    expect(angle(x, 0, 1, 2)).toBeGreaterThan(165);
    expect(Math.abs(distance(x, 1, 2) - 1.2)).toBeLessThan(0.1);
  });

  test("makes cyclopropane's ring an equilateral triangle", () => {
    const bonds = [single(0, 1), single(1, 2), single(2, 0)];
    for (let c = 0; c < 3; c++) bonds.push(single(c, 3 + 2 * c), single(c, 4 + 2 * c));
    const x = embed({ atomicNumbers: [6, 6, 6, 1, 1, 1, 1, 1, 1], bonds, rings: [[0, 1, 2]] });
    expect(Math.abs(angle(x, 0, 1, 2) - 60)).toBeLessThan(5);
  });

  test("keeps atoms apart that are not bonded", () => {
    const bonds = [single(0, 1), single(1, 2), single(2, 3), single(3, 4), single(4, 5), single(5, 6)];
    const x = embed({ atomicNumbers: [6, 6, 6, 6, 6, 6, 6], bonds, rings: [] });
    for (let i = 0; i < 7; i++)
      for (let j = i + 3; j < 7; j++) expect(distance(x, i, j)).toBeGreaterThan(1.9);
  });

  test("gives up on what has no shape", () => {
    const bonds = Array.from({ length: 12 }, (_, k) => single(0, k + 1));
    const atomicNumbers = [6, ...Array<number>(12).fill(6)];
    expect(
      embedByDistances({ atomicNumbers, bonds, rings: [] }, stream({ seed: 0, purpose: "test" })),
    ).toBeUndefined();
  });
});

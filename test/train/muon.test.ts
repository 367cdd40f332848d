import { describe, expect, test } from "vitest";
import { symmetricEigen } from "../../src/math/eigen.ts";
import { stream } from "../../src/math/random.ts";
import { egnnLayout } from "../../src/nets/egnn/egnn-config.ts";
import { layoutSize } from "../../src/nets/layers/parameters.ts";
import { matrixBlocks, muonStep, orthogonalized } from "../../src/train/muon.ts";
import { TINY } from "../nets/tiny-network.ts";

const normals = (n: number, index: number): Float32Array =>
  stream({ seed: 4, purpose: "test", index }).normals(new Float32Array(n));

test.each([
  [16, 16],
  [40, 24],
  [33, 17],
])(
  "an orthogonalised %d × %d matrix keeps its singular vectors; its singular values come near 1",
  (rows, columns) => {
    const x = normals(rows * columns, rows);
    const o = orthogonalized(x, rows, columns);
    // X = U S Vᵀ and O = U f(S) Vᵀ: both OᵀO and XᵀO are diagonal in V, which makes XᵀO symmetric.
    const product = (a: Float32Array, b: Float32Array): number[][] =>
      Array.from({ length: columns }, (_, i) =>
        Array.from({ length: columns }, (_, j) => {
          let sum = 0;
          for (let r = 0; r < rows; r++) sum += a[r * columns + i] * b[r * columns + j];
          return sum;
        }),
      );
    const mixed = product(x, o);
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < i; j++) expect(Math.abs(mixed[i][j] - mixed[j][i])).toBeLessThan(2e-4);
    const before = symmetricEigen(product(x, x)).values.map(Math.sqrt);
    const after = symmetricEigen(product(o, o)).values.map(Math.sqrt);
    const largest = Math.max(...before);
    expect(Math.max(...after)).toBeLessThan(1.25);
    if (Math.min(...before) > 0.02 * largest) expect(Math.min(...after)).toBeGreaterThan(0.6);
  },
);

describe("the blocks of a layout", () => {
  test("are its hidden matrices, one for each concatenated input; no element is in two", () => {
    const layout = egnnLayout({ ...TINY, hidden: 32, layers: 2 });
    const blocks = matrixBlocks(layout);
    // Edge [32, 2 · 32 + E], node [32, 2 · 32] and coordinate [32, 2 · 32 + E] layers, each with a [32, 32].
    expect(blocks).toHaveLength(2 * (3 + 3 + 3));
    const taken = new Uint8Array(layoutSize(layout));
    for (const { offset, stride, rows, columns } of blocks) {
      expect([rows, columns]).toEqual([32, 32]);
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) taken[offset + r * stride + c]++;
    }
    expect(Math.max(...taken)).toBe(1);
  });

  test("leave out vectors and matrices that are small in one direction", () => {
    const spec = (name: string, ...shape: number[]) => ({ name, shape, bound: 1 });
    expect(matrixBlocks([spec("a", 100), spec("b", 8, 64), spec("c", 64, 8), spec("d", 20, 50)])).toEqual([
      { offset: 100 + 512 + 512, stride: 50, rows: 20, columns: 20 },
      { offset: 100 + 512 + 512 + 20, stride: 50, rows: 20, columns: 20 },
    ]);
  });
});

test("a step moves every direction of a matrix by about the learning rate, whatever the gradient's size", () => {
  const block = { offset: 0, stride: 16, rows: 16, columns: 16 };
  const gradient = normals(256, 1);
  const moved = [1, 1e-4].map((scale) => {
    const parameters = new Float32Array(256);
    muonStep(block, { parameters, firstMoment: new Float32Array(256) }, gradient, {
      ...{ scale, momentum: 0.95, matrixRate: 0.1, matrixKeep: 1 },
    });
    return parameters;
  });
  moved[0].forEach((value, i) => {
    expect(Math.abs(value - moved[1][i])).toBeLessThan(1e-5);
  });
  const expected = orthogonalized(gradient, 16, 16);
  moved[0].forEach((value, i) => {
    expect(Math.abs(value + 0.1 * expected[i])).toBeLessThan(1e-5);
  });
});

import { beforeAll, describe, expect, test } from "vitest";
import { chain, dataDependentStart } from "../../src/lab/models/flows/bijection.ts";
import { actnorm, channelHalves, glowMaps, onFirst, squeeze } from "../../src/lab/models/flows/glow.ts";
import { factorise } from "../../src/lab/models/flows/invertible-convolution.ts";
import { conv3x3, convSpecs } from "../../src/nets/layers/conv.ts";
import { layoutSize } from "../../src/nets/layers/parameters.ts";
import { type Linear, parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { float64, mean, normals, numbers } from "./float64.ts";
import { determinant } from "./linear-gaussian.ts";

beforeAll(() => prepareRuntime("cpu"));

const D = 16;
const maps = glowMaps(4, 4, 2, 1, 3);
const glow = chain(maps);
/** Started from data, then moved off it, so that no layer is the identity. */
async function parameters() {
  const start = await dataDependentStart(
    maps,
    1,
    np.array(Float32Array.from(normals(30 * D)), { shape: [30, D] }),
  );
  const moved = Float64Array.from(normals(start.length, 4), (value, i) => start[i] + 0.2 * value);
  return () => parameterTree(glow.specs, moved);
}

describe("Glow on small images", () => {
  test("inverse after forward is the identity, and the volume changes cancel", async () => {
    const tree = await parameters();
    const x = normals(5 * D, 2);
    const there = glow.forward(tree(), float64(x, [5, D]));
    const back = glow.inverse(tree(), there.y);
    (await numbers(back.y)).forEach((value, i) => {
      expect(Math.abs(value - x[i])).toBeLessThan(1e-4);
    });
    for (const sum of await numbers(there.logDet.add(back.logDet))) expect(Math.abs(sum)).toBeLessThan(1e-4);
  });

  test("the log-determinant is that of the automatic Jacobian", async () => {
    const tree = await parameters();
    const x = normals(D, 3);
    const j = await numbers(
      jax.jacrev((row: np.Array) => {
        const { y, logDet } = glow.forward(tree(), row.reshape([1, D]));
        logDet.dispose();
        return y.reshape([D]);
      })(float64(x, [D])),
    );
    const index = Array.from({ length: D }, (_, k) => k);
    const gram = index.map((a) =>
      index.map((b) => index.reduce((s, k) => s + j[k * D + a] * j[k * D + b], 0)),
    );
    const [logDet] = await numbers(glow.forward(tree(), float64(x, [1, D])).logDet);
    expect(Math.abs(logDet - 0.5 * Math.log(determinant(gram)))).toBeLessThan(1e-4);
    expect(Math.abs(logDet)).toBeGreaterThan(0.1);
  });

  test("starts with every channel of the data at mean 0 and variance 1", async () => {
    const grid = { height: 2, width: 2, channels: 3 };
    const rows = Float32Array.from(normals(40 * 12), (value, i) => 3 + (i % 3) + (1 + (i % 3)) * value);
    const norm = actnorm(grid);
    const data = () => np.array(rows.slice(), { shape: [40, 12] });
    const start = await dataDependentStart([norm], 1, data());
    const y = await numbers(norm.forward(parameterTree(norm.specs, start), data()).y);
    for (const channel of [0, 1, 2]) {
      const values = y.filter((_, i) => i % 3 === channel);
      expect(mean(values)).toBeCloseTo(0, 4);
      expect(mean(values.map((value) => value * value))).toBeCloseTo(1, 3);
    }
  });

  test("squeezing makes channels of the pixels of each 2 × 2 block, and a split takes the last channels", async () => {
    const image = Array.from({ length: 16 }, (_, k) => k); // 4 × 4
    const squeezed = squeeze({ height: 4, width: 4, channels: 1 }).forward({}, float64(image, [1, 16]));
    const y = await numbers(squeezed.y.ref);
    expect(y).toEqual([0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]);
    const halves = channelHalves({ height: 2, width: 2, channels: 4 }).forward({}, squeezed.y);
    expect(await numbers(halves.y)).toEqual([0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15]);
    const partly = onFirst(16, squeeze({ height: 4, width: 4, channels: 1 }));
    const longer = await numbers(partly.forward({}, float64([...image, 7, 9], [1, 18])).y);
    expect(longer).toEqual([...y, 7, 9]);
  });
});

test("P L U is the matrix", () => {
  const matrix = Array.from({ length: 4 }, (_, i) => normals(4, i));
  const { order, lower, upper } = factorise(matrix);
  order.forEach((row, i) => {
    for (let j = 0; j < 4; j++) {
      const value = lower[i].reduce((sum, l, k) => sum + l * upper[k][j], 0);
      expect(value).toBeCloseTo(matrix[row][j], 12);
      if (j < i) expect(upper[i][j]).toBeCloseTo(0, 12);
      if (j > i) expect(lower[i][j]).toBe(0);
    }
  });
});

test("the 3 × 3 convolution is that of the tensor library", async () => {
  const specs = convSpecs("layer", 2, 3);
  const flat = Float64Array.from(normals(layoutSize(specs)));
  const { layer } = parameterTree(specs, flat) as unknown as { layer: Linear };
  const x = normals(2 * 5 * 4 * 2); // [B, H, W, C]
  const own = conv3x3(layer, float64(x, [2, 5, 4, 2]));
  const weight = float64(Array.from(flat.subarray(0, 54)), [3, 3, 3, 2]); // [out, row, column, in]
  const reference = jax.lax
    .conv(float64(x, [2, 5, 4, 2]).transpose([0, 3, 1, 2]), weight.transpose([0, 3, 1, 2]), [1, 1], "SAME")
    .transpose([0, 2, 3, 1])
    .add(float64(Array.from(flat.subarray(54)), [3]));
  const expected = await numbers(reference);
  (await numbers(own)).forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 10);
  });
});

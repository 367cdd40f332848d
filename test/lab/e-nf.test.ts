import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import type { Mapped } from "../../src/lab/models/flows/bijection.ts";
import { enf, equivariantFlow } from "../../src/lab/models/flows/e-nf.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { fit } from "./fit.ts";
import { float64, mean, normals, numbers } from "./float64.ts";
import { determinant } from "./linear-gaussian.ts";

beforeAll(() => prepareRuntime("cpu"));

const N = 3;
const D = 3 * N;
const flow = equivariantFlow(N, { hidden: 6, blocks: 1, steps: 2 });
const flat = Float64Array.from(normals(layoutSize(flow.specs), 2), (value) => 0.3 * value);
const parameters = () => parameterTree(flow.specs, flat);
const compiled = jax.jit(flow.forward);
/** Of one set. */
const forward = (x: readonly number[]) => compiled(parameters(), float64(x, [1, D])) as unknown as Mapped;
/** Turns every point about the z axis, mirrors y, and shifts. */
const moved = (x: readonly number[], shift: number): number[] => {
  const [c, s] = [Math.cos(0.7), Math.sin(0.7)];
  return x.map((_, i) => {
    const [a, b, z] = x.slice(i - (i % 3), i - (i % 3) + 3);
    return [c * a + s * b, s * a - c * b, z][i % 3] + shift;
  });
};

describe("the equivariant flow of point sets", () => {
  test("inverse after forward is the identity, and the volume changes cancel, up to the integrator's error", async () => {
    const x = normals(D);
    const there = forward(x);
    const back = flow.inverse(parameters(), there.y.ref);
    (await numbers(back.y)).forEach((value, i) => {
      expect(Math.abs(value - x[i])).toBeLessThan(1e-4);
    });
    for (const sum of await numbers(there.logDet.add(back.logDet))) expect(Math.abs(sum)).toBeLessThan(1e-4);
    const distance = Math.max(...(await numbers(there.y)).map((value, i) => Math.abs(value - x[i])));
    expect(distance).toBeGreaterThan(0.05);
  });

  test("the log-determinant is that of the automatic Jacobian", async () => {
    const j = await numbers(
      jax.jit(jax.jacrev((row: np.Array) => flow.forward(parameters(), row.reshape([1, D])).y.reshape([D])))(
        float64(normals(D), [D]),
      ),
    );
    const index = Array.from({ length: D }, (_, k) => k);
    const gram = index.map((a) =>
      index.map((b) => index.reduce((s, k) => s + j[k * D + a] * j[k * D + b], 0)),
    );
    const [logDet] = await numbers(forward(normals(D)).logDet);
    expect(Math.abs(logDet - 0.5 * Math.log(determinant(gram)))).toBeLessThan(1e-4);
    expect(Math.abs(logDet)).toBeGreaterThan(0.01);
  });

  test("directions whose outer products sum to the identity estimate the log-determinant itself", async () => {
    const K = 16;
    const parity = (bits: number): number => (bits === 0 ? 0 : (bits & 1) ^ parity(bits >> 1));
    // Columns of a Hadamard matrix are orthogonal.
    const signs = Array.from({ length: K * D }, (_, i) => {
      const [k, d] = [Math.floor(i / D), (i % D) + 1];
      return (parity(k & d) ? -1 : 1) / Math.sqrt(K);
    });
    const x = normals(D);
    const exact = forward(x);
    // Compiled as the other is: exp of code that is not differs by 1e-8.
    const estimate = jax.jit(flow.estimate)(
      parameters(),
      float64(x, [1, D]),
      float64(signs, [1, K, D]),
    ) as unknown as Mapped;
    expect(Math.abs((await numbers(estimate.logDet))[0] - (await numbers(exact.logDet))[0])).toBeLessThan(
      1e-9,
    );
    const ends = await numbers(exact.y);
    (await numbers(estimate.y)).forEach((value, i) => {
      expect(value).toBeCloseTo(ends[i], 9);
    });
    const y = normals(D, 5);
    const [alone, whole] = [
      await numbers(flow.generate(parameters(), float64(y, [1, D]))),
      await numbers(flow.inverse(parameters(), float64(y, [1, D])).y),
    ];
    alone.forEach((value, i) => {
      expect(value).toBeCloseTo(whole[i], 9);
    });
  });

  test("rotated, mirrored and shifted sets flow to noise moved alike, with the same volume change", async () => {
    const x = normals(D);
    const [there, turned] = [forward(x), forward(moved(x, 0.3))];
    const expected = moved(await numbers(there.y), 0.3);
    (await numbers(turned.y)).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
    const changes = await numbers(there.logDet);
    (await numbers(turned.logDet)).forEach((value, i) => {
      expect(value).toBeCloseTo(changes[i], 5);
    });
  });

  test("the centre stays where it is", async () => {
    const x = normals(D);
    const y = await numbers(forward(x).y);
    for (const k of [0, 1, 2])
      expect(mean([0, 1, 2].map((i) => y[3 * i + k]))).toBeCloseTo(
        mean([0, 1, 2].map((i) => x[3 * i + k])),
        5,
      );
  });
});

test("training raises the likelihood of sets of four points, with the compiled gradient that finite differences have", async () => {
  const data = await loadLabData("four-points", labDataSchema.parse({ count: 32, test: 8 }));
  const model = enf.build({ hidden: 8, blocks: 1, steps: 1 }, data.shape);
  const { losses } = await fit(model, data.train, 12, 25, 0.03);
  expect(losses[0] - losses[24]).toBeGreaterThan(0.3);

  const tree = (values: Float32Array) => parameterTree(model.layout, values);
  const start = initialParameters(model.layout, 1);
  for (let i = 0; i < start.length; i++) start[i] += 0.2 * normals(1, i)[0];
  const x = () => np.array(data.train.slice(), { shape: [32, 12] });
  const loss = (p: ReturnType<typeof parameterTree>) => model.loss(p, x(), {}).mean();
  const value = jax.jit(loss);
  const gradient = jax.jit(jax.grad(loss))(tree(start)) as unknown as { embedding: { weight: np.Array } };
  const slopes = await numbers(gradient.embedding.weight);
  const at = async (k: number, by: number) => {
    const values = start.slice();
    values[k] += by;
    return (await numbers(value(tree(values))))[0];
  };
  for (const k of [0, 3]) {
    const difference = ((await at(k, 0.02)) - (await at(k, -0.02))) / 0.04;
    expect(Math.abs(slopes[k] - difference)).toBeLessThan(0.02 * Math.abs(difference) + 2e-3);
  }
  model.dispose?.();
});

test("rows that are no sets of points in space are bad input", () => {
  expect(() => enf.build({ hidden: 8, blocks: 1, steps: 1 }, { kind: "points", dimension: 2 })).toThrow(
    new InputError(
      "e-nf takes sets of 2 to 20 points in space, 3 numbers each (four-points); the data are 2 numbers",
    ),
  );
});

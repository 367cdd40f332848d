import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { autoregressive } from "../../src/lab/models/flows/autoregressive.ts";
import { type Bijection, chain, inverted, logDensity } from "../../src/lab/models/flows/bijection.ts";
import { additiveCoupling, affineCoupling, diagonalScaling } from "../../src/lab/models/flows/coupling.ts";
import { logit } from "../../src/lab/models/flows/logit.ts";
import { planarFlow } from "../../src/lab/models/flows/planar.ts";
import { radialFlow } from "../../src/lab/models/flows/radial.ts";
import { layoutSize } from "../../src/nets/layers/parameters.ts";
import { type ParameterTree, parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, type np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { float64, normals, numbers } from "./float64.ts";
import { determinant } from "./linear-gaussian.ts";

beforeAll(() => prepareRuntime("cpu"));

/** The CPU device computes exp and tanh to 1e-7 and log to 4e-6 in either precision; a chain adds that up. */
const TOLERANCE = 1e-4;

/** Every flow in ℝᴰ, D ≥ 2. */
const FLOWS: Readonly<Record<string, (D: number) => Bijection>> = {
  planar: (D) => chain([planarFlow(D), planarFlow(D), planarFlow(D)]),
  radial: (D) => chain([radialFlow(D), radialFlow(D), radialFlow(D)]),
  NICE: (D) => chain([additiveCoupling(D, [5], 0), additiveCoupling(D, [5], 1), diagonalScaling(D)]),
  RealNVP: (D) => chain([affineCoupling(D, [5], 0), affineCoupling(D, [5], 1)]),
  MAF: (D) => chain([autoregressive(D, [7], false), autoregressive(D, [7], true)]),
  "RealNVP after a logit": (D) => chain([logit, affineCoupling(D, [5], 0), affineCoupling(D, [5], 1)]),
  IAF: (D) => inverted(chain([autoregressive(D, [7], false), autoregressive(D, [7], true)])),
};

/** log |det J| = ½ log det JᵀJ of a matrix given row by row. */
const logAbsDeterminant = (j: readonly number[], D: number): number => {
  const index = Array.from({ length: D }, (_, k) => k);
  const gram = index.map((a) => index.map((b) => index.reduce((s, k) => s + j[k * D + a] * j[k * D + b], 0)));
  return 0.5 * Math.log(determinant(gram));
};

/** Parameters far from the start, where an error would show. */
const randomParameters = ({ specs }: Bijection, index: number, scale: number): ParameterTree =>
  parameterTree(
    specs,
    Float64Array.from(normals(layoutSize(specs), index), (value) => scale * value),
  );

const valuesOf = (flat: readonly number[]): [number, number][] =>
  Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i], flat[2 * i + 1]]);

/** Points where the flow is defined: the logit takes numbers in [0, 1]. */
const inDomain = (name: string, x: readonly number[]): readonly number[] =>
  name.includes("logit") ? x.map((value) => 1 / (1 + Math.exp(-value))) : x;

const CASES = fc.record({
  D: fc.integer({ min: 2, max: 5 }),
  index: fc.integer({ min: 1, max: 1_000_000 }),
  scale: fc.double({ min: 0.1, max: 0.6, noNaN: true }),
});

describe.each(Object.entries(FLOWS))("%s", (name, make) => {
  test("inverse after forward is the identity, and the volume changes cancel", async () => {
    await fc.assert(
      fc.asyncProperty(CASES, async ({ D, index, scale }) => {
        const flow = make(D);
        const x = inDomain(name, normals(4 * D, index + 1));
        const there = flow.forward(randomParameters(flow, index, scale), float64(x, [4, D]));
        const back = flow.inverse(randomParameters(flow, index, scale), there.y);
        (await numbers(back.y)).forEach((value, i) => {
          expect(Math.abs(value - x[i])).toBeLessThan(TOLERANCE);
        });
        for (const sum of await numbers(there.logDet.add(back.logDet)))
          expect(Math.abs(sum)).toBeLessThan(TOLERANCE);
      }),
      { numRuns: 6, seed: 1 },
    );
  });

  test("the log-determinant is that of the automatic Jacobian", async () => {
    await fc.assert(
      fc.asyncProperty(CASES, async ({ D, index, scale }) => {
        const flow = make(D);
        const x = inDomain(name, normals(D, index + 1));
        const mapped = (row: np.Array) =>
          flow.forward(randomParameters(flow, index, scale), row.reshape([1, D]));
        const jacobian = jax.jacrev((row: np.Array) => mapped(row).y.reshape([D]))(float64(x, [D]));
        const { logDet: claimed } = mapped(float64(x, [D]));
        const exact = logAbsDeterminant(await numbers(jacobian), D);
        expect(Math.abs((await numbers(claimed))[0] - exact)).toBeLessThan(TOLERANCE);
      }),
      { numRuns: 4, seed: 2 },
    );
  });

  test.skipIf(name.includes("logit"))("the density integrates to one on a grid in the plane", async () => {
    const flow = make(2);
    const [n, reach] = [161, 10];
    const axis = Array.from({ length: n }, (_, k) => reach * ((2 * k) / (n - 1) - 1));
    const grid = float64(
      axis.flatMap((x) => axis.flatMap((y) => [x, y])),
      [n * n, 2],
    );
    const log = await numbers(logDensity(flow, randomParameters(flow, 3, 0.3), grid));
    const total = log.reduce((sum, value) => sum + Math.exp(value), 0) * ((2 * reach) / (n - 1)) ** 2;
    expect(total).toBeCloseTo(1, 3);
  });
});

test("planar and radial maps stay invertible for parameters of any size", async () => {
  for (const [flow, scale] of [planarFlow(3), radialFlow(3)].flatMap((f) =>
    [0.1, 3, 10].map((s) => [f, s] as const),
  )) {
    const x = normals(30);
    const { y, logDet } = flow.forward(randomParameters(flow, 9, scale), float64(x, [10, 3]));
    for (const value of await numbers(logDet)) expect(Number.isFinite(value)).toBe(true);
    const back = await numbers(flow.inverse(randomParameters(flow, 9, scale), y).y);
    back.forEach((value, i) => {
      expect(Math.abs(value - x[i])).toBeLessThan(1e-5);
    });
  }
});

test("a masked autoregressive map moves coordinate i by the ones before it alone, in either order", async () => {
  const D = 4;
  for (const reversed of [false, true]) {
    const flow = autoregressive(D, [9, 9], reversed);
    const jacobian = await numbers(
      jax.jacrev((x: np.Array) =>
        flow.forward(randomParameters(flow, 5, 1), x.reshape([1, D])).y.reshape([D]),
      )(float64(normals(D), [D])),
    );
    for (let i = 0; i < D; i++) {
      for (let j = 0; j < D; j++) {
        const may = reversed ? j >= i : j <= i;
        if (may) expect(jacobian[i * D + j]).not.toBe(0);
        else expect(jacobian[i * D + j]).toBe(0);
      }
    }
  }
});

test("the density of values in [0, 1] integrates to the share of the noise that comes from there", async () => {
  const flow = chain([logit, affineCoupling(2, [5], 0), affineCoupling(2, [5], 1)]);
  const n = 200;
  const axis = Array.from({ length: n }, (_, k) => (k + 0.5) / n);
  const grid = float64(
    axis.flatMap((x) => axis.flatMap((y) => [x, y])),
    [n * n, 2],
  );
  const log = await numbers(logDensity(flow, randomParameters(flow, 3, 0.3), grid));
  const inside = log.reduce((sum, value) => sum + Math.exp(value), 0) / n ** 2;
  const noise = valuesOf(
    await numbers(flow.inverse(randomParameters(flow, 3, 0.3), float64(normals(20_000, 8), [10_000, 2])).y),
  );
  const share = noise.filter(([x, y]) => x >= 0 && x <= 1 && y >= 0 && y <= 1).length / noise.length;
  expect(Math.abs(inside - share)).toBeLessThan(0.02);
  expect(share).toBeGreaterThan(0.5);
});

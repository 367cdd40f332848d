import { beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { type GaussianMixture, gaussianMixture } from "../../src/lab/data/gaussian-mixture.ts";
import type { LabFacts, LabModel } from "../../src/lab/models/lab-model.ts";
import { divergence } from "../../src/lab/models/variational/divergence.ts";
import {
  type DivergenceSettings,
  divergenceFit,
  gridOfFacts,
} from "../../src/lab/models/variational/divergence-model.ts";
import { initialParameters, namedViews } from "../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { fit } from "./fit.ts";
import { mean, scalar } from "./float64.ts";

beforeAll(() => prepareRuntime("cpu"));

const CORRELATED = gaussianMixture([
  {
    mean: [0.3, -0.2],
    covariance: [
      [0.5, 0.35],
      [0.35, 0.4],
    ],
  },
]);
const ROUND = [
  [0.15, 0],
  [0, 0.15],
];
const BIMODAL = gaussianMixture([
  { mean: [-1.2, -0.6], covariance: ROUND },
  { mean: [1.2, 0.6], covariance: ROUND },
]);

const factsOf = (mixture?: GaussianMixture): LabFacts => ({
  name: "test",
  lowest: [-3, -3],
  highest: [3, 3],
  ...(mixture && { mixture }),
});
const built = (mixture: GaussianMixture, settings: Partial<DivergenceSettings>): LabModel =>
  divergenceFit.build(
    divergenceFit.settings.parse(settings),
    { kind: "points", dimension: 2 },
    factsOf(mixture),
  );

/** Parameters of the fit, covariances of its components and the divergence reached. */
async function fitted(mixture: GaussianMixture, settings: Partial<DivergenceSettings>) {
  const model = built(mixture, settings);
  const { parameters, losses } = await fit(model, new Float32Array(4), 2, 300, 0.1);
  const views = namedViews(model.layout, parameters);
  const view = (name: string) => Array.from(views.get(name) ?? []);
  const means = view("means");
  const covariances = Array.from({ length: means.length / 2 }, (_, k) => {
    const [l00, l11] = view("logDiagonal")
      .slice(2 * k, 2 * k + 2)
      .map(Math.exp);
    const l10 = view("below")[4 * k + 2] ?? 0;
    // (L Lᵀ)⁻¹
    return [
      [(l10 * l10 + l11 * l11) / (l00 * l11) ** 2, -l10 / (l00 * l11 * l11)],
      [-l10 / (l00 * l11 * l11), 1 / (l11 * l11)],
    ];
  });
  model.dispose?.();
  return { means, covariances, reached: losses[losses.length - 1] };
}
/** `a` is `b` within `digits` decimals, number by number. */
const close = (a: readonly number[], b: readonly number[], digits = 2) =>
  a.forEach((value, i) => {
    expect(value).toBeCloseTo(b[i], digits);
  });

describe("fits of Gaussians to known densities", () => {
  test("diagonal to correlated: forward KL takes the marginal variances, reverse KL the conditional ones", async () => {
    const forward = await fitted(CORRELATED, { divergence: "forward", covariance: "diagonal" });
    close(forward.means, [0.3, -0.2]);
    close(forward.covariances[0].flat(), [0.5, 0, 0, 0.4]);
    const reverse = await fitted(CORRELATED, { divergence: "reverse", covariance: "diagonal" });
    close(reverse.means, [0.3, -0.2]);
    const determinant = 0.5 * 0.4 - 0.35 ** 2;
    close(reverse.covariances[0].flat(), [determinant / 0.4, 0, 0, determinant / 0.5]);
    // Both divergences are −½ log(1 − ρ²) at their optimum.
    const gap = -0.5 * Math.log(1 - 0.35 ** 2 / (0.5 * 0.4));
    close([forward.reached, reverse.reached], [gap, gap]);
  });

  test("one Gaussian to two modes: forward KL has the mixture's moments, reverse KL is one of the modes", async () => {
    const forward = await fitted(BIMODAL, { divergence: "forward" });
    close(forward.means, [0, 0]);
    close(forward.covariances[0].flat(), [1.59, 0.72, 0.72, 0.51]);
    const reverse = await fitted(BIMODAL, { divergence: "reverse" });
    close(reverse.means.map(Math.abs), [1.2, 0.6], 1);
    close(reverse.covariances[0].flat(), [0.15, 0, 0, 0.15], 1);
    expect(reverse.reached).toBeCloseTo(Math.LN2, 1);
  });

  test("two Gaussians to two modes: α-divergences find them, and fall to nothing", async () => {
    for (const alpha of [0.3, -0.3]) {
      const { means, reached } = await fitted(BIMODAL, { divergence: "alpha", alpha, components: 2 });
      close(means.map(Math.abs), [1.2, 0.6, 1.2, 0.6], 1);
      expect(means[0] * means[2]).toBeLessThan(0);
      expect(Math.abs(reached)).toBeLessThan(0.01);
    }
  });

  test("reverse KL is not below zero for fits that reach beyond the grid", async () => {
    const model = built(BIMODAL, { divergence: "reverse" });
    const flat = initialParameters(model.layout, 1);
    namedViews(model.layout, flat).get("logDiagonal")?.fill(-4);
    const loss = model.loss(parameterTree(model.layout, flat), np.zeros([1, 2]), {});
    expect(await scalar(loss)).toBeGreaterThan(0);
    model.dispose?.();
  });

  test("samples have the fit's covariance", async () => {
    const model = built(CORRELATED, { components: 1 });
    const { parameters } = await fit(model, new Float32Array(4), 2, 300, 0.1);
    const rows = await model.sample(parameters, 20_000, 3);
    const columns = [0, 1].map((d) =>
      Array.from({ length: 20_000 }, (_, i) => rows[2 * i + d] - [0.3, -0.2][d]),
    );
    const product = (a: number, b: number) => mean(columns[a].map((value, i) => value * columns[b][i]));
    close([product(0, 0), product(0, 1), product(1, 1)], [0.5, 0.35, 0.4], 1);
    model.dispose?.();
  });
});

test("the α-divergence tends to the forward KL for α → 1, to the reverse one for α → −1, and is symmetric at 0", async () => {
  const { points, area } = gridOfFacts(factsOf());
  const G = points.length / 2;
  const [a, b] = [
    [0.2, -0.1, 0.8],
    [-0.3, 0.4, 0.65],
  ];
  const log = ([x, y, s]: readonly number[]): np.Array => {
    const values = Float32Array.from({ length: G }, (_, g) => {
      const squared = (points[2 * g] - x) ** 2 + (points[2 * g + 1] - y) ** 2;
      return -squared / (2 * s * s) - Math.log(2 * Math.PI * s * s);
    });
    return np.array(values, { shape: [G] });
  };
  const value = (kind: Parameters<typeof divergence>[0], p = a, q = b) =>
    scalar(divergence(kind, log(p), log(q), area));
  expect(await value({ alpha: 0.99 })).toBeCloseTo(await value("forward"), 1);
  expect(await value({ alpha: -0.99 })).toBeCloseTo(await value("reverse"), 1);
  expect(await value({ alpha: 0 }, a, b)).toBeCloseTo(await value({ alpha: 0 }, b, a), 4);
  expect(await value("forward", a, b)).toBeCloseTo(await value("reverse", b, a), 4);
  expect(Math.abs((await value("forward")) - (await value("reverse")))).toBeGreaterThan(0.05);
});

test("data without a known density, and data that are not of the plane, are bad input", () => {
  const model = divergenceFit.build(
    divergenceFit.settings.parse({}),
    { kind: "points", dimension: 2 },
    factsOf(),
  );
  expect(() => model.loss({}, np.zeros([1, 2]), {})).toThrow(InputError);
  expect(() =>
    divergenceFit.build(divergenceFit.settings.parse({}), { kind: "points", dimension: 3 }, factsOf()),
  ).toThrow(/points of the plane/);
});

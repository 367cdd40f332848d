import { describe, expect, test } from "vitest";
import { scoreFrom } from "../../src/diffusion/prediction.ts";
import { equalRows, flowLogDensity } from "../../src/diffusion/probability-flow.ts";
import { annealedLangevin, langevin } from "../../src/diffusion/samplers/langevin.ts";
import { linearSchedule } from "../../src/diffusion/schedule.ts";
import { timeOfGamma, veSchedule, vpSchedule } from "../../src/diffusion/sde.ts";
import { PRIOR_STEP } from "../../src/diffusion/space.ts";
import {
  drawFromMixture,
  gaussianMixture,
  mixtureLogDensity,
  mixtureScore,
} from "../../src/lab/data/gaussian-mixture.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import { rowSpace } from "../../src/lab/models/rows.ts";
import { annealedSettings } from "../../src/lab/models/score/annealed.ts";
import { withDivergence } from "../../src/lab/models/score/divergence.ts";
import { mixtureScoreOnDevice } from "../../src/lab/models/score/mixture-score.ts";
import {
  denoisingScoreMatching,
  explicitScoreMatching,
  hyvarinenScoreMatching,
  type ScoreFunction,
  slicedScoreMatching,
} from "../../src/lab/models/score/objectives.ts";
import { stream } from "../../src/math/random.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { jax, np } from "../../src/platform/jax.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const mixture = gaussianMixture([
  {
    weight: 2,
    mean: [-1, 0.5],
    covariance: [
      [0.5, 0.2],
      [0.2, 0.4],
    ],
  },
  {
    weight: 1,
    mean: [1, -0.5],
    covariance: [
      [0.3, -0.1],
      [-0.1, 0.6],
    ],
  },
]);
const drawn = (n: number, seed: number): Float64Array => {
  const rows = new Float64Array(2 * n);
  for (let i = 0; i < n; i++)
    drawFromMixture(mixture, stream({ seed, purpose: "test", index: i }), rows.subarray(2 * i, 2 * i + 2));
  return rows;
};
const array = (rows: Float64Array): np.Array =>
  np.array(Float32Array.from(rows), { shape: [rows.length / 2, 2] });
const mean = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

describe("a mixture of Gaussians", () => {
  test("has the moments of its components", () => {
    const rows = drawn(40_000, 1);
    expect(mean(rows.filter((_, i) => i % 2 === 0))).toBeCloseTo(-1 / 3, 1);
    expect(mean(rows.filter((_, i) => i % 2 === 1))).toBeCloseTo(1 / 6, 1);
  });

  test("its density integrates to 1 and its score is the gradient of its logarithm", () => {
    const [side, n] = [12, 240];
    const grid = Float64Array.from({ length: 2 * n * n }, (_, i) => {
      const k = i % 2 === 0 ? (i >> 1) % n : Math.floor((i >> 1) / n);
      return ((k + 0.5) / n - 0.5) * side;
    });
    const total = mixtureLogDensity(mixture, grid).reduce((sum, value) => sum + Math.exp(value), 0);
    expect(total * (side / n) ** 2).toBeCloseTo(1, 6);
    const at = drawn(20, 2);
    const score = mixtureScore(mixture, at);
    for (let i = 0; i < at.length; i++) {
      const [above, below] = [1e-5, -1e-5].map((h) =>
        mixtureLogDensity(
          mixture,
          at.map((x, k) => (k === i ? x + h : x)),
        ),
      );
      expect((above[i >> 1] - below[i >> 1]) / 2e-5).toBeCloseTo(score[i], 5);
    }
  });

  test("has the same score on the device", async () => {
    const at = drawn(50, 3);
    const found = (await mixtureScoreOnDevice(mixture, array(at)).data()) as Float32Array;
    mixtureScore(mixture, at).forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 3);
    });
  });
});

describe("the score is −ε/√(1 − ᾱ)", () => {
  // q(z_t) of a mixture is a mixture; E[ε | z_t] is found by weighting draws of the data with q(z_t | x).
  test("for the best noise predictor at every time of the linear schedule", () => {
    const schedule = linearSchedule(1000);
    const data = drawn(200_000, 4);
    for (const t of [0.1, 0.3, 0.7, 1]) {
      const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
      const noised = gaussianMixture(
        mixture.components.map(({ weight, mean: m, cholesky: L }) => ({
          weight,
          mean: m.map((x) => alpha * x),
          covariance: [0, 1].map((i) =>
            [0, 1].map(
              (j) =>
                alpha ** 2 * (L[2 * i] * L[2 * j] + L[2 * i + 1] * L[2 * j + 1]) + (i === j ? sigma ** 2 : 0),
            ),
          ),
        })),
      );
      const z = Float64Array.of(0.3, -0.2);
      let total = 0;
      const epsilon = new Float64Array(2);
      for (let i = 0; i < data.length; i += 2) {
        const e = [0, 1].map((d) => (z[d] - alpha * data[i + d]) / sigma);
        const weight = Math.exp(-0.5 * (e[0] ** 2 + e[1] ** 2));
        total += weight;
        for (const d of [0, 1]) epsilon[d] += weight * e[d];
      }
      const score = scoreFrom(
        schedule,
        t,
        epsilon.map((value) => value / total),
      );
      const exact = mixtureScore(noised, z);
      for (const d of [0, 1])
        expect(Math.abs(score[d] - exact[d])).toBeLessThan(0.03 * Math.hypot(...exact) + 0.01);
    }
  });
});

describe("objectives of score matching", () => {
  // s(x) = W x + b, so that traces and minima are known.
  const linearScore =
    (W: readonly number[], b: readonly number[]): ScoreFunction =>
    (x) =>
      np.matmul(x, np.array([...W], { shape: [2, 2] })).add(np.array([...b], { shape: [1, 2] }));
  const losses = async (array: np.Array): Promise<number> => mean((await array.data()) as Float32Array);
  const rows = drawn(20_000, 5);

  test("of Hyvärinen: the exact trace; the sliced one agrees in the mean", async () => {
    const [W, b] = [
      [-1, 0.3, 0.2, -2],
      [0.1, -0.4],
    ];
    const exact = await losses(hyvarinenScoreMatching(linearScore(W, b), array(rows)));
    const half = await losses(
      np
        .square(linearScore(W, b)(array(rows)))
        .sum(1)
        .mul(0.5),
    );
    expect(exact - half).toBeCloseTo(-3, 4); // tr W
    const v = stream({ seed: 6, purpose: "test" }).normals(new Float64Array(rows.length));
    expect(await losses(slicedScoreMatching(linearScore(W, b), array(rows), array(v)))).toBeCloseTo(exact, 1);
  });

  test("of Hyvärinen and explicit differ by a constant, ½ E‖∇ log p‖²", async () => {
    const constant = 0.5 * mean(mixtureScore(mixture, rows).map((value) => 2 * value ** 2));
    for (const W of [
      [-1, 0, 0, -1],
      [-0.5, 0.2, 0.2, -1.5],
    ]) {
      const score = linearScore(W, [0.2, 0.1]);
      const explicit = await losses(
        explicitScoreMatching(score, array(rows), array(mixtureScore(mixture, rows))),
      );
      const implicit = await losses(hyvarinenScoreMatching(score, array(rows)));
      expect(Math.abs(explicit - implicit - constant)).toBeLessThan(0.06);
    }
  });

  test("denoising: its gradient with respect to the score's offset vanishes at the score of the noised data", async () => {
    // Gaussian data N(0, 1): noised with σ their score is −x/(1 + σ²); any other slope has a higher loss.
    const sigma = 0.5;
    const x = stream({ seed: 7, purpose: "test" }).normals(new Float64Array(40_000));
    const e = stream({ seed: 8, purpose: "test" }).normals(new Float64Array(40_000));
    const at = (slope: number): Promise<number> =>
      losses(denoisingScoreMatching((y) => y.mul(slope), array(x), sigma, array(e)));
    const best = -1 / (1 + sigma ** 2);
    const [below, least, above] = [await at(best - 0.1), await at(best), await at(best + 0.1)];
    expect(least).toBeLessThan(Math.min(below, above));
    expect(Math.abs(below - above)).toBeLessThan(0.01);
  });
});

describe("SDEs as schedules", () => {
  test("VP has α² = exp(−∫β), VE has σ/α = σ̃; timeOfGamma inverts γ", () => {
    const vp = vpSchedule(1000);
    expect(vp.alpha(1) ** 2).toBeCloseTo(Math.exp(-0.1 - 0.5 * 19.9), 8);
    const ve = veSchedule(1000, 0.01, 50);
    expect(ve.sigma(0.5) / ve.alpha(0.5)).toBeCloseTo(Math.sqrt(0.01 * 50), 8);
    for (const schedule of [vp, ve])
      for (const t of [0.01, 0.4, 0.99]) expect(timeOfGamma(schedule, schedule.gamma(t))).toBeCloseTo(t, 9);
  });

  // Data N(m, d²): the ODE maps z_0 to u = (z_t − α m)/√(α² d² + σ²), which stays as it is.
  const [m, d] = [0.7, 0.4];
  const spread = (alpha: number, sigma: number): number => Math.hypot(alpha * d, sigma);
  const logDensityWith = async (schedule: ReturnType<typeof vpSchedule>, steps: number): Promise<number> => {
    const rows = Float64Array.of(0.1, 0.9, 2);
    const logs = await flowLogDensity(
      async (z, t) => {
        const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
        const variance = spread(alpha, sigma) ** 2;
        return {
          epsilon: z.map((value) => (sigma * (value - alpha * m)) / variance),
          divergence: z.map(() => sigma / variance),
        };
      },
      schedule,
      rows,
      equalRows(rows.length, 1),
      steps,
    );
    // Exact: the image of N(0, 1) at t = 1 under z ↦ what has the same u at t = 0.
    const [a0, s0, a1, s1] = [schedule.alpha(0), schedule.sigma(0), schedule.alpha(1), schedule.sigma(1)];
    return Math.max(
      ...logs.map((log, i) => {
        const z1 = a1 * m + (spread(a1, s1) * (rows[i] - a0 * m)) / spread(a0, s0);
        const exact =
          -0.5 * z1 ** 2 - 0.5 * Math.log(2 * Math.PI) + Math.log(spread(a1, s1) / spread(a0, s0));
        return Math.abs(log - exact);
      }),
    );
  };
  test.each([
    ["VP", vpSchedule(1000)],
    ["VE", veSchedule(1000, 0.01, 20)],
  ])(
    "the likelihood by the probability-flow ODE of %s is exact, and converges with order 4",
    async (_, schedule) => {
      const [coarse, fine] = [await logDensityWith(schedule, 20), await logDensityWith(schedule, 40)];
      expect(fine).toBeLessThan(1e-4);
      expect(Math.log2(coarse / fine)).toBeGreaterThan(3.5);
    },
  );
});

test("the divergence behind a row function's values is the trace of its Jacobian", async () => {
  const f = withDivergence((parameters, x, t) => {
    jax.tree.dispose(parameters);
    return np
      .sin(x.ref)
      .mul(x.ref.sum(1, { keepdims: true }))
      .mul(t.reshape([-1, 1]));
  });
  const x = drawn(5, 9);
  const t = np.array([1, 2, 3, 4, 5]);
  const out = (await f([] as never, array(x), t).data()) as Float32Array;
  for (let i = 0; i < 5; i++) {
    const [a, b] = [x[2 * i], x[2 * i + 1]];
    const trace = (i + 1) * (Math.cos(a) * (a + b) + Math.sin(a) + Math.cos(b) * (a + b) + Math.sin(b));
    expect(out[3 * i + 2]).toBeCloseTo(trace, 3);
    expect(out[3 * i]).toBeCloseTo((i + 1) * Math.sin(a) * (a + b), 3);
  }
});

test("Langevin dynamics with the known score reaches the mixture's moments", async () => {
  const n = 2000;
  const x = await langevin(
    async (at) => mixtureScore(mixture, at),
    rowSpace(n, 2, 3),
    new Float64Array(2 * n),
    {
      steps: 400,
      stepSize: 0.05,
    },
  );
  [-1 / 3, 1 / 6].forEach((exact, d) => {
    expect(Math.abs(mean(x.filter((_, i) => i % 2 === d)) - exact)).toBeLessThan(0.12);
  });
  expect(mean(mixtureLogDensity(mixture, x))).toBeCloseTo(
    mean(mixtureLogDensity(mixture, drawn(20_000, 10))),
    1,
  );
});

test("annealed Langevin dynamics with the settings of ncsn finds the width of a moon, not that of an earlier level", async () => {
  const { levels, sigmaMin, sigmaMax, stepsPerLevel, stepSize } = annealedSettings.parse({});
  const deviations = Array.from(
    { length: levels },
    (_, k) => sigmaMax * (sigmaMin / sigmaMax) ** (k / (levels - 1)),
  );
  const width = 0.05; // Data N(0, 0.05²), noised by σ̃.
  const score = async (x: Float64Array, level: number): Promise<Float64Array> =>
    x.map((value) => -value / (width ** 2 + deviations[level] ** 2));
  const widthWith = async (size: number): Promise<number> => {
    const x = await annealedLangevin(score, rowSpace(4000, 1, 3), deviations, {
      stepsPerLevel,
      stepSize: size,
    });
    return Math.sqrt(mean(x.map((value) => value * value)) / (width ** 2 + sigmaMin ** 2));
  };
  expect(Math.abs((await widthWith(stepSize)) - 1)).toBeLessThan(0.06);
  expect(await widthWith(0.1)).toBeGreaterThan(1.15);
});

test("Langevin steps of η σ² leave a Gaussian of variance σ² with σ²/(1 − η/4)", async () => {
  const sigma = 0.7;
  for (const eta of [1, annealedSettings.parse({}).stepSize]) {
    const x = await langevin(
      async (at) => at.map((value) => -value / sigma ** 2),
      rowSpace(20_000, 1, 2),
      new Float64Array(20_000),
      {
        steps: 30,
        stepSize: eta * sigma ** 2,
      },
    );
    const variance = mean(x.map((value) => value * value)) / sigma ** 2;
    expect(Math.abs(variance * (1 - eta / 4) - 1)).toBeLessThan(0.04);
  }
});

test("Langevin dynamics stays near the data where the score of the network runs away", async () => {
  const kind = labKind("score-denoising");
  const settings = kind.settings.parse({ hidden: 8, blocks: 1, langevinSteps: 400, stepSize: 4e-3 });
  const shape = { kind: "points", dimension: 2 } as const;
  const facts = { name: "points", lowest: [-1, 10], highest: [1, 14] };
  const wild = initialParameters(kind.build(settings, shape).layout, 4).map((value) => 4 * value);
  const free = kind.build(settings, shape);
  const away = await free.sample(wild, 200, 1);
  expect(away.some((value) => !(Math.abs(value) < 1e3))).toBe(true);
  // With no last step of the denoiser: it may leave the box by σ² s(x).
  const still = kind.build({ ...(settings as object), sigma: 1e-6 }, shape, facts);
  const rows = await still.sample(wild, 200, 1);
  for (let i = 0; i < rows.length; i += 2) {
    expect(Math.abs(rows[i])).toBeLessThanOrEqual(1.5001);
    expect(Math.abs(rows[i + 1] - 12)).toBeLessThanOrEqual(3.0001);
  }
  for (const model of [free, still]) model.dispose?.();
});

test("samples of score-denoising go from where Langevin left them to their mean without the noise", async () => {
  const settings = { hidden: 8, blocks: 1, sigma: 0.2, langevinSteps: 1, stepSize: 1e-12 };
  const kind = labKind("score-denoising");
  const model = kind.build(kind.settings.parse(settings), { kind: "points", dimension: 2 });
  const parameters = initialParameters(model.layout, 4);
  const start = Float32Array.from(rowSpace(3, 2, 5).noise(PRIOR_STEP));
  const s = await model.score?.(parameters, start);
  const samples = await model.sample(parameters, 3, 5);
  start.forEach((value, i) => {
    expect(samples[i]).toBeCloseTo(value + 0.2 ** 2 * (s?.[i] ?? Number.NaN), 4);
  });
  expect(samples).not.toEqual(start);
  model.dispose?.();
});

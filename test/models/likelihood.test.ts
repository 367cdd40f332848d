/** Molecules of hydrogen whose positions are N(0, s² I) without a centre of mass: all is known in closed form. */
import { describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { reverseStepKl } from "../../src/diffusion/bound.ts";
import { boundDraws } from "../../src/diffusion/bound-draws.ts";
import { levelAt } from "../../src/diffusion/levels.ts";
import { logLinearSchedule, type NoiseSchedule, polynomialSchedule } from "../../src/diffusion/schedule.ts";
import type { DenoiserEngine } from "../../src/engines/engine.ts";
import { normalCdf, normalQuantile } from "../../src/math/normal.ts";
import { stratified, stream } from "../../src/math/random.ts";
import { type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { flowNegativeLogLikelihood, withDivergence } from "../../src/models/edm/flow-likelihood.ts";
import { negativeLogLikelihood } from "../../src/models/edm/likelihood.ts";
import { type EdmModel, modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { moleculeNoise } from "../../src/models/edm/noise.ts";
import { layoutSize } from "../../src/nets/layers/parameters.ts";

const S = 0.4;
const config: EdmConfig = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 4, layers: 1 },
  schedule: { kind: "logLinear", steps: 10_000 },
  features: {},
  elements: [1, 6],
  sizes: { 2: 1, 4: 1 },
});
const model: EdmModel = modelOf(config, new Float32Array(layoutSize(modelLayout(config))));
const C = 6; // x y z, two types, charge

/** The optimal network for these data. */
const optimal = (schedule: NoiseSchedule): DenoiserEngine => ({
  name: "closed form",
  forward: async (_, { positions, features }) => {
    const atoms = positions.length / 3;
    const out = new Float32Array(C * atoms);
    const data = [0.25, 0, 0.1]; // hydrogen
    for (let a = 0; a < atoms; a++) {
      const t = features[4 * a + 3];
      const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
      for (let d = 0; d < 3; d++)
        out[C * a + d] = (sigma * positions[3 * a + d]) / ((alpha * S) ** 2 + sigma ** 2);
      for (let k = 0; k < 3; k++) out[C * a + 3 + k] = (features[4 * a + k] - alpha * data[k]) / sigma;
    }
    return out;
  },
  squaredError: () => Promise.reject(new Error("not trained here")),
  dispose: () => {},
});

const sizes = Int32Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? 2 : 4));
const positions = moleculeNoise(sizes, 3, { seed: 5, purpose: "test" }, [...sizes.keys()], 0);
let row = 0;
const molecules: Molecule[] = Array.from(sizes, (n) => {
  const own = positions.slice(3 * row, 3 * (row + n)).map((x) => S * x);
  row += n;
  return { atomicNumbers: new Uint8Array(n).fill(1), positions: own };
});
const exact =
  molecules.reduce((sum, { positions: x }) => {
    const dimensions = x.length - 3;
    const squared = x.reduce((total, value) => total + value * value, 0);
    return sum + (0.5 * squared) / S ** 2 + dimensions * Math.log(S * Math.sqrt(2 * Math.PI)) + Math.log(2);
  }, 0) / molecules.length;

describe("the likelihood of Gaussian molecules", () => {
  test("the bound with the optimal network is the closed form, within its error and the fineness of the schedule", async () => {
    const found = await Promise.all(
      Array.from({ length: 12 }, (_, seed) =>
        negativeLogLikelihood(model, optimal(model.schedule), molecules, { seed, draws: 100 }),
      ),
    );
    const mean = found.reduce((sum, nll) => sum + nll.mean, 0) / found.length;
    expect(Math.abs(mean - exact)).toBeLessThan(0.12); // of 6 dimensions in the mean; error of the draws 0.03
    const [nll] = found;
    expect(nll.terms.prior).toBeLessThan(1e-3);
    expect(nll.termSems.size).toBeCloseTo(0, 12);
  });

  test("its mean does not depend on the number of draws, its error does", async () => {
    const by = (draws: number) =>
      Promise.all(
        [1, 2, 3, 4, 5, 6].map(async (seed) => {
          const options = { seed, draws };
          return (await negativeLogLikelihood(model, optimal(model.schedule), molecules, options)).mean;
        }),
      );
    const spread = (values: readonly number[]): number => Math.max(...values) - Math.min(...values);
    const [few, many] = [await by(1), await by(32)];
    const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / 6;
    expect(spread(many)).toBeLessThan(0.5 * spread(few));
    expect(Math.abs(mean(few) - mean(many))).toBeLessThan(spread(few));
  });

  test("the probability-flow ODE comes to the same, without the gap of the bound", async () => {
    const few = molecules.slice(0, 60);
    const [once, again] = await Promise.all(
      [0, 1].map((seed) =>
        flowNegativeLogLikelihood(model, optimal(model.schedule), few, { seed, steps: 60 }),
      ),
    );
    const closed =
      few.reduce((sum, { positions: x }) => {
        const squared = x.reduce((total, value) => total + value * value, 0);
        return sum + (0.5 * squared) / S ** 2 + (x.length - 3) * Math.log(S * Math.sqrt(2 * Math.PI));
      }, 0) /
        few.length +
      Math.log(2);
    for (const { mean } of [once, again]) expect(Math.abs(mean - closed)).toBeLessThan(0.02);
  });

  test("an output that is not finite ends the ODE with the molecule's number", async () => {
    const engine = optimal(model.schedule);
    const broken: DenoiserEngine = {
      ...engine,
      forward: async (...words) => (await engine.forward(...words)).fill(Number.NaN, 0, C),
    };
    await expect(
      flowNegativeLogLikelihood(model, broken, molecules.slice(0, 3), { seed: 0, steps: 2 }),
    ).rejects.toThrow(/molecule 1: |output is not a number/);
  });

  test("the divergence by differences is that of a linear map", async () => {
    const A = [
      [0.3, -0.2],
      [0.5, 0.9],
    ];
    const directions = [Float64Array.of(1, 1), Float64Array.of(1, -1)]; // ½ Σ vᵀAv is the trace
    const { divergence } = await withDivergence(
      async (z) => Float64Array.of(A[0][0] * z[0] + A[0][1] * z[1], A[1][0] * z[0] + A[1][1] * z[1]),
      directions,
      [0, 2],
    )(Float64Array.of(0.7, -3), 0.5);
    expect(divergence[0]).toBeCloseTo(1.2, 9);
  });
});

describe.each([
  ["the paper's", polynomialSchedule(1000)],
  ["log-linear", logLinearSchedule(1000)],
])("steps of the bound drawn by importance, schedule %s", (_, schedule) => {
  const T = schedule.steps;
  const weight = (t: number): number => reverseStepKl(schedule, (t - 1) / T, t / T).fromError;
  const error = (t: number): number => S ** 2 / (S ** 2 + Math.exp(schedule.gamma(t / T))); // E ‖ε − ε̂‖²
  const steps = Array.from({ length: T }, (_, k) => k + 1);
  const sum = steps.reduce((total, t) => total + weight(t) * error(t), 0);

  test.each([0.03, 0.3, 3])("are unbiased whatever width is supposed: %f", (width) => {
    const draws = boundDraws(schedule, width);
    const N = 400_000;
    let mean = 0;
    for (let k = 0; k < N; k++) {
      const t = draws.step((k + 0.5) / N);
      mean += (draws.weight(t) * error(t)) / N;
    }
    expect(mean / sum).toBeCloseTo(1, 2);
  });

  test("have a small part of the variance of one uniform draw", () => {
    const draws = boundDraws(schedule);
    // E value² under q_t = w_t/weight_t, and under 1/T.
    const importance =
      steps.reduce((total, t) => total + weight(t) * draws.weight(t) * error(t) ** 2, 0) - sum ** 2;
    const uniform = steps.reduce((total, t) => total + T * (weight(t) * error(t)) ** 2, 0) - sum ** 2;
    expect(importance).toBeLessThan(0.1 * sum ** 2);
    expect(importance).toBeLessThan(0.3 * uniform);
  });
});

describe("noise levels of training", () => {
  const schedule = logLinearSchedule(1000);
  const sigmaOfStep = (step: number): number => Math.exp(0.5 * schedule.gamma(step / 1000));

  test("the normal quantile inverts Φ", () => {
    for (const u of [1e-300, 1e-12, 0.001, 0.02, 0.03, 0.5, 0.77, 0.99, 1 - 1e-9])
      expect(normalCdf(normalQuantile(u)) / u).toBeCloseTo(1, 12);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([
      Number.NEGATIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });

  test("ln σ̃ has the mean and the deviation asked for, the even share covers the whole schedule", () => {
    const draw = (even: number): number[] => {
      const distribution = { kind: "logNormal", mean: -1.6, deviation: 1.2, even } as const;
      return Array.from({ length: 200 }, (_, k) => [
        ...stratified(64, stream({ seed: 0, purpose: "test", index: k })).map((u) =>
          levelAt(distribution, schedule, u),
        ),
      ]).flat();
    };
    const logs = draw(0).map((step) => Math.log(sigmaOfStep(step)));
    const mean = logs.reduce((sum, x) => sum + x, 0) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / logs.length);
    expect(mean).toBeCloseTo(-1.6, 1);
    expect(deviation).toBeCloseTo(1.2, 1);
    const high = draw(0.5).filter((step) => step > 900).length / (64 * 200);
    expect(high).toBeCloseTo(0.05, 2);
  });

  test("uniform levels are the paper's: 0 … T, equally likely", () => {
    const uniform = { kind: "uniform" } as const;
    expect([levelAt(uniform, schedule, 0), levelAt(uniform, schedule, 0.9999999)]).toEqual([0, 1000]);
  });
});

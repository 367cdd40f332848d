import { describe, expect, test } from "vitest";
import { bitsPerDimension, decoderTerm, priorTerm, reverseStepKl } from "../../src/diffusion/bound.ts";
import { epsilonFrom, PREDICTIONS, predictionTarget } from "../../src/diffusion/prediction.ts";
import { ancestralStep, transition } from "../../src/diffusion/process.ts";
import {
  cosineSchedule,
  linearSchedule,
  type NoiseSchedule,
  scheduleOf,
} from "../../src/diffusion/schedule.ts";
import { boundTerms } from "../../src/lab/models/diffusion/bound-terms.ts";
import { stream } from "../../src/math/random.ts";

test.each(PREDICTIONS)("a perfect prediction of %s gives back the noise", (prediction) => {
  for (const sigma of [0.1, 0.6, 0.95]) {
    const alpha = Math.sqrt(1 - sigma ** 2);
    const [x, epsilon] = [0.7, -1.3];
    const target = predictionTarget(prediction, alpha, sigma);
    const from = epsilonFrom(prediction, alpha, sigma);
    const output = target.fromData * x + target.fromNoise * epsilon;
    expect(from.fromZ * (alpha * x + sigma * epsilon) + from.fromOutput * output).toBeCloseTo(epsilon, 10);
  }
});

describe("the reverse step", () => {
  const schedule = linearSchedule(1000);
  test("has as variance β or the posterior's β̃ = σ_s²/σ_t² β", () => {
    for (const t of [0.002, 0.3, 1]) {
      const s = t - 0.001;
      const beta = transition(schedule.gamma(s), schedule.gamma(t)).sigma2;
      expect(ancestralStep(schedule, s, t, "forward").noise ** 2).toBeCloseTo(beta, 12);
      const tilde = (schedule.sigma(s) / schedule.sigma(t)) ** 2 * beta;
      expect(ancestralStep(schedule, s, t).noise ** 2).toBeCloseTo(tilde, 12);
    }
  });

  test("has a divergence that is the Gaussians' own, computed from means and variances", () => {
    const [s, t] = [0.299, 0.3];
    const [x, epsilon, guess] = [0.4, 1.1, 0.8];
    const z = schedule.alpha(t) * x + schedule.sigma(t) * epsilon;
    const { alpha, sigma2 } = transition(schedule.gamma(s), schedule.gamma(t));
    const step = ancestralStep(schedule, s, t);
    const [own, model] = [epsilon, guess].map((value) => step.fromZ * z + step.fromEpsilon * value);
    // q(z_s | z_t, x) by its own formula
    const variance = (sigma2 * schedule.sigma(s) ** 2) / schedule.sigma(t) ** 2;
    const mean =
      ((alpha * schedule.sigma(s) ** 2) / schedule.sigma(t) ** 2) * z +
      ((schedule.alpha(s) * sigma2) / schedule.sigma(t) ** 2) * x;
    expect(own).toBeCloseTo(mean, 10);
    for (const [kind, wide] of [
      ["posterior", variance],
      ["forward", sigma2],
    ] as const) {
      const kl = 0.5 * (variance / wide + (own - model) ** 2 / wide - 1 - Math.log(variance / wide));
      const term = reverseStepKl(schedule, s, t, kind);
      expect(term.perDimension + term.fromError * (epsilon - guess) ** 2).toBeCloseTo(kl, 9);
    }
  });
});

describe("the bound of Gaussian data with the best predictor", () => {
  // x ~ N(m, d²) in each of two dimensions: E‖ε − ε̂‖² = 2 (α d)²/((α d)² + σ²), so that every term is known.
  const [m, d, n, D] = [0.3, 0.5, 1500, 2];
  const rows = Float64Array.from({ length: n * D }, (_, i) => {
    return m + d * stream({ seed: 1, purpose: "test", index: i }).normal();
  });
  const entropy = D * (0.5 * Math.log(2 * Math.PI * Math.E) + Math.log(d));
  const even = (T: number): NoiseSchedule => scheduleOf("linear γ", T, (t) => -8 + 16 * t);
  const exactBound = (schedule: NoiseSchedule): number => {
    const T = schedule.steps;
    const error = (t: number): number => {
      const signal = (schedule.alpha(t) * d) ** 2;
      return (D * signal) / (signal + schedule.sigma(t) ** 2);
    };
    const decoder = decoderTerm(schedule);
    let bound = priorTerm(schedule, D, D * (m * m + d * d));
    bound += decoder.perDimension * D + decoder.fromError * error(0);
    for (let k = 1; k <= T; k++)
      bound += reverseStepKl(schedule, (k - 1) / T, k / T).fromError * error(k / T);
    return bound;
  };

  test("comes to the entropy with the first order in 1/T; the published schedules lose by their first steps", () => {
    const gaps = [500, 1000, 2000].map((T) => exactBound(even(T)) - entropy);
    expect(gaps[0] / gaps[1]).toBeCloseTo(2, 1);
    expect(gaps[1] / gaps[2]).toBeCloseTo(2, 1);
    expect(exactBound(linearSchedule(1000)) - entropy).toBeGreaterThan(10 * gaps[1]);
  });

  test.each([
    ["linear", linearSchedule(1000)],
    ["cosine", cosineSchedule(1000)],
    ["linear γ", even(1000)],
  ] as const)("is estimated from a few times without bias: %s", async (_, schedule) => {
    const epsilon = async (z: Float64Array, t: Float64Array): Promise<Float64Array> =>
      z.map((value, i) => {
        const [alpha, sigma] = [schedule.alpha(t[i >> 1]), schedule.sigma(t[i >> 1])];
        return (sigma * (value - alpha * m)) / ((alpha * d) ** 2 + sigma ** 2);
      });
    const terms = await boundTerms(schedule, rows, D, { seed: 2, times: 40, epsilon, variance: "posterior" });
    const mean = (values: Float64Array): number => values.reduce((a, b) => a + b) / n;
    const bound = mean(terms.prior) + mean(terms.diffusion) + mean(terms.reconstruction);
    expect(Math.abs(bound - exactBound(schedule))).toBeLessThan(0.2); // ± 0.05
    expect(terms.byStep.count.reduce((a, b) => a + b)).toBe(40 * n);
  });
});

test("a nat for every one of D numbers is 1/log 2 bits each", () => {
  expect(bitsPerDimension(7, 7)).toBeCloseTo(1 / Math.LN2, 12);
});

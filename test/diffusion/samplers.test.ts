import { describe, expect, test } from "vitest";
import { ancestral } from "../../src/diffusion/samplers/ancestral.ts";
import { ddim } from "../../src/diffusion/samplers/ddim.ts";
import { dpmSolver, sdeDpmSolver } from "../../src/diffusion/samplers/dpm-solver.ts";
import { respacedTimes, samplingTimes } from "../../src/diffusion/samplers/grid.ts";
import { linearSchedule, polynomialSchedule, scheduleOf } from "../../src/diffusion/schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../../src/diffusion/space.ts";
import { stream } from "../../src/math/random.ts";

// Data N(m, d²): everything about it is known. z_t ~ N(α m, α² d² + σ²), ε̂ is linear, and the probability-flow ODE
// keeps u = (z_t − α m)/√(α² d² + σ²) as it is.
const [m, d] = [1.5, 0.3];
const D = 4000;
const space: Space = {
  length: D,
  noise: (step) => stream({ seed: 1, purpose: "test", step }).normals(new Float64Array(D)),
  project: () => {},
};
const smooth = scheduleOf("linear γ", 1_000_000, (t) => -6 + 11 * t);
const spread = (schedule: typeof smooth, t: number): number =>
  Math.sqrt((schedule.alpha(t) * d) ** 2 + schedule.sigma(t) ** 2);
const exact =
  (schedule: typeof smooth): Denoiser =>
  async (z, t) =>
    z.map((value) => (schedule.sigma(t) * (value - schedule.alpha(t) * m)) / spread(schedule, t) ** 2);
const moments = (z: Float64Array): { mean: number; deviation: number } => {
  const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
  return { mean, deviation: Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length) };
};

describe("solvers of the probability-flow ODE converge with the order they claim", () => {
  const start = space.noise(PRIOR_STEP);
  const u = start.map((value) => (value - smooth.alpha(1) * m) / spread(smooth, 1));
  const solution = u.map((value) => smooth.alpha(0) * m + spread(smooth, 0) * value);
  const errorAt = async (sampler: typeof dpmSolver, steps: number): Promise<number> => {
    const z = await sampler(exact(smooth), smooth, space, { steps });
    return Math.sqrt(z.reduce((sum, value, i) => sum + (value - solution[i]) ** 2, 0) / D);
  };
  test.each([
    ["DDIM", 1, ddim],
    ["DPM-Solver++(2M)", 2, dpmSolver],
  ] as const)("%s: order %d", async (_, order, sampler) => {
    const [coarse, fine, finest] = [
      await errorAt(sampler, 80),
      await errorAt(sampler, 160),
      await errorAt(sampler, 320),
    ];
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.2);
    expect(Math.log2(fine / finest)).toBeGreaterThan(order - 0.15);
    expect(Math.log2(fine / finest)).toBeLessThan(order + 0.4);
  });

  test("DPM-Solver++ is nearer to the solution than DDIM in the same number of steps", async () => {
    expect(await errorAt(dpmSolver, 20)).toBeLessThan(0.5 * (await errorAt(ddim, 20)));
  });
});

describe("samples of Gaussian data have its mean and deviation", () => {
  const schedule = polynomialSchedule(1000);
  test.each([
    ["ancestral, all steps", () => ancestral(exact(schedule), schedule, space, { steps: 1000 })],
    ["ancestral, 100 of 1000 steps", () => ancestral(exact(schedule), schedule, space, { steps: 100 })],
    ["DDIM, 100 steps", () => ddim(exact(schedule), schedule, space, { steps: 100 })],
    [
      "DDIM with half the noise, 100 steps",
      () => ddim(exact(schedule), schedule, space, { steps: 100, eta: 0.5 }),
    ],
    ["SDE-DPM-Solver++, 50 steps", () => sdeDpmSolver(exact(schedule), schedule, space, { steps: 50 })],
    ["DPM-Solver++, 25 steps", () => dpmSolver(exact(schedule), schedule, space, { steps: 25 })],
  ])("%s", async (_, sample) => {
    const { mean, deviation } = moments(await sample());
    expect(Math.abs(mean - m)).toBeLessThan(0.02); // d/√4000 = 0.005
    expect(Math.abs(deviation / d - 1)).toBeLessThan(0.06);
  });
});

describe("samplers of the reverse SDE come to the data's deviation with the order they claim", () => {
  // Without noise both solve a linear ODE of z; with it, z stays Gaussian and its variance follows the coefficients.
  // Fed the noise of two states, a linear sampler gives its mean map and its noise gain exactly.
  const gain = async (sampler: typeof sdeDpmSolver, steps: number): Promise<number> => {
    const impulse = (at: number | undefined): Space => ({
      length: 1,
      noise: (step) => new Float64Array([step === at ? 1 : 0]),
      project: () => {},
    });
    const times = respacedTimes(smooth.steps, steps);
    const marks = [PRIOR_STEP, ...Array.from(times, (t) => Math.round(t * smooth.steps)).slice(0, steps)];
    const [rest] = await sampler(exact(smooth), smooth, impulse(undefined), { steps });
    let variance = 0;
    for (const mark of marks) {
      const [moved] = await sampler(exact(smooth), smooth, impulse(mark), { steps });
      variance += (moved - rest) ** 2;
    }
    return Math.sqrt(variance);
  };
  test.each([
    ["ancestral", 1, ancestral],
    ["SDE-DPM-Solver++(2M)", 2, sdeDpmSolver],
  ] as const)("%s: order %d", async (_, order, sampler) => {
    const target = spread(smooth, 0);
    const errors = [];
    for (const steps of [40, 80, 160]) errors.push(Math.abs((await gain(sampler, steps)) - target));
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(order - 0.3);
    expect(Math.log2(errors[1] / errors[2])).toBeGreaterThan(order - 0.3);
  });
});

test("respaced times are a subset of the schedule's, from 0 to 1, all of them for K = T", () => {
  for (const [T, K] of [
    [1000, 7],
    [1000, 1000],
    [50, 49],
    [10, 1],
  ]) {
    const steps = [...respacedTimes(T, K)].map((t) => t * T);
    expect(steps[0]).toBe(0);
    expect(steps[K]).toBe(T);
    for (let k = 1; k <= K; k++) expect(steps[k]).toBeGreaterThan(steps[k - 1]);
    for (const step of steps) expect(Math.abs(step - Math.round(step))).toBeLessThan(1e-9);
  }
  expect(() => respacedTimes(10, 11)).toThrow("steps must be an integer from 1 to 10");
  expect(() => respacedTimes(10, 0)).toThrow(RangeError);
});

describe("equal steps of log SNR", () => {
  const linear = linearSchedule(1000);
  test("are times of the schedule, none twice, from 0 to 1, all of them for K = T", () => {
    for (const K of [1, 7, 100, 999, 1000]) {
      const steps = [...samplingTimes(linear, { steps: K, spacing: "logSnr" })].map((t) => t * 1000);
      expect([steps[0], steps[K]]).toEqual([0, 1000]);
      for (let k = 1; k <= K; k++) expect(steps[k]).toBeGreaterThan(steps[k - 1]);
      for (const step of steps) expect(Math.abs(step - Math.round(step))).toBeLessThan(1e-9);
    }
  });

  test("are equal to within two steps of the table", () => {
    const times = samplingTimes(smooth, { steps: 20, spacing: "logSnr" });
    for (let k = 1; k <= 20; k++)
      expect(smooth.gamma(times[k]) - smooth.gamma(times[k - 1])).toBeCloseTo(11 / 20, 4);
  });

  test("find the width of narrow data that equal steps of time pass over", async () => {
    // N(m, 0.05²): the width of a moon.
    const width = 0.05;
    const denoiser: Denoiser = async (z, t) => {
      const [alpha, sigma] = [linear.alpha(t), linear.sigma(t)];
      return z.map((value) => (sigma * (value - alpha * m)) / ((alpha * width) ** 2 + sigma ** 2));
    };
    const widthBy = async (spacing: "time" | "logSnr"): Promise<number> => {
      const z = await dpmSolver(denoiser, linear, space, { steps: 50, spacing });
      // Var z_0 = α² width² + σ², if the solver is exact.
      return Math.sqrt(moments(z).deviation ** 2 - linear.sigma(0) ** 2) / linear.alpha(0) / width;
    };
    expect(Math.abs((await widthBy("logSnr")) - 1)).toBeLessThan(0.05);
    expect(await widthBy("time")).toBeLessThan(0.8);
  });
});

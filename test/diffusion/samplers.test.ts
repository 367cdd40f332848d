import { describe, expect, test } from "vitest";
import { ancestral } from "../../src/diffusion/samplers/ancestral.ts";
import { ddim } from "../../src/diffusion/samplers/ddim.ts";
import { dpmSolver } from "../../src/diffusion/samplers/dpm-solver.ts";
import { respacedTimes } from "../../src/diffusion/samplers/grid.ts";
import { polynomialSchedule, scheduleOf } from "../../src/diffusion/schedule.ts";
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
    ["DPM-Solver++, 25 steps", () => dpmSolver(exact(schedule), schedule, space, { steps: 25 })],
  ])("%s", async (_, sample) => {
    const { mean, deviation } = moments(await sample());
    expect(Math.abs(mean - m)).toBeLessThan(0.02); // d/√4000 = 0.005
    expect(Math.abs(deviation / d - 1)).toBeLessThan(0.06);
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

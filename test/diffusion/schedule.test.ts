import { describe, expect, test } from "vitest";
import { ancestralStep, ddimStep, transition } from "../../src/diffusion/process.ts";
import {
  cosineSchedule,
  ddpmSchedule,
  linearSchedule,
  type NoiseSchedule,
  polynomialSchedule,
} from "../../src/diffusion/schedule.ts";
import { type FixtureTensor, readFixture } from "../shared.ts";

const schedules: readonly NoiseSchedule[] = [
  polynomialSchedule(1000),
  polynomialSchedule(200, 3, 1e-4),
  cosineSchedule(1000),
  linearSchedule(1000),
  ddpmSchedule(1000),
  ddpmSchedule(50),
];

describe.each(schedules.map((schedule) => [`${schedule.name}, T = ${schedule.steps}`, schedule] as const))(
  "%s",
  (_, schedule) => {
    const times = Array.from({ length: schedule.steps + 1 }, (_, k) => k / schedule.steps);

    test("signal and noise have variance one together", () => {
      for (const t of times) expect(schedule.alpha(t) ** 2 + schedule.sigma(t) ** 2).toBeCloseTo(1, 12);
    });

    test("noise only grows", () => {
      for (let k = 1; k < times.length; k++)
        expect(schedule.gamma(times[k])).toBeGreaterThan(schedule.gamma(times[k - 1]));
    });

    test("two transitions in a row are the direct transition", () => {
      const [r, s, t] = [0.1, 0.5, 0.9].map((time) => schedule.gamma(time));
      const [first, second, direct] = [transition(r, s), transition(s, t), transition(r, t)];
      expect(first.alpha * second.alpha).toBeCloseTo(direct.alpha, 12);
      expect(second.alpha ** 2 * first.sigma2 + second.sigma2).toBeCloseTo(direct.sigma2, 12);
    });

    test("DDIM with η = 1 is the ancestral step", () => {
      for (const [s, t] of [
        [0, 0.01],
        [0.3, 0.5],
        [0.98, 1],
      ] as const) {
        const [a, b] = [ancestralStep(schedule, s, t), ddimStep(schedule, s, t, 1)];
        expect(b.fromZ).toBeCloseTo(a.fromZ, 9);
        expect(Math.abs(b.fromEpsilon / a.fromEpsilon - 1)).toBeLessThan(1e-6);
        expect(b.noise).toBeCloseTo(a.noise, 12);
      }
    });
  },
);

interface PublishedSchedule {
  readonly T: number;
  readonly precision: number;
  readonly gamma: FixtureTensor;
  readonly alpha: FixtureTensor;
  readonly sigma: FixtureTensor;
  readonly sigma2_t_given_s: FixtureTensor;
  readonly alpha_t_given_s: FixtureTensor;
}

const published = Object.entries(readFixture<Record<string, PublishedSchedule>>("edm_schedules")).filter(
  ([, value]) => typeof value === "object",
);

describe("schedules are the published ones", () => {
  test.each(published)("%s", (name, reference) => {
    const { T, precision } = reference;
    const power = /^polynomial_(\d+)/.exec(name)?.[1];
    const schedule =
      power === undefined ? cosineSchedule(T) : polynomialSchedule(T, Number(power), precision);
    for (let k = 0; k <= T; k++) {
      expect(Math.abs(schedule.gamma(k / T) - reference.gamma.data[k])).toBeLessThan(2e-5);
      expect(Math.abs(schedule.alpha(k / T) - reference.alpha.data[k])).toBeLessThan(2e-6);
      expect(Math.abs(schedule.sigma(k / T) - reference.sigma.data[k])).toBeLessThan(2e-6);
      if (k === 0) continue;
      const { alpha, sigma2 } = transition(schedule.gamma((k - 1) / T), schedule.gamma(k / T));
      expect(Math.abs(alpha - reference.alpha_t_given_s.data[k - 1])).toBeLessThan(2e-6);
      expect(Math.abs(sigma2 - reference.sigma2_t_given_s.data[k - 1])).toBeLessThan(4e-6);
    }
  });
});

describe("the schedule of Ho et al. 2020", () => {
  test("has T levels, whose β run evenly from 0.1/T to 20/T", () => {
    for (const T of [50, 200, 1000]) {
      const schedule = ddpmSchedule(T);
      expect(schedule.steps).toBe(T - 1);
      let before = 1;
      for (let k = 0; k < T; k++) {
        const kept = schedule.alpha(k / (T - 1)) ** 2;
        expect(1 - kept / before).toBeCloseTo((0.1 + (19.9 * k) / (T - 1)) / T, 10);
        before = kept;
      }
    }
  });

  test("leaves 4.0358e-5 of the data's variance after 1,000 levels, as the paper's code", () => {
    expect(ddpmSchedule(1000).alpha(1) ** 2).toBeCloseTo(4.0358e-5, 9);
  });
});

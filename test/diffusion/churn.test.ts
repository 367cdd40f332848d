import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { optionWord } from "../../src/cli/options/words.ts";
import { churn, turnedNoise } from "../../src/diffusion/samplers/churn.ts";
import { karras } from "../../src/diffusion/samplers/karras.ts";
import {
  GRIDS,
  type LevelOptions,
  levelGrid,
  levelRange,
} from "../../src/diffusion/samplers/noise-levels.ts";
import { choiceProblem, SAMPLER_NAMES, SAMPLERS } from "../../src/diffusion/samplers/registry.ts";
import { polynomialSchedule, scheduleOf } from "../../src/diffusion/schedule.ts";
import { type Denoiser, PRIOR_STEP, type Space } from "../../src/diffusion/space.ts";

// One coordinate of data N(0, s²), about which everything is known: x at level σ is N(0, s² + σ²), the data that the
// network should predict is s²/(s² + σ²) x, and the probability-flow ODE keeps x/√(s² + σ²).
const schedule = scheduleOf("linear γ", 1000, (t) => -10 + 18 * t);
const [lowest, highest] = levelRange(schedule);
const exact =
  (s: number): Denoiser =>
  async (z, t) =>
    z.map((value) => (schedule.sigma(t) * value) / ((schedule.alpha(t) * s) ** 2 + schedule.sigma(t) ** 2));

type Sampler = typeof churn;
const impulse = (at: number | undefined): Space => ({
  length: 1,
  noise: (step) => new Float64Array([step === at ? 1 : 0]),
  project: () => {},
});

/** Variance that a sampler, linear here, ends with: what one unit of each noise becomes, squared and added. */
async function finalVariance(sampler: Sampler, s: number, options: LevelOptions): Promise<number> {
  let variance = 0;
  for (const at of [PRIOR_STEP, ...Array(options.steps).keys()])
    variance += (await sampler(exact(s), schedule, impulse(at), options))[0] ** 2;
  return variance * (1 + lowest ** 2); // of x = z/α
}
const relativeError = async (sampler: Sampler, s: number, options: LevelOptions): Promise<number> =>
  (await finalVariance(sampler, s, options)) / (s * s + lowest * lowest) - 1;

describe("a step of turned noise", () => {
  const level = fc.double({ min: -6, max: 4, noNaN: true }).map(Math.exp);
  const gamma = fc.double({ min: 0.01, max: 5, noNaN: true });
  /** Variance after a step of x ~ N(0, s² + σ²). */
  const variance = (s: number, sigma: number, churned: number, next: number): number => {
    const raised = (1 + churned) * sigma;
    const { added, kept, fresh } = turnedNoise({ sigma, raised, next });
    const data = (s * s) / (s * s + raised * raised); // x̂ per unit of the raised state
    const fromOld = kept + (1 - kept) * data;
    const fromXi = (1 - kept) * data * added + fresh;
    return fromOld ** 2 * (s * s + sigma * sigma) + fromXi ** 2;
  };

  test("at one level keeps the variance of Gaussian data of every width, whatever the churn", () => {
    fc.assert(
      fc.property(level, level, gamma, (s, sigma, churned) => {
        expect(variance(s, sigma, churned, sigma) / (s * s + sigma * sigma)).toBeCloseTo(1, 10);
      }),
    );
  });

  test("gives a point, and noise around it, the variance of the next level exactly", () => {
    fc.assert(
      fc.property(level, gamma, fc.double({ min: 0.1, max: 1, noNaN: true }), (sigma, churned, ratio) => {
        expect(variance(0, sigma, churned, ratio * sigma) / (ratio * sigma) ** 2).toBeCloseTo(1, 10);
      }),
    );
  });

  test("without churn is DDIM", () => {
    const { added, kept, fresh } = turnedNoise({ sigma: 2, raised: 2, next: 1.5 });
    expect([added, kept, fresh]).toEqual([0, 0.75, 0]);
  });
});

describe("from Gaussian data to Gaussian data", () => {
  const all = { grid: "log", sigmaMax: highest, churn: 1 } as const;
  const widths = [0.05, 0.3, 1.4];

  test.each([1, 2] as const)("the error of churn falls with order %d in the steps, γ held", async (order) => {
    const ordered: Sampler = (...[denoiser, noise, space, options]) =>
      churn(denoiser, noise, space, { ...options, order });
    for (const s of widths) {
      const [coarse, fine, finest] = [
        await relativeError(ordered, s, { ...all, steps: 60 }),
        await relativeError(ordered, s, { ...all, steps: 120 }),
        await relativeError(ordered, s, { ...all, steps: 240 }),
      ];
      if (s > 0.1) {
        expect(Math.log2(Math.abs(coarse / fine))).toBeGreaterThan(order - 0.2);
        expect(Math.log2(Math.abs(fine / finest))).toBeGreaterThan(order - 0.2);
      }
      expect(Math.abs(finest)).toBeLessThan(order === 1 ? 0.03 : 0.006);
    }
  });

  test("algorithm 2 of Karras et al. keeps (2 + γ)/(2 + 2γ) of the variance however many steps there are", async () => {
    for (const s of [0.3, 1.4]) {
      for (const steps of [120, 240, 480]) {
        const error = await relativeError(karras, s, { ...all, steps });
        expect(Math.abs(error - (3 / 4 - 1))).toBeLessThan(0.05);
      }
    }
  });

  test("its second order comes much nearer, with twice the evaluations", async () => {
    const heun: Sampler = (...[denoiser, noise, space, options]) =>
      karras(denoiser, noise, space, { ...options, order: 2 });
    const [first, second] = [
      await relativeError(karras, 1.4, { ...all, steps: 120 }),
      await relativeError(heun, 1.4, { ...all, steps: 120 }),
    ];
    expect(Math.abs(second)).toBeLessThan(0.3 * Math.abs(first));
  });

  test("a start at a low level needs the spread of the data: without it the samples are too narrow", async () => {
    const low = { steps: 400, sigmaMax: 1.4, grid: "log", churn: 0 } as const;
    expect(await relativeError(churn, 1.4, { ...low, spread: 1.4 })).toBeCloseTo(0, 2);
    expect(await relativeError(churn, 1.4, low)).toBeCloseTo(-0.5, 2);
  });

  test("the noise factor widens", async () => {
    const wide: Sampler = (...[denoiser, noise, space, options]) =>
      karras(denoiser, noise, space, { ...options, noiseFactor: 1.2 });
    const options = { ...all, steps: 120 };
    expect(await finalVariance(wide, 1.4, options)).toBeGreaterThan(
      1.1 * (await finalVariance(karras, 1.4, options)),
    );
  });
});

describe("without churn they solve the probability-flow ODE with the order they claim", () => {
  const s = 0.7;
  test.each([
    ["churn of first order", 1, ((d, n, sp, o) => churn(d, n, sp, { ...o, order: 1 })) as Sampler],
    ["churn", 2, churn],
    ["Euler", 1, karras],
    ["Heun", 2, ((d, n, sp, o) => karras(d, n, sp, { ...o, order: 2 })) as Sampler],
  ] as const)("%s: order %d", async (_, order, sampler) => {
    const errors = [];
    for (const steps of [60, 120, 240]) {
      const options = { steps, sigmaMax: highest, grid: "log", churn: 0 } as const;
      const [z] = await sampler(exact(s), schedule, impulse(PRIOR_STEP), options);
      const solution = highest * Math.sqrt((s * s + lowest * lowest) / (s * s + highest * highest));
      errors.push(Math.abs(z * Math.hypot(1, lowest) - solution));
    }
    expect(Math.log2(errors[0] / errors[1])).toBeGreaterThan(order - 0.2);
    expect(Math.log2(errors[1] / errors[2])).toBeGreaterThan(order - 0.1);
  });
});

test("levels fall from the first to the end of the schedule, in longer steps at both ends but for equal ratios", () => {
  for (const grid of GRIDS) {
    const levels = levelGrid(schedule, { steps: 40, sigmaMax: 5, grid });
    expect([levels[0], levels[40]]).toEqual([5, lowest]);
    for (let k = 1; k <= 40; k++) expect(levels[k]).toBeLessThan(levels[k - 1]);
    const ratio = (k: number): number => levels[k] / levels[k + 1];
    if (grid === "log") expect(ratio(0)).toBeCloseTo(ratio(20), 9);
    else expect([ratio(1) > ratio(20), ratio(38) > ratio(20)]).toEqual([true, true]);
  }
  expect(() => levelGrid(schedule, { steps: 10, sigmaMax: 1e4 })).toThrow(/sigmaMax must lie above/);
  expect(() => levelGrid(schedule, { steps: 0 })).toThrow(/at least 1/);
});

describe("the registry", () => {
  const table = polynomialSchedule(1000);
  test("every sampler uses as many evaluations as it says, and adds noise where it says so", async () => {
    for (const name of SAMPLER_NAMES) {
      for (const options of [{}, { order: 1, churn: 0.5 }, { order: 2, churn: 0.5 }, { eta: 0.5 }]) {
        const entry = SAMPLERS[name];
        if (Object.keys(options).some((option) => !entry.options.some((each) => each === option))) continue;
        let [calls, drawn] = [0, 0];
        const counting: Denoiser = async (z) => {
          calls++;
          return z.map((value) => 0.9 * value);
        };
        const space: Space = {
          length: 1,
          noise: (step) => {
            if (step !== PRIOR_STEP) drawn++;
            return Float64Array.of(1);
          },
          project: () => {},
        };
        await entry.run(counting, table, space, { steps: 12, ...options });
        expect(calls).toBe(entry.evaluations(12, options));
        expect(drawn > 0).toBe(entry.stochastic(options));
      }
    }
  });

  test.each([
    [
      { sampler: "ancestral", steps: 1001 },
      /^steps must be an integer from 1 to 1000, the steps of the model/,
    ],
    [{ sampler: "churn", steps: 0 }, /^steps must be an integer from 1 to 100000; got 0$/],
    [{ sampler: "ddim", steps: 10, churn: 1 }, /^churn is an option of karras and churn, not of ddim$/],
    [
      { sampler: "dpm-solver", steps: 10, eta: 1 },
      /^eta is an option of ddim, not of dpm-solver, which has none$/,
    ],
    [{ sampler: "ddim", steps: 10, eta: 2 }, /^eta must be from 0 to 1; got 2$/],
    [{ sampler: "karras", steps: 10, order: 3 }, /^order must be from 1 to 2; got 3$/],
    [{ sampler: "churn", steps: 10, sigmaMax: 1000 }, /^sigmaMax must lie above 0.00316 and be at most 316/],
    [{ sampler: "churn", steps: 10, churnFrom: 2, churnTo: 1 }, /^churnFrom must not lie above churnTo/],
  ] as const)("%j: one line with what is permitted", (choice, message) => {
    expect(choiceProblem(choice, table)).toMatch(message);
  });

  test("is the table of docs/sampling.md, row by row", () => {
    const page = readFileSync(new URL("../../docs/sampling.md", import.meta.url), "utf8");
    const [, section] = page.split("## Samplers");
    const rows = section
      .split("\n## ")[0]
      .split("\n")
      .filter((line) => /^\| `[a-z][a-z-]*` \|/.test(line));
    const expected = SAMPLER_NAMES.map((name) => {
      const { summary, source, order, options } = SAMPLERS[name];
      const words = options.map((option) => `\`${optionWord(option)}\``).join(", ");
      return `| \`${name}\` | ${summary} | ${order({})} | ${words || "none"} | ${source} |`;
    });
    expect(rows).toEqual(expected);
  });

  test("more steps than the schedule has are no problem where steps are levels", () => {
    expect(choiceProblem({ sampler: "churn", steps: 5000 }, table)).toBeUndefined();
  });
});

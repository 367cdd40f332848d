/** The compiled optimiser against its readable definition. */
import { expect, it } from "vitest";
import type { KernelEngine } from "../../src/engines/egnn/kernel-engine.ts";
import type { ParameterUpdater } from "../../src/engines/update.ts";
import { stream } from "../../src/math/random.ts";
import { egnnLayout } from "../../src/nets/egnn/egnn-config.ts";
import { matrixBlocks } from "../../src/train/muon.ts";
import {
  createOptimizerState,
  type OptimizerOptions,
  type OptimizerState,
  optimizerStep,
  plainUpdater,
} from "../../src/train/optimizer.ts";
import { BASE, randomParameters } from "./cases.ts";
import { ENGINES } from "./engines.ts";

/** Matrices of 45 × 45 and of other shapes, in more than two chunks of the kernels. */
const CONFIG = { ...BASE, hidden: 45, layers: 3 };
const ADAMW: OptimizerOptions = {
  ...{ learningRate: 1e-2, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, emaDecay: 0.9 },
  amsgrad: true,
};
const CASES: readonly (readonly [string, OptimizerOptions])[] = [
  ["AdamW with AMSGrad", ADAMW],
  ["AdamW", { ...ADAMW, amsgrad: false }],
  ["Muon", { ...ADAMW, muon: { learningRate: 0.02, momentum: 0.95, weightDecay: 0.1 } }],
];

async function threeSteps(updater: ParameterUpdater, options: OptimizerOptions): Promise<OptimizerState> {
  const state = createOptimizerState(randomParameters(CONFIG), options);
  const blocks = matrixBlocks(egnnLayout(CONFIG));
  expect(blocks.length).toBeGreaterThan(20);
  for (let index = 0; index < 3; index++) {
    const random = stream({ seed: 4, purpose: "test", index });
    const gradient = random.normals(new Float32Array(state.parameters.length));
    const scale = 0.5 / (await updater.gradientNorm(gradient));
    await optimizerStep(updater, state, gradient, 5e-3, scale, options, blocks);
  }
  return state;
}

const withEngine = async <T>(
  engine: Promise<KernelEngine>,
  use: (engine: KernelEngine) => Promise<T>,
): Promise<T> => {
  const opened = await engine;
  return use(opened).finally(opened.dispose);
};

for (const [name, options] of CASES) {
  it.each(ENGINES)(`$name updates by ${name} as plain JavaScript does`, async ({ load }) => {
    const expected = await threeSteps(plainUpdater, options);
    const state = await withEngine(load(CONFIG, 2), ({ updater }) => threeSteps(updater, options));
    for (const array of [
      "parameters",
      "ema",
      "firstMoment",
      "secondMoment",
      "largestSecondMoment",
    ] as const) {
      expect(state[array].length, array).toBe(expected[array].length);
      const off = state[array].reduce((most, x, i) => Math.max(most, Math.abs(x - expected[array][i])), 0);
      expect(off, array).toBeLessThan(2e-6);
    }
    const before = randomParameters(CONFIG);
    const moved = state.parameters.reduce((most, x, i) => Math.max(most, Math.abs(x - before[i])), 0);
    expect(moved).toBeGreaterThan(5e-3);
  });
}

it.each(ENGINES)("$name gives the same bits on 1 and 3 threads", async ({ load }) => {
  const [one, three] = await Promise.all(
    [1, 3].map((threads) =>
      withEngine(load(CONFIG, threads), ({ updater }) => threeSteps(updater, CASES[2][1])),
    ),
  );
  expect(three).toEqual(one);
});

it.each(ENGINES)("$name sums the norm of a gradient in double precision", async ({ load }) => {
  const gradient = new Float32Array(100_003).fill(1e-3);
  gradient[50_000] = 300;
  const norm = await withEngine(load(CONFIG, 2), ({ updater }) => updater.gradientNorm(gradient));
  const small = Math.fround(1e-3);
  expect(norm).toBeCloseTo(Math.sqrt(9e4 + 100_002 * small * small), 9);
});

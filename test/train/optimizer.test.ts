import { describe, expect, test } from "vitest";
import { allowedNorm, clipFactor, createClipQueue, gradientScale } from "../../src/train/clipping.ts";
import {
  type AdamWOptions,
  createOptimizerState,
  gradientNorm,
  type OptimizerState,
  optimizerStep,
  plainUpdater,
} from "../../src/train/optimizer.ts";

const options: AdamWOptions = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, amsgrad: false };

/** One step of AdamW in plain JavaScript. */
const adamWStep = (
  state: OptimizerState,
  gradient: Float32Array,
  learningRate: number,
  scale: number,
  emaDecay: number,
  adamW: AdamWOptions,
): Promise<void> =>
  optimizerStep(plainUpdater, state, gradient, learningRate, scale, { ...adamW, learningRate, emaDecay });

describe("AdamW", () => {
  test("the first step has the length of the learning rate in every coordinate, whatever the gradient's scale", async () => {
    for (const scale of [1e-3, 1, 1e4]) {
      const state = createOptimizerState(Float32Array.of(1, 1, 1), options);
      await adamWStep(state, Float32Array.of(scale, -2 * scale, 0), 0.01, 1, 0.9, options);
      expect(state.parameters[0]).toBeCloseTo(0.99, 5);
      expect(state.parameters[1]).toBeCloseTo(1.01, 5);
      expect(state.parameters[2]).toBe(1);
    }
  });

  test("three steps follow the recursion of the paper, worked out by hand", async () => {
    const gradients = [0.5, -1, 0.25];
    const state = createOptimizerState(Float32Array.of(2), { ...options, weightDecay: 0.1 });
    let [theta, m, v] = [2, 0, 0];
    for (const [k, g] of gradients.entries()) {
      await adamWStep(state, Float32Array.of(g), 0.05, 1, 0.9, { ...options, weightDecay: 0.1 });
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const [mHat, vHat] = [m / (1 - 0.9 ** (k + 1)), v / (1 - 0.999 ** (k + 1))];
      theta = theta * (1 - 0.05 * 0.1) - (0.05 * mHat) / (Math.sqrt(vHat) + 1e-8);
      expect(state.parameters[0]).toBeCloseTo(theta, 5);
    }
  });

  test("weight decay shrinks parameters without a gradient and leaves the moments alone", async () => {
    const state = createOptimizerState(Float32Array.of(2), options);
    await adamWStep(state, Float32Array.of(0), 0.1, 1, 0.9, { ...options, weightDecay: 0.5 });
    expect(state.parameters[0]).toBeCloseTo(2 * (1 - 0.05), 6);
    expect([...state.firstMoment, ...state.secondMoment]).toEqual([0, 0]);
  });

  test("AMSGrad never forgets a large gradient: later steps are shorter than Adam's", async () => {
    const run = async (amsgrad: boolean): Promise<number> => {
      const state = createOptimizerState(Float32Array.of(0), { ...options, beta2: 0.5, amsgrad });
      const settings = { ...options, beta2: 0.5, amsgrad };
      await adamWStep(state, Float32Array.of(100), 0.01, 1, 0.9, settings);
      for (let k = 0; k < 20; k++) await adamWStep(state, Float32Array.of(0.01), 0.01, 1, 0.9, settings);
      const before = state.parameters[0];
      await adamWStep(state, Float32Array.of(0.01), 0.01, 1, 0.9, settings);
      return Math.abs(state.parameters[0] - before);
    };
    expect(await run(true)).toBeLessThan(await run(false));
  });

  test("finds the minimum of a badly scaled quadratic", async () => {
    const state = createOptimizerState(Float32Array.of(3, -3), options);
    for (let k = 0; k < 3000; k++) {
      const [x, y] = state.parameters;
      await adamWStep(state, Float32Array.of(100 * (x - 1), 0.01 * (y - 2)), 0.01, 1, 0.99, options);
    }
    expect(state.parameters[0]).toBeCloseTo(1, 2);
    expect(state.parameters[1]).toBeCloseTo(2, 2);
    expect(state.ema[0]).toBeCloseTo(1, 2);
  });

  test("the moving average is the convex combination it says", async () => {
    const state = createOptimizerState(Float32Array.of(1), options);
    await adamWStep(state, Float32Array.of(1), 0.5, 1, 0.75, options);
    expect(state.ema[0]).toBeCloseTo(0.75 * 1 + 0.25 * 0.5, 6);
  });
});

describe("adaptive clipping", () => {
  test("allows 1.5 × mean + 2 × standard deviation of the last norms", () => {
    expect(allowedNorm([1, 3])).toBeCloseTo(1.5 * 2 + 2 * 1, 12);
  });

  test("lets the first gradients pass, then cuts an outlier to the limit and remembers it cut", () => {
    const queue = createClipQueue();
    for (let k = 0; k < 60; k++) expect(clipFactor(queue, 1)).toBe(1);
    expect(queue).toHaveLength(50);
    expect(queue.every((norm) => norm === 1)).toBe(true);
    const factor = clipFactor(queue, 1000);
    expect(factor * 1000).toBeCloseTo(1.5, 5);
    expect(queue[0]).toBeCloseTo(1.5, 12);
  });
});

test("a fixed limit cuts to the limit; without clipping nothing is cut", () => {
  const queue = createClipQueue();
  expect(gradientScale(2, queue, 8)).toBe(0.25);
  expect(gradientScale(2, queue, 1)).toBe(1);
  expect(gradientScale("none", queue, 1e9)).toBe(1);
  expect(queue).toEqual([3000]);
  expect(gradientScale("adaptive", queue, 1)).toBe(1);
  expect(queue).toEqual([1, 3000]);
});

test("the norm of a gradient is Euclidean", () => {
  expect(gradientNorm(Float32Array.of(3, 4))).toBe(5);
});

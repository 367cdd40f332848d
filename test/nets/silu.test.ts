import { beforeAll, expect, test } from "vitest";
import { sigmoid, silu } from "../../src/nets/layers/mlp.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";

beforeAll(() => prepareRuntime("cpu"));

test("silu is x times the sigmoid of x, with its slope, for numbers of any size", async () => {
  const slope = jax.jit(jax.grad((x: np.Array) => silu(x).sum()));
  for (const x of [-1000, -100, -3, -0.5, 0, 0.5, 3, 100, 1000]) {
    const sigmoid = 1 / (1 + Math.exp(-x));
    expect((await silu(np.array([x])).data())[0]).toBeCloseTo(x * sigmoid, 5);
    expect((await slope(np.array([x])).data())[0]).toBeCloseTo(sigmoid + x * sigmoid * (1 - sigmoid), 5);
  }
});

test("second derivatives of sigmoid and silu are finite for numbers of any size", async () => {
  for (const f of [sigmoid, silu]) {
    const bend = jax.grad((x: np.Array) =>
      jax
        .grad((y: np.Array) => f(y).sum())(x)
        .sum(),
    );
    for (const x of [-1e4, -100, -28, -1, 0, 100, 1e4])
      expect(Number.isFinite((await bend(np.array([x])).data())[0])).toBe(true);
  }
});

import { beforeAll, expect, test } from "vitest";
import { silu } from "../../src/nets/mlp.ts";
import { jax, np } from "../../src/runtime/jax.ts";
import { prepareRuntime } from "../../src/runtime/prepare.ts";

beforeAll(() => prepareRuntime("cpu"));

test("silu is x times the sigmoid of x, with its slope, for numbers of any size", async () => {
  const slope = jax.jit(jax.grad((x: np.Array) => silu(x).sum()));
  for (const x of [-1000, -100, -3, -0.5, 0, 0.5, 3, 100, 1000]) {
    const sigmoid = 1 / (1 + Math.exp(-x));
    expect((await silu(np.array([x])).data())[0]).toBeCloseTo(x * sigmoid, 5);
    expect((await slope(np.array([x])).data())[0]).toBeCloseTo(sigmoid + x * sigmoid * (1 - sigmoid), 5);
  }
});

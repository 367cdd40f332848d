import { beforeAll, expect, test } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { stream } from "../../src/math/random.ts";
import { dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { sigmoid, silu } from "../../src/nets/layers/mlp.ts";
import { namedViews } from "../../src/nets/layers/parameters.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { livelyParameters, TINY } from "./tiny-network.ts";

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

test("gradients of the networks of EDM are finite where hidden units are far below −88", async () => {
  for (const network of ["egnn", "gnn"] as const) {
    const config = { ...TINY, network };
    const parameters = livelyParameters(config, 3);
    for (const [name, view] of namedViews(dynamicsLayout(config), parameters))
      if (/(edge|node|coord)\.0\.bias$/.test(name)) view.fill(-1000);
    const engine = createJaxEngine(config);
    try {
      const random = stream({ seed: 1, purpose: "test", index: 0 });
      const sizes = Int32Array.of(4, 3);
      const batch = {
        sizes,
        positions: random.normals(new Float32Array(21)),
        features: random.normals(new Float32Array(49)),
      };
      const weight = new Float32Array(2).fill(1);
      const target = {
        target: random.normals(new Float32Array(7 * 9)),
        positionWeight: weight,
        featureWeight: weight,
      };
      const gradient = new Float32Array(parameters.length);
      await engine.squaredError(parameters, batch, target, gradient);
      expect(gradient.every(Number.isFinite)).toBe(true);
      expect(gradient.some((value) => value !== 0)).toBe(true);
    } finally {
      engine.dispose();
    }
  }
});

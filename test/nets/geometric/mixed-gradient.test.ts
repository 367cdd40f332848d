import { expect, test } from "vitest";
import type { AtomwiseEngine, SpeciesBatch } from "../../../src/engines/atomwise-engine.ts";
import { differenceGradient } from "../../../src/engines/difference-gradient.ts";
import { createJaxAtomwiseEngine } from "../../../src/engines/jax-atomwise-engine.ts";
import { stream } from "../../../src/math/random.ts";
import { jax } from "../../../src/platform/jax.ts";
import { energy64, lively, randomMolecules, SMALL } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const random = stream({ seed: 4, purpose: "test" });

test("the gradient of energies and forces by parameters has its closed form for a cubic of the positions", async () => {
  // o_i = θ₀ x_i³ + θ₁ x_i y_i z_i, so that ∂(v · ∂o/∂r)/∂θ is known.
  const cubic: AtomwiseEngine["parameterGradient"] = async (_, { positions: r, species }, c, gradient) => {
    gradient.fill(0);
    species.forEach((_, i) => {
      gradient[0] += c[i] * r[3 * i] ** 3;
      gradient[1] += c[i] * r[3 * i] * r[3 * i + 1] * r[3 * i + 2];
    });
  };
  const batch: SpeciesBatch = randomMolecules([4, 3], 8);
  const v = random.normals(new Float32Array(21));
  const c = new Float32Array([2, 2, 2, 2, -1, -1, -1]);
  const found = new Float32Array(2);
  await differenceGradient(cubic, new Float32Array(2), batch, c, v, found);
  const expected = [0, 0];
  for (let i = 0; i < 7; i++) {
    const [x, y, z] = batch.positions.subarray(3 * i, 3 * i + 3);
    expected[0] += c[i] * x ** 3 + v[3 * i] * 3 * x * x;
    expected[1] += c[i] * x * y * z + v[3 * i] * y * z + v[3 * i + 1] * x * z + v[3 * i + 2] * x * y;
  }
  expect(found[0] / expected[0]).toBeCloseTo(1, 3);
  expect(found[1] / expected[1]).toBeCloseTo(1, 3);
});

test("of a network, it is the change of energy and forces along a change of the last layer, on which they depend linearly", async () => {
  const config = SMALL.painn;
  const parameters = lively(config);
  const batch = randomMolecules([5], 2);
  const direction = random.normals(new Float32Array(15));
  const change = random.normals(new Float32Array(config.hidden / 2));
  const first = parameters.length - 1 - change.length;
  const gradient = new Float32Array(parameters.length);
  await createJaxAtomwiseEngine(config).mixedGradient(
    parameters,
    batch,
    new Float32Array(5).fill(0.7),
    direction,
    gradient,
  );
  const slope = change.reduce((sum, value, k) => sum + value * gradient[first + k], 0);
  const at = async (step: number): Promise<number> => {
    const moved = parameters.slice();
    change.forEach((value, k) => {
      moved[first + k] += step * value;
    });
    const { energy, gradient: force } = await energy64(config, moved)(batch.positions, batch.species);
    return 0.7 * energy + force.reduce((sum, g, k) => sum + g * direction[k], 0);
  };
  const scale = Math.hypot(...change) * Math.hypot(...gradient.subarray(first, first + change.length));
  expect(scale).toBeGreaterThan(1);
  expect(Math.abs(slope - ((await at(1)) - (await at(0)))) / scale).toBeLessThan(2e-3);
});

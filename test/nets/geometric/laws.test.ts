import { describe, expect, test } from "vitest";
import { stream } from "../../../src/math/random.ts";
import { jax } from "../../../src/platform/jax.ts";
import { rotationMatrix } from "../../rotations.ts";
import { maxDifference } from "../../shared.ts";
import { energy64, lively, randomMolecules, SMALL, turned } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

describe.each(Object.entries(SMALL))("%s", (_, config) => {
  const evaluate = energy64(config, lively(config));
  const { positions, species } = randomMolecules([6], 3);

  test("energy is invariant, forces turn along, under rotation, reflection and translation", async () => {
    const before = await evaluate(positions, species);
    expect(Math.abs(before.energy)).toBeGreaterThan(1e-3);
    for (const determinant of [1, -1] as const) {
      const R = rotationMatrix(7, determinant);
      const after = await evaluate(turned(positions, R, 2.5), species);
      expect(after.energy).toBeCloseTo(before.energy, 9);
      expect(maxDifference(after.gradient, turned(before.gradient, R))).toBeLessThan(1e-8);
    }
  });

  test("does not depend on the order of the atoms", async () => {
    const order = [3, 1, 5, 0, 2, 4];
    const permuted = order.flatMap((i) => [...positions.subarray(3 * i, 3 * i + 3)]);
    const before = await evaluate(positions, species);
    const after = await evaluate(
      Float64Array.from(permuted),
      order.map((i) => species[i]),
    );
    // jax-js computes sin and cos to seven digits, differently in the lanes of a vector; Bessel functions amplify that.
    expect(Math.abs(after.energy - before.energy)).toBeLessThan(
      config.kind.startsWith("dimenet") ? 5e-7 : 1e-9,
    );
  });

  // The maximum has kinks.
  if (config.kind === "mpnn" && config.aggregation === "max") return;

  test("forces are the slope of the energy", async () => {
    const { gradient } = await evaluate(positions, species);
    const direction = stream({ seed: 5, purpose: "test" }).normals(new Float64Array(positions.length));
    const along = async (step: number): Promise<number> =>
      (
        await evaluate(
          positions.map((x, k) => x + step * direction[k]),
          species,
        )
      ).energy;
    // Fourth order: jax-js computes sin, cos and exp of doubles to seven digits, so the step cannot be tiny.
    const h = 0.006;
    const difference = async (step: number): Promise<number> =>
      ((await along(step)) - (await along(-step))) / (2 * step);
    const slope = (4 * (await difference(h)) - (await difference(2 * h))) / 3;
    const expected = gradient.reduce((sum, g, k) => sum + g * direction[k], 0);
    expect(Math.abs(slope - expected)).toBeLessThan(1e-4 * Math.hypot(...gradient));
  });

  test("forces are conservative: the work along a closed loop vanishes", async () => {
    // One atom goes round a circle; the trapezoidal rule converges exponentially on periodic functions.
    const steps = 64;
    let work = 0;
    let magnitude = 0;
    for (let k = 0; k < steps; k++) {
      const angle = (2 * Math.PI * k) / steps;
      const x = positions.slice();
      x[0] += 0.2 * Math.cos(angle);
      x[1] += 0.2 * Math.sin(angle);
      const { gradient } = await evaluate(x, species);
      const step = (0.2 * 2 * Math.PI) / steps;
      const power = step * (gradient[1] * Math.cos(angle) - gradient[0] * Math.sin(angle));
      work += power;
      magnitude += Math.abs(power);
    }
    expect(magnitude).toBeGreaterThan(1e-4);
    expect(Math.abs(work)).toBeLessThan(2e-5 * magnitude);
  });

  test("atoms beyond the cutoff of everything do not see each other, and the energy has no step there", async () => {
    const { energy: alone } = await evaluate(new Float64Array(3), [1]);
    const pair = async (d: number): Promise<number> =>
      (await evaluate(Float64Array.of(0, 0, 0, d, 0, 0), [1, 1])).energy;
    expect(await pair(config.radial.cutoff + 1)).toBeCloseTo(2 * alone, 10);
    expect(await pair(config.radial.cutoff - 1e-5)).toBeCloseTo(2 * alone, 5);
  });
});

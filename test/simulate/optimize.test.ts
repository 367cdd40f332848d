import { describe, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import { harmonicWells, lennardJones } from "../../src/physics/reference-potentials.ts";
import { fire, largestForce, lbfgs, minimize } from "../../src/simulate/optimize.ts";
import { createState } from "../../src/simulate/state.ts";
import { maxDifference } from "../shared.ts";

const options = { forceTolerance: 1e-4, maxSteps: 2000 };

describe.each([
  ["FIRE", fire],
  ["L-BFGS", () => lbfgs()],
])("%s", (_, optimizer) => {
  test("finds the bottom of harmonic wells, in every replica", async () => {
    const centres = [0, 0, 0, 1, 2, 3];
    const start = stream({ seed: 1, purpose: "test" }).normals(new Float64Array(18));
    const state = createState({
      atomicNumbers: Uint8Array.of(1, 8),
      masses: [1, 16],
      positions: start,
      replicas: 3,
    });
    expect(await minimize(state, harmonicWells(centres, 50), optimizer(), options)).toEqual([
      true,
      true,
      true,
    ]);
    expect(maxDifference(state.positions, [...centres, ...centres, ...centres])).toBeLessThan(1e-5);
  });

  test("finds a known minimum of thirteen Lennard-Jones atoms: the icosahedron, −44.326801 ε", async () => {
    const golden = (1 + Math.sqrt(5)) / 2;
    const corners = [-1, 1].flatMap((a) =>
      [-golden, golden].flatMap((b) => [
        [0, a, b],
        [a, b, 0],
        [b, 0, a],
      ]),
    );
    const random = stream({ seed: 2, purpose: "test" });
    const positions = [[0, 0, 0], ...corners].flat().map((x) => 0.62 * x + 0.05 * random.normal());
    const state = createState({
      atomicNumbers: new Uint8Array(13).fill(18),
      masses: Array<number>(13).fill(40),
      positions,
    });
    const potential = lennardJones({ epsilon: 1, sigma: 1 });
    expect(await minimize(state, potential, optimizer(), options)).toEqual([true]);
    expect(state.energies[0]).toBeCloseTo(-44.326801, 5);
    expect(largestForce(state, 0)).toBeLessThan(1e-4);
  });

  test("stops at the number of steps asked for and says so", async () => {
    const state = createState({ atomicNumbers: Uint8Array.of(1), masses: [1], positions: [5, 0, 0] });
    expect(
      await minimize(state, harmonicWells([0, 0, 0], 1), optimizer(), { ...options, maxSteps: 3 }),
    ).toEqual([false]);
    expect(state.step).toBe(3);
  });
});

import { describe, expect, test } from "vitest";
import { sigmoid } from "../../src/diffusion/schedule.ts";
import { WorkError } from "../../src/errors.ts";
import { type BeadDynamicsOptions, beadDynamics, type Snapshot } from "../../src/models/cg/dynamics.ts";
import { cgPotential } from "../../src/models/cg/force-field.ts";
import type { CgModel } from "../../src/models/cg/model.ts";
import { BOLTZMANN } from "../../src/simulate/units.ts";
import { relativeDifference } from "../shared.ts";
import { chainSamples, exactChainModel, exactGradient, MODES } from "./chains.ts";

const STIFFNESS = 3;
const GAMMA = -3;
const SCALE = 1.7;
const chain = exactChainModel(STIFFNESS, GAMMA, SCALE);
const carbons = Uint8Array.of(6, 6, 6, 6);
const kT = BOLTZMANN * 300;
/** Start of B chains in Å. */
const start = (B: number): Float64Array => chainSamples(B, STIFFNESS, 8).map((x) => SCALE * x);

async function run(model: CgModel, options: Partial<BeadDynamicsOptions>): Promise<Snapshot[]> {
  const snapshots: Snapshot[] = [];
  const given = { positions: start(3), seed: 4, steps: 60, timestep: 4, friction: 1, every: 20, ...options };
  for await (const snapshot of beadDynamics(model, given)) snapshots.push(snapshot);
  return snapshots;
}

describe("the force of a model", () => {
  test("of a Gaussian chain is k_B T times the exact score of the noised chain", async () => {
    const positions = start(5);
    const { forces } = await cgPotential(chain).evaluate(positions, carbons);
    const alpha = Math.sqrt(sigmoid(-GAMMA));
    const z = positions.map((x) => (alpha * x) / SCALE);
    const exact = exactGradient(z, STIFFNESS, GAMMA).map((g) => (-kT * alpha * g) / SCALE);
    expect(relativeDifference(forces, exact)).toBeLessThan(1e-6);
  });

  test("is minus the derivative of its energy, in kcal/mol/Å", async () => {
    const positions = start(1);
    const potential = cgPotential(chain);
    const forces = (await potential.evaluate(positions, carbons)).forces.slice();
    const slopes = [];
    for (let k = 0; k < positions.length; k++) {
      const at = async (step: number): Promise<number> => {
        const moved = positions.map((value, i) => value + (i === k ? step : 0));
        return (await potential.evaluate(moved, carbons)).energies[0];
      };
      slopes.push(-((await at(1e-4)) - (await at(-1e-4))) / 2e-4);
    }
    expect(relativeDifference(forces, slopes)).toBeLessThan(1e-6);
  });

  test("is not given for other beads", () => {
    expect(() => cgPotential(chain).evaluate(start(1), Uint8Array.of(6, 6, 6, 8))).toThrow(
      "the model knows the beads C C C C, got C C C O",
    );
  });
});

test("Langevin dynamics has the Boltzmann statistics of the potential", async () => {
  // The chain with noise, seen in positions of the data: mode m of L has variance scale² (1/(k λ_m) + σ²/α²).
  const B = 400;
  const sums = MODES.map(() => 0);
  let [frames, temperature] = [0, 0];
  for (const snapshot of await run(chain, { positions: start(B), steps: 3000, every: 25, timestep: 5 })) {
    if (snapshot.step <= 500) continue;
    frames++;
    temperature += snapshot.temperature;
    MODES.forEach(({ vector }, m) => {
      for (let b = 0; b < B; b++) {
        for (let d = 0; d < 3; d++) {
          let amplitude = 0;
          for (let i = 0; i < 4; i++) amplitude += vector[i] * snapshot.positions[12 * b + 3 * i + d];
          sums[m] += amplitude * amplitude;
        }
      }
    });
  }
  expect(temperature / frames / 300).toBeCloseTo(1, 1.5);
  MODES.forEach(({ value }, m) => {
    const expected = SCALE ** 2 * (1 / (STIFFNESS * value) + Math.exp(GAMMA));
    expect(Math.abs(sums[m] / (3 * B * frames) / expected - 1), `mode ${m + 1}`).toBeLessThan(0.03);
  });
});

describe("a run", () => {
  test("is the same again, and a replica the same beside others", async () => {
    const [one, again] = [await run(chain, {}), await run(chain, {})];
    expect(again).toEqual(one);
    const alone = await run(chain, { positions: start(1) });
    expect(alone.at(-1)?.positions).toEqual(one.at(-1)?.positions.slice(0, 12));
    const other = await run(chain, { seed: 5 });
    expect(other.at(-1)?.positions).not.toEqual(one.at(-1)?.positions);
  });

  test("gives its snapshots at equal times, the last one where it ends", async () => {
    const snapshots = await run(chain, { steps: 50, every: 20, timestep: 2 });
    expect(snapshots.map(({ step }) => step)).toEqual([20, 40, 50]);
    expect(snapshots.map(({ time }) => time)).toEqual([0.04, 0.08, 0.1]);
  });

  test("ends with one clear line when it flies apart", async () => {
    const failure = run(chain, { timestep: 900, steps: 20_000, every: 500 });
    await expect(failure).rejects.toThrow(WorkError);
    await expect(failure).rejects.toThrow(
      /^replica \d: forces are not finite at step \d+ \([\d.e+]+ ps\); a smaller --timestep/,
    );
  });

  test("ends when it is asked to", async () => {
    await expect(run(chain, { signal: AbortSignal.abort() })).rejects.toThrow("aborted");
  });
});

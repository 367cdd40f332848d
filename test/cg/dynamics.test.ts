import { describe, expect, test } from "vitest";
import { sigmoid } from "../../src/diffusion/schedule.ts";
import { cgPotential } from "../../src/models/cg/force-field.ts";
import { encodeFrames } from "../../src/models/cg/frames.ts";
import { BOLTZMANN } from "../../src/physics/units.ts";
import { advance, langevinBaoab } from "../../src/simulate/integrators.ts";
import {
  createState,
  drawVelocities,
  kineticEnergy,
  refresh,
  temperatureOf,
} from "../../src/simulate/state.ts";
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

interface Snapshot {
  readonly step: number;
  /** Without centres of mass. [B, 4, 3] */
  readonly positions: Float64Array;
  readonly temperature: number;
}

/** Langevin dynamics of the chain at 300 K. */
async function run(options: {
  readonly positions?: Float64Array;
  readonly seed?: number;
  readonly steps?: number;
  readonly every?: number;
}): Promise<Snapshot[]> {
  const { positions = start(3), seed = 4, steps = 60, every = 20 } = options;
  const replicas = positions.length / 12;
  const state = createState({ atomicNumbers: carbons, masses: [12, 12, 12, 12], positions, replicas });
  const potential = cgPotential(chain);
  const integrator = langevinBaoab({ timestep: 5, temperature: 300, friction: 1, seed });
  drawVelocities(state, 300, seed);
  await refresh(state, potential);
  const snapshots: Snapshot[] = [];
  while (state.step < steps) {
    await advance(state, potential, integrator, every);
    let kinetic = 0;
    for (let b = 0; b < replicas; b++) kinetic += kineticEnergy(state, b);
    const temperature = temperatureOf(kinetic, 12 * replicas);
    snapshots.push({ step: state.step, positions: encodeFrames(state.positions, 4, 1), temperature });
  }
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
  for (const snapshot of await run({ positions: start(B), steps: 3000, every: 25 })) {
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

test("a run is the same again, and a replica the same beside others", async () => {
  const [one, again] = [await run({}), await run({})];
  expect(again).toEqual(one);
  const alone = await run({ positions: start(1) });
  expect(alone.at(-1)?.positions).toEqual(one.at(-1)?.positions.slice(0, 12));
  const other = await run({ seed: 5 });
  expect(other.at(-1)?.positions).not.toEqual(one.at(-1)?.positions);
});

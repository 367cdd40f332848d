import { describe, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import type { EnergiesAndForces, Potential } from "../../src/physics/potential.ts";
import { ARGON, harmonicWells, lennardJones } from "../../src/physics/reference-potentials.ts";
import { BOLTZMANN, KCAL_PER_MASS_VELOCITY_SQUARED } from "../../src/physics/units.ts";
import {
  advance,
  type Integrator,
  langevinBaoab,
  ornsteinUhlenbeck,
  velocityVerlet,
} from "../../src/simulate/integrators.ts";
import {
  createState,
  drawVelocities,
  kineticEnergy,
  refresh,
  type SimulationState,
  temperatureOf,
} from "../../src/simulate/state.ts";
import { maxDifference } from "../shared.ts";

const MASS = 12.011;
const STIFFNESS = 100; // kcal/mol/Å²
/** 1/fs */
const OMEGA = Math.sqrt(STIFFNESS / (MASS * KCAL_PER_MASS_VELOCITY_SQUARED));

/** Replicas at rest; the potentials here do not ask for elements. */
const atRest = (masses: readonly number[], positions: ArrayLike<number>, replicas = 1): SimulationState =>
  createState({ atomicNumbers: new Uint8Array(masses.length).fill(18), masses, positions, replicas });

/** An oscillator at x = 0.3 Å with a velocity. */
function oscillator(): { state: SimulationState; potential: Potential } {
  const state = atRest([MASS], [0.3, -0.1, 0]);
  state.velocities.set([0.002, 0.01, -0.004]);
  const potential = harmonicWells([0, 0, 0], STIFFNESS);
  refresh(state, potential);
  return { state, potential };
}

/** Seven argon atoms (pentagonal bipyramid), a little off their minimum. */
function cluster(replicas = 1): { state: SimulationState; potential: Potential } {
  const ring = Array.from({ length: 5 }, (_, k) => [
    3.3 * Math.cos((2 * Math.PI * k) / 5),
    3.3 * Math.sin((2 * Math.PI * k) / 5),
    0,
  ]);
  const one = [...ring.flat(), 0, 0, 2, 0, 0, -2];
  const state = atRest(
    Array<number>(7).fill(39.95),
    Array.from({ length: replicas }, () => one).flat(),
    replicas,
  );
  const potential = lennardJones(ARGON);
  refresh(state, potential);
  return { state, potential };
}

const totalEnergy = (state: SimulationState): number => state.energies[0] + kineticEnergy(state, 0);

test("velocity Verlet converges to the harmonic motion with order 2", () => {
  const time = 40;
  const error = (steps: number): number => {
    const { state, potential } = oscillator();
    const [x, , ,] = state.positions;
    const [v] = state.velocities;
    advance(state, potential, velocityVerlet({ timestep: time / steps }), steps);
    return Math.abs(state.positions[0] - (x * Math.cos(OMEGA * time) + (v / OMEGA) * Math.sin(OMEGA * time)));
  };
  const order = Math.log2(error(100) / error(200));
  expect(order).toBeGreaterThan(1.95);
  expect(order).toBeLessThan(2.05);
});

test("velocity Verlet runs backwards to where it came from", () => {
  const { state, potential } = cluster();
  drawVelocities(state, 20, 3);
  const start = state.positions.slice();
  const verlet = velocityVerlet({ timestep: 5 });
  advance(state, potential, verlet, 300);
  expect(maxDifference(state.positions, start)).toBeGreaterThan(0.1);
  for (let k = 0; k < state.velocities.length; k++) state.velocities[k] *= -1;
  advance(state, potential, verlet, 300);
  expect(maxDifference(state.positions, start)).toBeLessThan(1e-9);
});

test("the energy of a Lennard-Jones cluster stays, and its error falls with the square of the time step", () => {
  const spread = (timestep: number): number => {
    const { state, potential } = cluster();
    drawVelocities(state, 15, 5);
    const verlet = velocityVerlet({ timestep });
    const start = totalEnergy(state);
    let worst = 0;
    for (let t = 0; t < 20_000; t += 10 * timestep) {
      advance(state, potential, verlet, 10);
      worst = Math.max(worst, Math.abs(totalEnergy(state) - start));
    }
    return worst;
  };
  const [coarse, fine] = [spread(10), spread(5)];
  expect(fine).toBeLessThan(1e-3);
  expect(coarse / fine).toBeGreaterThan(3);
  expect(coarse / fine).toBeLessThan(5);
});

test("momentum and angular momentum of an isolated cluster stay", () => {
  const { state, potential } = cluster();
  drawVelocities(state, 20, 8);
  const momenta = (): number[] => {
    const sums = [0, 0, 0, 0, 0, 0];
    for (let i = 0; i < 7; i++) {
      const [x, y, z] = state.positions.subarray(3 * i, 3 * i + 3);
      const [u, v, w] = state.velocities.subarray(3 * i, 3 * i + 3);
      [u, v, w, y * w - z * v, z * u - x * w, x * v - y * u].forEach((p, k) => {
        sums[k] += p;
      });
    }
    return sums;
  };
  const before = momenta();
  advance(state, potential, velocityVerlet({ timestep: 5 }), 2000);
  expect(maxDifference(momenta(), before)).toBeLessThan(1e-11);
});

describe("Langevin BAOAB", () => {
  const ROOM = 300;

  // The discrete chain's own averages: ⟨x²⟩ is exact, ⟨v²⟩ has the factor 1 − (ωΔt)²/4.
  test("samples the Boltzmann distribution of harmonic wells, and heat is the same in every degree of freedom", () => {
    const replicas = 200;
    const masses = [MASS, 1.008];
    const centres = [0, 0, 0, 1, 2, 3];
    const potential = harmonicWells(centres, STIFFNESS);
    const state = atRest(masses, Array.from({ length: replicas }, () => centres).flat(), replicas);
    refresh(state, potential);
    const langevin = langevinBaoab({ timestep: 2, temperature: ROOM, friction: 50, seed: 11 });
    advance(state, potential, langevin, 500);
    const square = new Float64Array(6);
    const fourth = new Float64Array(6);
    const kinetic = new Float64Array(6);
    const samples = 300;
    for (let s = 0; s < samples; s++) {
      advance(state, potential, langevin, 10);
      for (let at = 0; at < state.positions.length; at++) {
        const away = state.positions[at] - centres[at % 6];
        square[at % 6] += away ** 2 / (samples * replicas);
        fourth[at % 6] += away ** 4 / (samples * replicas);
        kinetic[at % 6] +=
          (masses[Math.floor((at % 6) / 3)] * KCAL_PER_MASS_VELOCITY_SQUARED * state.velocities[at] ** 2) /
          (samples * replicas);
      }
    }
    const variance = (BOLTZMANN * ROOM) / STIFFNESS;
    for (let k = 0; k < 6; k++) {
      expect(Math.abs(square[k] / variance - 1)).toBeLessThan(0.03);
      expect(Math.abs(fourth[k] / (3 * variance ** 2) - 1)).toBeLessThan(0.06);
      const discrete = 1 - STIFFNESS / (masses[k < 3 ? 0 : 1] * KCAL_PER_MASS_VELOCITY_SQUARED);
      expect(Math.abs(kinetic[k] / (BOLTZMANN * ROOM) / discrete - 1)).toBeLessThan(0.015);
    }
  });

  test("configurations of a harmonic well are exact at any time step, as BAOAB's are known to be", () => {
    const replicas = 2000;
    const potential = harmonicWells([0, 0, 0], STIFFNESS);
    const state = atRest([MASS], new Float64Array(3 * replicas), replicas);
    refresh(state, potential);
    // ω Δt = 1.2: other splittings are off by tens of per cent here.
    const langevin = langevinBaoab({ timestep: 1.2 / OMEGA, temperature: ROOM, friction: 100, seed: 2 });
    let square = 0;
    advance(state, potential, langevin, 30);
    for (let s = 0; s < 40; s++) {
      advance(state, potential, langevin, 3);
      square += state.positions.reduce((sum, x) => sum + x * x, 0) / (40 * state.positions.length);
    }
    expect(Math.abs((square * STIFFNESS) / (BOLTZMANN * ROOM) - 1)).toBeLessThan(0.02);
  });

  test("without friction it is velocity Verlet", () => {
    const [a, b] = [cluster(), cluster()];
    for (const { state } of [a, b]) drawVelocities(state, 20, 3);
    advance(a.state, a.potential, velocityVerlet({ timestep: 4 }), 100);
    advance(b.state, b.potential, langevinBaoab({ timestep: 4, temperature: 20, friction: 0, seed: 0 }), 100);
    expect(maxDifference(a.state.positions, b.state.positions)).toBeLessThan(1e-10);
  });

  test("the O step is in detailed balance: p(v) p(v → w) is symmetric, so ⟨f(v) g(w)⟩ = ⟨g(v) f(w)⟩", () => {
    const replicas = 100_000;
    const state = atRest([1.008], new Float64Array(3 * replicas), replicas);
    drawVelocities(state, ROOM, 4);
    const width = Math.sqrt((BOLTZMANN * ROOM) / (1.008 * KCAL_PER_MASS_VELOCITY_SQUARED));
    const before = state.velocities.map((v) => v / width);
    ornsteinUhlenbeck({ timestep: 10, temperature: ROOM, friction: 40, seed: 9 })(state);
    const after = state.velocities.map((v) => v / width);
    const correlation = (f: (v: number) => number, g: (v: number) => number): number =>
      before.reduce((sum, v, k) => sum + f(v) * g(after[k]), 0) / before.length;
    const cube = (v: number): number => v ** 3;
    const linear = (v: number): number => v;
    const step = (v: number): number => (v > 0.5 ? 1 : 0);
    const c = Math.exp(-0.4);
    expect(Math.abs(correlation(linear, linear) - c)).toBeLessThan(0.01);
    expect(Math.abs(correlation(linear, cube) - 3 * c)).toBeLessThan(0.06);
    expect(Math.abs(correlation(cube, linear) - 3 * c)).toBeLessThan(0.06);
    expect(Math.abs(correlation(step, cube) - correlation(cube, step))).toBeLessThan(0.03);
    expect(Math.abs(after.reduce((sum, v) => sum + v * v, 0) / after.length - 1)).toBeLessThan(0.01);
  });

  test("each replica moves as it would alone, and a run in two parts as in one", () => {
    const langevin = (): Integrator => langevinBaoab({ timestep: 4, temperature: 30, friction: 2, seed: 6 });
    const [many, one, parts] = [cluster(3), cluster(1), cluster(3)];
    for (const { state } of [many, one, parts]) drawVelocities(state, 30, 6);
    advance(many.state, many.potential, langevin(), 200);
    advance(one.state, one.potential, langevin(), 200);
    advance(parts.state, parts.potential, langevin(), 77);
    advance(parts.state, parts.potential, langevin(), 123);
    expect(many.state.positions.slice(0, 21)).toEqual(one.state.positions);
    expect(many.state.positions.slice(21, 42)).not.toEqual(one.state.positions);
    expect(parts.state.positions).toEqual(many.state.positions);
    expect(parts.state.velocities).toEqual(many.state.velocities);
  });
});

test("a potential that answers later gives the same trajectory", async () => {
  const [now, later] = [cluster(), cluster()];
  for (const { state } of [now, later]) drawVelocities(state, 20, 3);
  const waiting: Potential = {
    ...later.potential,
    evaluate: async (...args) => {
      await Promise.resolve();
      return later.potential.evaluate(...args);
    },
  };
  const verlet = velocityVerlet({ timestep: 5 });
  expect(advance(now.state, now.potential, verlet, 20)).toBeUndefined();
  await advance(later.state, waiting, verlet, 20);
  expect(later.state).toEqual(now.state);
});

test("drawn velocities have the temperature asked for", () => {
  const replicas = 500;
  const masses = [1.008, 12.011, 15.999, 39.95];
  const state = atRest(masses, new Float64Array(12 * replicas), replicas);
  drawVelocities(state, 400, 1);
  let kinetic = 0;
  for (let b = 0; b < replicas; b++) kinetic += kineticEnergy(state, b);
  expect(Math.abs(temperatureOf(kinetic, 12 * replicas) / 400 - 1)).toBeLessThan(0.05);
});

test("forces of the reference potentials are the negative gradient of their energy", () => {
  const random = stream({ seed: 1, purpose: "test" });
  const positions = Float64Array.from(
    { length: 12 },
    (_, k) => 4 * (k % 3 === 0 ? k : 0.3 * k) + random.uniform(),
  );
  for (const potential of [
    harmonicWells(random.normals(new Float64Array(12)), 3),
    lennardJones({ ...ARGON, cutoff: 100 }),
    lennardJones(ARGON),
  ]) {
    const at = (where: Float64Array) => potential.evaluate(where, new Uint8Array(4)) as EnergiesAndForces;
    const forces = at(positions).forces.slice();
    const h = 1e-5;
    const differences = positions.map((_, k) => {
      const shifted = (by: number): number => at(positions.map((x, l) => (l === k ? x + by : x))).energies[0];
      return (shifted(-h) - shifted(h)) / (2 * h);
    });
    expect(maxDifference(forces, differences)).toBeLessThan(1e-6);
  }
});

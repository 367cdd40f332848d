/**
 * Integrators of the equations of motion, each split around its one evaluation of the forces, so that they know
 * nothing of potentials: velocity Verlet (Swope et al., J. Chem. Phys. 1982), order 2, symplectic; Langevin BAOAB
 * (Leimkuhler & Matthews, Appl. Math. Res. Express 2013), order 2 in the averages of configurations.
 * B: kick by the forces; A: drift; O: exact Ornstein–Uhlenbeck step of the velocities.
 */
import { normalFiller } from "../math/random.ts";
import type { Potential } from "../physics/potential.ts";
import { BOLTZMANN, KCAL_PER_MASS_VELOCITY_SQUARED } from "../physics/units.ts";
import { refresh, type SimulationState } from "./state.ts";

/** One time step, cut in two where forces are computed. */
export interface Integrator {
  readonly name: string;
  /** fs */
  readonly timestep: number;
  /** From positions, velocities and forces to the positions where forces are needed next. */
  readonly beforeForces: (state: SimulationState) => void;
  /** With the forces there: ends the step, except for counting it. */
  readonly afterForces: (state: SimulationState) => void;
}

/** B: v ← v + (Δt/m) F. */
export function kick({ replicas, atoms, masses, velocities, forces }: SimulationState, time: number): void {
  for (let b = 0, at = 0; b < replicas; b++) {
    for (let i = 0; i < atoms; i++, at += 3) {
      const factor = time / (masses[i] * KCAL_PER_MASS_VELOCITY_SQUARED);
      velocities[at] += factor * forces[at];
      velocities[at + 1] += factor * forces[at + 1];
      velocities[at + 2] += factor * forces[at + 2];
    }
  }
}

/** A: r ← r + Δt v. */
export function drift({ positions, velocities }: SimulationState, time: number): void {
  for (let at = 0; at < positions.length; at++) positions[at] += time * velocities[at];
}

/** Newton's equations (NVE), time-reversible and symplectic (Swope et al. 1982). `timestep` in fs. */
export function velocityVerlet({ timestep }: { readonly timestep: number }): Integrator {
  checkPositive("timestep", timestep);
  return {
    name: "velocity Verlet",
    timestep,
    beforeForces: (state) => {
      kick(state, timestep / 2);
      drift(state, timestep);
    },
    afterForces: (state) => kick(state, timestep / 2),
  };
}

/** Step and heat bath. */
export interface LangevinOptions {
  /** fs */
  readonly timestep: number;
  /** K; of every atom. */
  readonly temperature: number;
  /** 1/ps */
  readonly friction: number;
  /** The noise of replica b at a step depends on seed, b and the step alone. */
  readonly seed: number;
}

/**
 * O: v ← c v + √((1 − c²) k_B T/m) ξ with c = exp(−γ Δt); keeps the Maxwell–Boltzmann distribution exactly and is
 * in detailed balance with it.
 */
export function ornsteinUhlenbeck({
  timestep,
  temperature,
  friction,
  seed,
}: LangevinOptions): (state: SimulationState) => void {
  checkPositive("timestep", timestep);
  for (const [name, value] of Object.entries({ temperature, friction }))
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
      throw new RangeError(`${name} must not be negative, got ${value}`);
  const decay = Math.exp((-friction * timestep) / 1000);
  const variance =
    (-Math.expm1((-2 * friction * timestep) / 1000) * BOLTZMANN * temperature) /
    KCAL_PER_MASS_VELOCITY_SQUARED;
  const fill = normalFiller(seed, "dynamics");
  let noise = new Float64Array(0);
  return ({ replicas, atoms, masses, velocities, step }) => {
    if (noise.length !== 3 * atoms) noise = new Float64Array(3 * atoms);
    for (let b = 0, at = 0; b < replicas; b++) {
      fill(noise, 0, 3 * atoms, b, step);
      for (let i = 0; i < atoms; i++, at += 3) {
        const width = Math.sqrt(variance / masses[i]);
        velocities[at] = decay * velocities[at] + width * noise[3 * i];
        velocities[at + 1] = decay * velocities[at + 1] + width * noise[3 * i + 1];
        velocities[at + 2] = decay * velocities[at + 2] + width * noise[3 * i + 2];
      }
    }
  };
}

/**
 * Langevin dynamics at constant temperature (NVT) by the splitting BAOAB (Leimkuhler & Matthews 2013), with a configurational
 * error of second order. Friction 0 is velocity Verlet.
 * @throws RangeError for a step that is not positive, or negative temperature or friction
 */
export function langevinBaoab(options: LangevinOptions): Integrator {
  const { timestep } = options;
  const exchange = ornsteinUhlenbeck(options);
  return {
    name: "Langevin BAOAB",
    timestep,
    beforeForces: (state) => {
      kick(state, timestep / 2);
      drift(state, timestep / 2);
      exchange(state);
      drift(state, timestep / 2);
    },
    afterForces: (state) => kick(state, timestep / 2),
  };
}

/**
 * Takes `steps` steps; the state's forces must be up to date (`refresh`) and are so afterwards. Synchronous where
 * the potential is: then nothing is allocated, and there is no promise to wait for.
 */
export function advance(
  state: SimulationState,
  potential: Potential,
  integrator: Integrator,
  steps: number,
): void | Promise<void> {
  for (let done = 0; done < steps; done++) {
    integrator.beforeForces(state);
    const pending = refresh(state, potential);
    if (pending !== undefined) return advanceWaiting(state, potential, integrator, steps - done, pending);
    finish(state, integrator);
  }
}

/** The rest of `advance` where the forces of the first of `steps` steps are still being computed. */
async function advanceWaiting(
  state: SimulationState,
  potential: Potential,
  integrator: Integrator,
  steps: number,
  pending: Promise<void>,
): Promise<void> {
  await pending;
  finish(state, integrator);
  for (let done = 1; done < steps; done++) {
    integrator.beforeForces(state);
    await refresh(state, potential);
    finish(state, integrator);
  }
}

function finish(state: SimulationState, integrator: Integrator): void {
  integrator.afterForces(state);
  state.step++;
}

function checkPositive(name: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`${name} must be positive, got ${value}`);
}

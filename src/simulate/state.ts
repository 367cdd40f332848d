/**
 * B replicas of a molecule of N atoms in motion: arrays that integrators write to. Maxwell–Boltzmann velocities,
 * kinetic energy, temperature.
 */
import { symmetricEigen } from "../math/eigen.ts";
import { stream } from "../math/random.ts";
import type { EnergiesAndForces, Potential } from "../physics/potential.ts";
import { BOLTZMANN, ENERGY_UNITS, KCAL_PER_MASS_VELOCITY_SQUARED } from "../physics/units.ts";

/** Replicas of one molecule in motion; its arrays are changed in place. */
export interface SimulationState {
  /** B */
  readonly replicas: number;
  /** N */
  readonly atoms: number;
  /** Nuclear charges; what they mean is the potential's affair. [N] */
  readonly atomicNumbers: Uint8Array;
  /** g/mol [N] */
  readonly masses: Float64Array;
  /** Å [B, N, 3] */
  readonly positions: Float64Array;
  /** Å/fs [B, N, 3] */
  readonly velocities: Float64Array;
  /** kcal/mol/Å, at `positions` [B, N, 3] */
  readonly forces: Float64Array;
  /** Potential energy, kcal/mol, at `positions` [B] */
  readonly energies: Float64Array;
  /** Steps done; with the seed it addresses the random numbers of the next one. */
  step: number;
}

/** What a state is made from. */
export interface StartOptions {
  /** [N] */
  readonly atomicNumbers: Uint8Array;
  /** Å; one configuration for each replica. [B, N, 3] */
  readonly positions: ArrayLike<number>;
  /** g/mol [N] */
  readonly masses: ArrayLike<number>;
  /** 1 by default. */
  readonly replicas?: number;
}

/**
 * A state at rest; positions and masses are copied. Energies and forces are zero until `refresh`.
 * @throws RangeError when the lengths do not fit together or a mass is not positive
 */
export function createState({
  atomicNumbers,
  positions,
  masses,
  replicas = 1,
}: StartOptions): SimulationState {
  const atoms = atomicNumbers.length;
  if (atoms === 0 || masses.length !== atoms || positions.length !== 3 * atoms * replicas)
    throw new RangeError(
      `${positions.length} coordinates and ${masses.length} masses for ${replicas} × ${atoms} atoms`,
    );
  const own = Float64Array.from(masses);
  if (!own.every((mass) => mass > 0)) throw new RangeError("every mass must be positive");
  return {
    replicas,
    atoms,
    atomicNumbers,
    masses: own,
    positions: Float64Array.from(positions),
    velocities: new Float64Array(3 * atoms * replicas),
    forces: new Float64Array(3 * atoms * replicas),
    energies: new Float64Array(replicas),
    step: 0,
  };
}

/** Brings energies and forces of the state up to date, in kcal/mol. Synchronous where the potential is. */
export function refresh(state: SimulationState, potential: Potential): void | Promise<void> {
  const result = potential.evaluate(state.positions, state.atomicNumbers);
  if (result instanceof Promise) return result.then((values) => take(state, potential, values));
  take(state, potential, result);
}

function take(state: SimulationState, { unit }: Potential, { energies, forces }: EnergiesAndForces): void {
  const scale = ENERGY_UNITS[unit];
  for (let b = 0; b < state.replicas; b++) state.energies[b] = scale * energies[b];
  for (let at = 0; at < state.forces.length; at++) state.forces[at] = scale * forces[at];
}

/** Draws velocities at `temperature` (K) from the Maxwell–Boltzmann distribution; replica b's depend on seed and b alone. */
export function drawVelocities(state: SimulationState, temperature: number, seed: number): void {
  const { replicas, atoms, masses, velocities } = state;
  for (let b = 0; b < replicas; b++) {
    const random = stream({ seed, purpose: "velocities", index: b });
    for (let i = 0; i < atoms; i++) {
      const width = Math.sqrt((BOLTZMANN * temperature) / (masses[i] * KCAL_PER_MASS_VELOCITY_SQUARED));
      for (let d = 0; d < 3; d++) velocities[3 * (b * atoms + i) + d] = width * random.normal();
    }
  }
}

/** Kinetic energy of a replica in kcal/mol. */
export function kineticEnergy({ atoms, masses, velocities }: SimulationState, replica: number): number {
  let sum = 0;
  for (let i = 0, at = 3 * atoms * replica; i < atoms; i++, at += 3) {
    sum += masses[i] * (velocities[at] ** 2 + velocities[at + 1] ** 2 + velocities[at + 2] ** 2);
  }
  return 0.5 * sum * KCAL_PER_MASS_VELOCITY_SQUARED;
}

/** Temperature in K of a kinetic energy in kcal/mol with that many degrees of freedom (0 for none). */
export const temperatureOf = (kinetic: number, degreesOfFreedom: number): number =>
  degreesOfFreedom > 0 ? (2 * kinetic) / (degreesOfFreedom * BOLTZMANN) : 0;

/** Stops the molecule as a whole: no momentum, no angular momentum about its centre of mass. */
export function removeRigidMotion(state: SimulationState): void {
  const { replicas, atoms, masses, positions, velocities } = state;
  const total = masses.reduce((sum, mass) => sum + mass, 0);
  for (let b = 0; b < replicas; b++) {
    const first = 3 * atoms * b;
    const centre = [0, 0, 0];
    const drift = [0, 0, 0];
    for (let i = 0; i < atoms; i++) {
      for (let d = 0; d < 3; d++) {
        centre[d] += (masses[i] * positions[first + 3 * i + d]) / total;
        drift[d] += (masses[i] * velocities[first + 3 * i + d]) / total;
      }
    }
    const inertia = [
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ];
    const spin = [0, 0, 0]; // angular momentum
    for (let i = 0; i < atoms; i++) {
      const r = [0, 1, 2].map((d) => positions[first + 3 * i + d] - centre[d]);
      const v = [0, 1, 2].map((d) => velocities[first + 3 * i + d] - drift[d]);
      const squared = r[0] ** 2 + r[1] ** 2 + r[2] ** 2;
      for (let a = 0; a < 3; a++) {
        const [p, q] = [(a + 1) % 3, (a + 2) % 3];
        spin[a] += masses[i] * (r[p] * v[q] - r[q] * v[p]);
        for (let c = 0; c < 3; c++) inertia[a][c] += masses[i] * ((a === c ? squared : 0) - r[a] * r[c]);
      }
    }
    const { values, vectors } = symmetricEigen(inertia);
    const turn = [0, 0, 0]; // angular velocity; none about the axis of a linear molecule, nor of a single atom
    vectors.forEach((axis, k) => {
      if (!(values[k] > 1e-8 * Math.max(...values))) return;
      const along = (axis[0] * spin[0] + axis[1] * spin[1] + axis[2] * spin[2]) / values[k];
      for (let d = 0; d < 3; d++) turn[d] += along * axis[d];
    });
    for (let i = 0; i < atoms; i++) {
      const at = first + 3 * i;
      const r = [0, 1, 2].map((d) => positions[at + d] - centre[d]);
      for (let a = 0; a < 3; a++) {
        const [p, q] = [(a + 1) % 3, (a + 2) % 3];
        velocities[at + a] -= drift[a] + turn[p] * r[q] - turn[q] * r[p];
      }
    }
  }
}

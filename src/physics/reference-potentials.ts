/** Potentials with closed forms, which need no model: they test integrators, and the command line offers them. */
import type { EnergiesAndForces, Potential } from "./potential.ts";

/** Arrays that are made again only when the number of replicas changes. */
function results(): (replicas: number, coordinates: number) => EnergiesAndForces {
  let held: EnergiesAndForces = { energies: new Float64Array(0), forces: new Float64Array(0) };
  return (replicas, coordinates) => {
    if (held.energies.length !== replicas || held.forces.length !== coordinates)
      held = { energies: new Float64Array(replicas), forces: new Float64Array(coordinates) };
    return held;
  };
}

/**
 * E = k/2 Σ_i |r_i − r_i⁰|²: every atom in a well of its own. In equilibrium each coordinate is Gaussian with variance
 * k_B T/k around its centre, and its frequency is √(k/m).
 * @param centres Å [N, 3]
 * @param stiffness k in kcal/mol/Å²
 */
export function harmonicWells(centres: ArrayLike<number>, stiffness: number): Potential {
  const own = Float64Array.from(centres);
  const hold = results();
  return {
    name: "harmonic",
    unit: "kcal/mol",
    external: true,
    evaluate: (positions) => {
      const held = hold(positions.length / own.length, positions.length);
      const { energies, forces } = held;
      for (let b = 0, at = 0; b < energies.length; b++) {
        let sum = 0;
        for (let k = 0; k < own.length; k++, at++) {
          const away = positions[at] - own[k];
          sum += away * away;
          forces[at] = -stiffness * away;
        }
        energies[b] = 0.5 * stiffness * sum;
      }
      return held;
    },
  };
}

/** The two numbers of the Lennard-Jones potential. */
export interface LennardJonesOptions {
  /** Depth of the well of a pair, kcal/mol. */
  readonly epsilon: number;
  /** Distance at which the energy of a pair is zero, Å. */
  readonly sigma: number;
  /** Å; pairs beyond it count nothing, and those within are shifted by a constant to end at zero. None by default. */
  readonly cutoff?: number;
}

/** Argon (Rahman, Phys. Rev. 1964: ε/k_B = 120 K, σ = 3.4 Å). */
export const ARGON: LennardJonesOptions = { epsilon: 0.23846, sigma: 3.4 };

/** E = Σ_{i<j} 4ε [(σ/r)¹² − (σ/r)⁶] of equal atoms, whatever their elements; two of them rest at r = 2^{1/6} σ with E = −ε. */
export function lennardJones({
  epsilon,
  sigma,
  cutoff = Number.POSITIVE_INFINITY,
}: LennardJonesOptions): Potential {
  const hold = results();
  const limit = cutoff * cutoff;
  const atCutoff = (sigma / cutoff) ** 6;
  const shift = 4 * epsilon * (atCutoff * atCutoff - atCutoff);
  return {
    name: "lennard-jones",
    unit: "kcal/mol",
    ...(Number.isFinite(cutoff) ? { cutoff } : {}),
    evaluate: (positions, { length: atoms }) => {
      const held = hold(positions.length / (3 * atoms), positions.length);
      const { energies, forces } = held;
      forces.fill(0);
      for (let b = 0; b < energies.length; b++) {
        const first = 3 * atoms * b;
        const end = first + 3 * atoms;
        let energy = 0;
        for (let i = first; i < end; i += 3) {
          for (let j = i + 3; j < end; j += 3) {
            const dx = positions[i] - positions[j];
            const dy = positions[i + 1] - positions[j + 1];
            const dz = positions[i + 2] - positions[j + 2];
            const squared = dx * dx + dy * dy + dz * dz;
            if (squared >= limit) continue;
            const sixth = ((sigma * sigma) / squared) ** 3;
            energy += 4 * epsilon * (sixth * sixth - sixth) - shift;
            const push = (24 * epsilon * (2 * sixth * sixth - sixth)) / squared;
            forces[i] += push * dx;
            forces[i + 1] += push * dy;
            forces[i + 2] += push * dz;
            forces[j] -= push * dx;
            forces[j + 1] -= push * dy;
            forces[j + 2] -= push * dz;
          }
        }
        energies[b] = energy;
      }
      return held;
    },
  };
}

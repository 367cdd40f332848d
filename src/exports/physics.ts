/** Potentials. */
export type { EnergiesAndForces, EnergyUnit, Potential } from "../physics/potential.ts";
export {
  ARGON,
  harmonicWells,
  type LennardJonesOptions,
  lennardJones,
} from "../physics/reference-potentials.ts";

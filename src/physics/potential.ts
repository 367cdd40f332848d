/**
 * What a simulation needs to know of a system: energies and forces of configurations. A trained force field, a
 * harmonic well and Lennard-Jones are all of this type; integrators know nothing else.
 */

import type { EnergyUnit } from "./units.ts";

export type { EnergyUnit };

/**
 * Of B configurations of N atoms. What is not finite is handed over as it is: the caller checks. The arrays may be
 * overwritten by the next evaluation.
 */
export interface EnergiesAndForces {
  /** [B] */
  readonly energies: Float64Array;
  /** −∂E/∂r, row-major. [B, N, 3] */
  readonly forces: Float64Array;
}

/** Energies and forces of a molecule, for many replicas at once. */
export interface Potential {
  /** `painn (rmd17-ethanol)`, `lennard-jones` … */
  readonly name: string;
  /** Of the energies; forces are in this unit per Å. */
  readonly unit: EnergyUnit;
  /** Å; atoms farther apart do not feel each other. Absent: no limit. */
  readonly cutoff?: number;
  /** The energy changes when all atoms move or turn together (wells, walls, fields): momentum is not conserved. */
  readonly external?: boolean;
  /**
   * Energies and forces of configurations of one composition; positions are borrowed.
   * @param positions Å, row-major [B, N, 3]
   * @param atomicNumbers nuclear charges, the same for all B. [N]
   * @throws InputError for elements that the potential does not know
   */
  readonly evaluate: (
    positions: Float64Array,
    atomicNumbers: Uint8Array,
  ) => EnergiesAndForces | Promise<EnergiesAndForces>;
  /** Frees what it holds. */
  readonly dispose?: () => void;
}

/**
 * What a simulation needs to know of a system: energies and forces of configurations. A trained force field, a
 * harmonic well and Lennard-Jones are all of this type; integrators know nothing else.
 */

/** Unit of energy; forces are in this unit per Å. */
export type EnergyUnit = "kcal/mol" | "eV";

/** Of B configurations of N atoms. */
export interface EnergiesAndForces {
  /** [B] */
  readonly energies: Float64Array;
  /** −∂E/∂r, row-major. [B, N, 3] */
  readonly forces: Float64Array;
}

export interface Potential {
  /** `painn (rmd17-ethanol)`, `lennard-jones` … */
  readonly name: string;
  readonly unit: EnergyUnit;
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

/**
 * Units of simulation: Å, fs, g/mol, kcal/mol, K. Constants: CODATA 2018; 1 cal = 4.184 J.
 * Velocities are Å/fs; 1 g/mol (Å/fs)² = 10⁴ kJ/mol.
 */

/** Boltzmann's constant in kcal/(mol K). */
export const BOLTZMANN = 8.31446261815324e-3 / 4.184;

/** kcal/mol of 1 g/mol (Å/fs)²: kinetic energies and accelerations are converted with it. */
export const KCAL_PER_MASS_VELOCITY_SQUARED = 1e4 / 4.184;

/** Energies that potentials and users may speak in: kcal/mol of one unit. */
export const ENERGY_UNITS = {
  "kcal/mol": 1,
  eV: 96.48533212331002 / 4.184,
} as const;
/** Name of a unit of energy. */
export type EnergyUnit = keyof typeof ENERGY_UNITS;

/** kcal/mol in `unit`. */
export const inUnit = (kcal: number, unit: EnergyUnit): number => kcal / ENERGY_UNITS[unit];

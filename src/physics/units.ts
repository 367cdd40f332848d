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

/** kcal/mol of one unit, of the units that files give energies in. Constants: CODATA 2018. */
const FILE_ENERGY_UNITS = {
  ...ENERGY_UNITS,
  "kJ/mol": 1 / 4.184,
  "J/mol": 1 / 4184,
  meV: ENERGY_UNITS.eV / 1000,
  Hartree: 2625.4996394798254 / 4.184,
  Rydberg: 2625.4996394798254 / 8.368,
  "cm-1": 0.011962656582 / 4.184,
} as const;
/** Name of a unit that energies in files may have. */
export type FileEnergyUnit = keyof typeof FILE_ENERGY_UNITS;

/** Names of the units that energies in files may have. */
export const FILE_ENERGY_UNIT_NAMES = Object.keys(FILE_ENERGY_UNITS) as readonly FileEnergyUnit[];

/** kcal/mol of one unit of energy. */
export const kcalOf = (unit: FileEnergyUnit): number => FILE_ENERGY_UNITS[unit];

/** Other spellings, as `bare` leaves them. */
const SPELLINGS: ReadonlyMap<string, FileEnergyUnit> = new Map<string, FileEnergyUnit>([
  ...FILE_ENERGY_UNIT_NAMES.map((name) => [name.toLowerCase(), name] as const),
  ...["kcal", "kcalmol", "kcalmol-1"].map((text) => [text, "kcal/mol"] as const),
  ...["kj", "kjmol", "kjmol-1"].map((text) => [text, "kJ/mol"] as const),
  ...["electronvolt", "electronvolts"].map((text) => [text, "eV"] as const),
  ...["ha", "eh", "e_h", "hartrees", "a.u.", "a.u", "au", "atomic", "atomicunits", "atomic*units"].map(
    (text) => [text, "Hartree"] as const,
  ),
  ...["ry", "rydbergs"].map((text) => [text, "Rydberg"] as const),
  ...["1/cm", "cm^-1", "cm1"].map((text) => [text, "cm-1"] as const),
]);

const BOHR = 0.529177210903; // Å

/** Å of one unit of length, by its spellings. */
const LENGTHS: ReadonlyMap<string, number> = new Map([
  ...["å", "a", "ang", "angstrom", "angstroms", "ångström", "ångstrom"].map((text) => [text, 1] as const),
  ...["bohr", "bohrs", "a0", "a_0", "a.u.", "au"].map((text) => [text, BOHR] as const),
  ["nm", 10] as const,
]);

/** A unit without what spelling adds to it: "kcal mol^-1 Å^-1" is "kcal/mol/å". */
const bare = (text: string): string =>
  text
    .normalize("NFC")
    .toLowerCase()
    .replaceAll("−", "-")
    .replace(/[()[\]{}]/g, "")
    .replace(/\s*([*/·])\s*/g, (_, sign: string) => (sign === "·" ? "*" : sign))
    .trim()
    .replace(/\s+/g, "*")
    .replace(/\*([a-zå_0]+)\^?-1/g, "/$1")
    .replace(/permole?$/, "/mol")
    .replace(/\/mole(?=$|\/)/, "/mol")
    .replace(/\/mol\*/, "/mol/");

/** The unit of energy that a file names, however it is spelled; undefined where it is none that is known. */
export const energyUnitNamed = (text: string): FileEnergyUnit | undefined => SPELLINGS.get(bare(text));

/** kcal/mol/Å of a unit of force as files spell it ("eV/Å", "Hartree/Bohr"); undefined where it is none that is known. */
export function forceUnitNamed(text: string): number | undefined {
  const spelled = bare(text);
  if (/^(a\.?u\.?|atomic(\*?units)?)$/.test(spelled)) return kcalOf("Hartree") / BOHR;
  const cut = spelled.lastIndexOf("/");
  const energy = SPELLINGS.get(spelled.slice(0, cut));
  const length = LENGTHS.get(spelled.slice(cut + 1));
  return cut < 0 || energy === undefined || length === undefined ? undefined : kcalOf(energy) / length;
}

/**
 * Energies, forces and properties as files call them: `energy` and `forces`, or with the name of their method before or
 * behind (`REF_energy`, `dft_forces`, `energy_mp2`), in the unit that the file says (`energy_unit`, `forces_unit`). Where a
 * choice is made, it is said in words.
 */
import type { AtomColumn, Molecule, PropertyValue } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import {
  energyUnitNamed,
  FILE_ENERGY_UNIT_NAMES,
  type FileEnergyUnit,
  forceUnitNamed,
  kcalOf,
} from "./units.ts";

/** What a molecule of a file is labelled with. */
export interface Labels {
  /** In `unit`, or where that is undefined in whatever the file is in. */
  readonly energy?: number;
  /** In `unit` per Å. [N, 3] */
  readonly forces?: Float64Array;
  readonly unit?: FileEnergyUnit;
  /** What was chosen or is left, one clause each. */
  readonly remarks: readonly string[];
}

/** Words beside "energy" that make it another quantity than that of a structure. */
const OTHERS = new Set(
  (
    "kinetic predicted free formation binding interaction adsorption solvation reaction activation atomization atomisation " +
    "cohesive dispersion repulsion correlation exchange nuclear zero point internal isolated atom atomic delta strain barrier " +
    "excitation ionization relative unit units per std stddev var variance error mae rmse weight mask of"
  ).split(" "),
);
const QUANTITIES = {
  energy: new Set(["energy", "energies", "etot"]),
  forces: new Set(["force", "forces"]),
  gradient: new Set(["gradient", "gradients", "grad"]),
} as const;
type Quantity = keyof typeof QUANTITIES;

/** "dftEnergy_PBE" is dft, energy, pbe. */
const wordsOf = (key: string): string[] =>
  key
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[_\-.:]+/);

/** Whether a key is that of a quantity, alone or with the name of its method: `REF_energy` and `energy_dft` of "energy". */
function names(key: string, quantity: Quantity): boolean {
  const words = wordsOf(key);
  return words.some((word) => QUANTITIES[quantity].has(word)) && !words.some((word) => OTHERS.has(word));
}

const numeric = (value: PropertyValue | undefined): value is number =>
  typeof value === "number" && Number.isFinite(value);

const isVectors = ({ type, width }: AtomColumn): boolean => type === "real" && width === 3;

/** Keys of the quantity, the best first: its own name, then a reference's, then those of methods as the file has them. */
function keysOf(keys: readonly string[], quantity: Quantity): string[] {
  const rank = (key: string): number => {
    if (key === quantity) return 0;
    const words = wordsOf(key);
    if (words.length === 1) return 1;
    return words.includes("ref") || words.includes("reference") ? 2 : 3;
  };
  return keys.filter((key) => names(key, quantity)).sort((x, y) => rank(x) - rank(y));
}

/** The text of the first of these keys, in any case. */
function textOf(
  properties: Readonly<Record<string, PropertyValue>>,
  keys: readonly string[],
): [string, string] | undefined {
  for (const [key, value] of Object.entries(properties))
    if (typeof value === "string" && keys.includes(key.toLowerCase().replaceAll("-", "_")))
      return [key, value];
  return undefined;
}

const unitKeys = (...names: readonly string[]): string[] =>
  names.flatMap((name) => [
    `${name}_unit`,
    `${name}_units`,
    `unit_${name}`,
    `units_${name}`,
    `unit_of_${name}`,
  ]);

const ENERGY_UNIT_KEYS = [...unitKeys("energy", "energies"), "units", "unit"];
const FORCE_UNIT_KEYS = unitKeys("force", "forces");

/**
 * Energy and forces of a molecule as its file gives them; forces in the unit of the energy per Å.
 * @throws InputError for a unit that is not known
 */
export function labelsOf({ properties = {}, forces: own, atomColumns = {} }: Molecule): Labels {
  const remarks: string[] = [];
  const numbers = Object.keys(properties).filter((key) => numeric(properties[key]));
  const [energyKey, ...otherEnergies] = keysOf(numbers, "energy");
  const energy = energyKey === undefined ? undefined : (properties[energyKey] as number);
  if (energyKey !== undefined && energyKey !== "energy") remarks.push(`${energyKey} is taken for the energy`);
  if (otherEnergies.length > 0) remarks.push(`${otherEnergies.join(", ")} beside ${energyKey} is not used`);
  if (energyKey === undefined) {
    const left = numbers.filter(
      (key) => wordsOf(key).includes("energy") && !wordsOf(key).includes("kinetic"),
    );
    if (left.length > 0) remarks.push(`${left.join(", ")} is not used: no energy of the structure`);
  }

  const vectors = Object.keys(atomColumns).filter((key) => isVectors(atomColumns[key]));
  const columns = [...keysOf(vectors, "forces"), ...keysOf(vectors, "gradient")];
  const [column] = own === undefined ? columns : [];
  const left = columns.filter((key) => key !== column);
  let forces = own;
  if (column !== undefined) {
    const sign = names(column, "forces") ? 1 : -1;
    const values = Float64Array.from(
      atomColumns[column].values as readonly number[],
      (value) => sign * value,
    );
    if (values.every(Number.isFinite)) forces = values;
    remarks.push(
      forces === undefined
        ? `${column} has values that are not finite and is not used`
        : `${sign > 0 ? "" : "minus "}${column} is taken for the forces`,
    );
  }
  if (left.length > 0) remarks.push(`${left.join(", ")} beside ${column ?? "forces"} is not used`);

  const energyUnit = unitOfEnergy(properties);
  const forceUnit = textOf(properties, FORCE_UNIT_KEYS);
  if (forceUnit === undefined || forces === undefined)
    return {
      ...(energy !== undefined && { energy }),
      ...(forces && { forces }),
      ...(energyUnit && { unit: energyUnit }),
      remarks,
    };
  const [key, text] = forceUnit;
  const kcal = forceUnitNamed(text) ?? energyKcal(text);
  if (kcal === undefined)
    throw new InputError(
      `${key} "${text}" is not known; expected a unit of energy over one of length, such as eV/Å, kcal/mol/Å or Hartree/Bohr`,
    );
  const unit = energyUnit ?? unitOfForces(text);
  const factor = kcal / kcalOf(unit);
  if (Math.abs(factor - 1) > 1e-9) {
    forces = forces.map((f) => factor * f);
    remarks.push(`forces in ${text} are converted to ${unit}/Å`);
  }
  if (energyUnit === undefined && energy !== undefined)
    remarks.push(`the unit of the energy is taken from ${key} (${text}): ${unit}`);
  return { ...(energy !== undefined && { energy }), forces, unit, remarks };
}

/** "eV" for forces, where eV/Å is meant. */
function energyKcal(text: string): number | undefined {
  const unit = energyUnitNamed(text);
  return unit && kcalOf(unit);
}

/** The unit of energy that a unit of force begins with. */
function unitOfForces(text: string): FileEnergyUnit {
  for (let cut = text.length; cut > 0; cut--) {
    const unit = energyUnitNamed(text.slice(0, cut));
    if (unit !== undefined) return unit;
  }
  return "Hartree"; // atomic units
}

function unitOfEnergy(properties: Readonly<Record<string, PropertyValue>>): FileEnergyUnit | undefined {
  const found = textOf(properties, ENERGY_UNIT_KEYS);
  if (found === undefined) return undefined;
  const unit = energyUnitNamed(found[1]);
  if (unit !== undefined) return unit;
  if (!/energ/i.test(found[0])) return undefined; // "units" may be of anything
  throw new InputError(
    `${found[0]} "${found[1]}" is not known; expected one of ${FILE_ENERGY_UNIT_NAMES.join(", ")}`,
  );
}

/** A property of a molecule and its unit, as the file has them; under its own name, or with a method's (`dft_alpha`). */
export function propertyOf(
  { properties = {} }: Molecule,
  name: string,
): { readonly value?: number; readonly key?: string; readonly unit?: string } {
  const own = Object.keys(properties).filter((key) => numeric(properties[key]));
  const key =
    own.find((each) => each === name) ??
    own.find((each) =>
      new RegExp(`^(ref|reference|dft|qm|true|target_of)[_\\-.]${escaped(name)}$`, "i").test(each),
    );
  if (key === undefined) return {};
  const unit = textOf(properties, unitKeys(name.toLowerCase(), key.toLowerCase()));
  return { value: properties[key] as number, key, ...(unit && { unit: unit[1] }) };
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/**
 * The molecule with everything that is an energy or a force in `to`, where the file says what it is in: to be written
 * beside new values in that unit.
 */
export function inEnergyUnit(molecule: Molecule, to: FileEnergyUnit): Molecule {
  const { properties = {}, atomColumns } = molecule;
  const from = unitOfEnergy(properties) ?? labelsOf(molecule).unit;
  const forceText = textOf(properties, FORCE_UNIT_KEYS)?.[1];
  const kept = Object.entries(properties).filter(
    ([key]) =>
      ![...ENERGY_UNIT_KEYS, ...FORCE_UNIT_KEYS].includes(key.toLowerCase()) || !isUnit(properties[key]),
  );
  if (from === undefined) return molecule;
  const factor = kcalOf(from) / kcalOf(to);
  const ofForces =
    forceText === undefined ? factor : (forceUnitNamed(forceText) ?? kcalOf(from)) / kcalOf(to);
  const isEnergy = (key: string): boolean => wordsOf(key).some((word) => QUANTITIES.energy.has(word));
  return {
    ...molecule,
    properties: Object.fromEntries(
      kept.map(([key, value]) => [key, numeric(value) && isEnergy(key) ? factor * value : value]),
    ),
    ...(molecule.forces && { forces: molecule.forces.map((f) => ofForces * f) }),
    ...(atomColumns && {
      atomColumns: Object.fromEntries(
        Object.entries(atomColumns).map(([key, column]) => [
          key,
          isVectors(column) && (names(key, "forces") || names(key, "gradient"))
            ? { ...column, values: column.values.map((f) => ofForces * (f as number)) }
            : column,
        ]),
      ),
    }),
  };
}

const isUnit = (value: PropertyValue): boolean =>
  typeof value === "string" && (energyUnitNamed(value) ?? forceUnitNamed(value)) !== undefined;

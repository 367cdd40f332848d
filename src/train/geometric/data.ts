/** Which molecules a force field or a property network is trained on, with one clear word where there are none. */
import { symbolOf } from "../../chem/elements.ts";
import { type Half, halfOf, labelled } from "../../data/halves.ts";
import { type MoleculeSet, setSize, subset } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import { InputError, nearest } from "../../errors.ts";
import { OVERLAP, overlap } from "../../models/geometric/check.ts";
import type { EnergyUnit } from "../../physics/potential.ts";
import { energyUnitNamed, kcalOf } from "../../physics/units.ts";
import { type TrainingParts, upToSize, withValidation } from "../held-out.ts";

/**
 * Molecules with energies and forces, in the unit that the force field is to have.
 * @param onNotice told where the data are converted, or say no unit
 * @throws InputError where there are none
 */
export function forceFieldData(
  data: Dataset,
  { unit, seed, maxAtoms, onNotice }: ForceFieldDataOptions,
): TrainingParts {
  if (data.train.properties.energy === undefined)
    throw new InputError(
      `data set "${data.info.name}" has no energies: a property "energy" of each molecule was expected, as extended XYZ has it`,
    );
  if (data.train.forces === undefined)
    throw new InputError(
      `data set "${data.info.name}" has no forces: columns "forces:R:3" of extended XYZ were expected`,
    );
  const parts = withValidation({ ...data, valid: data.valid && complete(data.valid) }, seed);
  const factor = factorTo(unit, data, onNotice);
  return checked(
    {
      train: scaled(upToSize(complete(parts.train), maxAtoms), factor),
      valid: scaled(complete(parts.valid), factor),
    },
    data,
  );
}

export interface ForceFieldDataOptions {
  /** Of energies, and of forces per Å. */
  readonly unit: EnergyUnit;
  readonly seed: number;
  readonly maxAtoms?: number | undefined;
  readonly onNotice?: ((notice: string) => void) | undefined;
}

/** What energies of the data are multiplied with to be in `unit`. @throws InputError for data in no unit of energy */
function factorTo(unit: EnergyUnit, { info }: Dataset, onNotice?: (notice: string) => void): number {
  const own = info.properties.energy?.unit;
  if (own === undefined) {
    onNotice?.(
      `data set "${info.name}" names no unit of energy (energy_unit=…): its energies are taken to be in ${unit}, its forces in ${unit}/Å (the setting unit says otherwise)`,
    );
    return 1;
  }
  const known = energyUnitNamed(own);
  if (known === undefined)
    throw new InputError(`data set "${info.name}" has energies in "${own}", which is no unit of energy`);
  if (known !== unit)
    onNotice?.(
      `data set "${info.name}" has energies in ${own}: they and the forces are converted to ${unit}`,
    );
  return kcalOf(known) / kcalOf(unit);
}

/** The set with its energies and forces times a factor. */
function scaled(set: MoleculeSet, factor: number): MoleculeSet {
  if (factor === 1) return set;
  const { forces, properties } = set;
  return {
    ...set,
    ...(forces && { forces: forces.map((f) => factor * f) }),
    properties: { ...properties, energy: properties.energy.map((energy) => factor * energy) },
  };
}

/** The molecules of which energy and forces are known. */
function complete(set: MoleculeSet): MoleculeSet {
  const { forces, offsets } = set;
  const known = [...labelled(set, "energy")].filter((i) => forces && !Number.isNaN(forces[3 * offsets[i]]));
  return known.length === setSize(set) ? set : subset(set, known);
}

/**
 * The molecules of which the property is known, and of those the half that is asked for.
 * @throws InputError for an unknown property, listing those there are
 */
export function propertyData(
  data: Dataset,
  property: string,
  half: Half,
  seed: number,
  maxAtoms?: number,
): TrainingParts {
  const names = Object.keys(data.train.properties);
  const known = labelled(data.train, property);
  if (known.length === 0) {
    const near = nearest(property, names);
    const hint = near === undefined || near === property ? "" : ` (did you mean "${near}"?)`;
    throw new InputError(
      `data set "${data.info.name}" has no property "${property}"${hint}; it has ${names.length === 0 ? "none" : names.join(", ")}`,
    );
  }
  const train = subset(data.train, halfOf(known, half));
  const valid = data.valid && subset(data.valid, labelled(data.valid, property));
  const parts = withValidation({ ...data, train, valid }, seed);
  return checked({ train: upToSize(parts.train, maxAtoms), valid: parts.valid }, data);
}

function checked(parts: TrainingParts, { info }: Dataset): TrainingParts {
  if (setSize(parts.train) === 0 || setSize(parts.valid) === 0)
    throw new InputError(`data set "${info.name}" leaves no molecules to train on or to validate with`);
  for (const [name, set] of Object.entries(parts)) {
    for (let m = 0; m < setSize(set); m++) {
      const close = overlap(set.positions.subarray(3 * set.offsets[m], 3 * set.offsets[m + 1]));
      if (close === undefined) continue;
      const symbols = close.map((i) => symbolOf(set.atomicNumbers[set.offsets[m] + i]));
      throw new InputError(
        `data set "${info.name}", ${name} molecule ${m}: atoms ${close[0]} (${symbols[0]}) and ${close[1]} (${symbols[1]}) are less than ${OVERLAP} Å apart`,
      );
    }
  }
  return parts;
}

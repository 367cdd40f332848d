/** Which molecules a force field or a property network is trained on, with one clear word where there are none. */
import { symbolOf } from "../../chem/elements.ts";
import { type Half, halfOf, labelled } from "../../data/halves.ts";
import { type MoleculeSet, setSize, subset } from "../../data/molecule-set.ts";
import type { Dataset } from "../../data/store.ts";
import { InputError, nearest } from "../../errors.ts";
import { OVERLAP, overlap } from "../../models/geometric/check.ts";
import { type TrainingParts, upToSize, withValidation } from "../held-out.ts";

/** Molecules with energies and forces. @throws InputError where there are none */
export function forceFieldData(data: Dataset, seed: number, maxAtoms?: number): TrainingParts {
  if (data.train.properties.energy === undefined)
    throw new InputError(
      `data set "${data.info.name}" has no energies: a property "energy" of each molecule was expected, as extended XYZ has it`,
    );
  if (data.train.forces === undefined)
    throw new InputError(
      `data set "${data.info.name}" has no forces: columns "forces:R:3" of extended XYZ were expected`,
    );
  const parts = withValidation({ ...data, valid: data.valid && complete(data.valid) }, seed);
  return checked({ train: upToSize(complete(parts.train), maxAtoms), valid: complete(parts.valid) }, data);
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

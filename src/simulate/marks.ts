/**
 * What a molecule has besides elements and positions: isotopes, masses, charges, radicals. They decide what atoms weigh, and
 * go into the frames as they are; potentials see none of them.
 */
import { statedCharge } from "../chem/electrons/charge.ts";
import { symbolOf } from "../chem/elements.ts";
import { atomMass, isotopesInWords } from "../chem/isotopes.ts";
import type { Molecule } from "../chem/molecule.ts";
import { InputError, type Place } from "../errors.ts";
import type { RunSettings } from "./settings.ts";

type Marks = Pick<RunSettings, "isotopes" | "masses" | "formalCharges" | "radicals" | "charge">;

/** Masses of the atoms in g/mol that extended XYZ gives in a column `masses`. @throws InputError where one is not positive */
function massColumn({ atomColumns = {} }: Molecule, place: Place = {}): number[] | undefined {
  const column = atomColumns.masses ?? atomColumns.mass;
  if (column === undefined || column.width !== 1 || (column.type !== "real" && column.type !== "integer"))
    return undefined;
  const masses = column.values.map(Number);
  const wrong = masses.findIndex((mass) => !(mass > 0 && mass < Number.POSITIVE_INFINITY));
  if (wrong >= 0)
    throw new InputError(
      `atom ${wrong + 1} has the mass ${masses[wrong]}; a positive number in g/mol was expected`,
      place,
    );
  return masses;
}

/** What decides the masses, as a text to compare: equal for molecules that weigh the same. */
export const massText = (molecule: Molecule, place: Place): string =>
  massColumn(molecule, place)?.join() ??
  (molecule.isotopes?.some((isotope) => isotope !== 0) ? molecule.isotopes.join() : "");

/** What a simulation keeps of a molecule besides elements and positions: what it weighs, and what goes into its frames. */
export function marksOf(molecule: Molecule): Marks {
  const list = (values: ArrayLike<number> | undefined): number[] | undefined => {
    const numbers = Array.from(values ?? []);
    return numbers.some((value) => value !== 0) ? numbers : undefined;
  };
  const isotopes = list(molecule.isotopes);
  const masses = massColumn(molecule);
  const formalCharges = list(molecule.formalCharges);
  const radicals = list(molecule.radicals);
  const charge = statedCharge(molecule);
  return {
    ...(isotopes && { isotopes }),
    ...(masses && { masses }),
    ...(formalCharges && { formalCharges }),
    ...(radicals && { radicals }),
    ...(charge !== undefined && { charge }),
  };
}

/**
 * Masses of the atoms in g/mol: those that the start gives, else of the isotopes, else standard atomic weights.
 * @throws InputError for an element that has none
 */
export function massesOf({
  elements,
  isotopes,
  masses,
}: Pick<RunSettings, "elements" | "isotopes" | "masses">): number[] {
  return elements.map((z, i) => {
    const mass = masses?.[i] ?? atomMass(z, isotopes?.[i]);
    if (mass === undefined)
      throw new InputError(
        `element "${symbolOf(z)}" has no standard atomic weight; its atoms cannot be moved`,
      );
    return mass;
  });
}

/** The marks as the fields of a molecule; with isotopes or masses of its own also a column `masses`, which other programs read. */
export function markedFields(settings: Marks, masses: ArrayLike<number>): Partial<Molecule> {
  const { isotopes, formalCharges, radicals } = settings;
  return {
    ...(isotopes && { isotopes: Uint16Array.from(isotopes) }),
    ...(formalCharges && { formalCharges: Int8Array.from(formalCharges) }),
    ...(radicals && { radicals: Uint8Array.from(radicals) }),
    ...((settings.masses ?? isotopes) && {
      atomColumns: { masses: { type: "real", width: 1, values: Array.from(masses) } },
    }),
  };
}

/** What weighs otherwise than usual, and what is there and not seen by the potential: one clause each. */
export function marksInWords({ elements, ...marks }: RunSettings): string[] {
  const { isotopes, masses, formalCharges, radicals, charge } = marks;
  const said: string[] = [];
  const named = isotopesInWords({
    atomicNumbers: Uint8Array.from(elements),
    ...(isotopes && { isotopes: Uint16Array.from(isotopes) }),
  });
  if (masses !== undefined) said.push("masses are those of the start, not atomic weights");
  else if (named !== "") said.push(`masses are those of the isotopes: ${named}`);
  const total = charge ?? formalCharges?.reduce((sum, each) => sum + each, 0) ?? 0;
  if (total !== 0) said.push(unseen(`a charge of ${total > 0 ? "+" : ""}${total}`));
  else if (formalCharges !== undefined) said.push(unseen("formal charges"));
  if (radicals !== undefined) said.push(unseen("radicals"));
  return said;
}

const unseen = (what: string): string => `the potential does not see ${what}; the frames have it`;

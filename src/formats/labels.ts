/**
 * Elements as atom lines of files name them: symbols, atomic numbers, D and T for the isotopes of hydrogen. A symbol in
 * other letters than the periodic table's ("CL", "cl") is the element that it spells, with a word about it: in the column
 * of elements "CA" is calcium. What needs a guess of more ("C1", "CB", "X") is refused.
 */

import { atomicNumberOf } from "../chem/elements.ts";
import { InputError, type Place } from "../errors.ts";
import { excerpt, type RecordLog } from "./records.ts";

/** Elements of the atoms that are being read; mass numbers of isotopes, 0 of all others. [N] each */
export interface Elements {
  readonly atomicNumbers: Uint8Array;
  readonly isotopes: Uint16Array;
}

export const elementsOf = (atoms: number): Elements => ({
  atomicNumbers: new Uint8Array(atoms),
  isotopes: new Uint16Array(atoms),
});

/** Sets the element of atom `a`. @throws InputError for a label that is none */
export function setElement(elements: Elements, a: number, label: string, place: Place, log: RecordLog): void {
  const z = atomicNumberOf(label);
  if (z !== undefined) {
    elements.atomicNumbers[a] = z;
    return;
  }
  const number = /^\d{1,3}$/.test(label) ? Number(label) : 0;
  if (number >= 1 && number <= 118) {
    elements.atomicNumbers[a] = number;
    return;
  }
  const meant = /^[A-Za-z]{1,2}$/.test(label) ? inSymbolCase(label) : "";
  const heavy = meant === "D" ? 2 : meant === "T" ? 3 : 0;
  const found = heavy > 0 ? 1 : atomicNumberOf(meant);
  if (found === undefined) throw unknownElement(label, place);
  if (meant !== label)
    log.guess(
      `the element "${label}" is taken for ${meant}, here and below`,
      place,
      `unknown element "${label}"; write ${meant} if that is meant`,
    );
  elements.atomicNumbers[a] = found;
  elements.isotopes[a] = heavy;
}

const inSymbolCase = (letters: string): string =>
  letters.charAt(0).toUpperCase() + letters.slice(1).toLowerCase();

/** Labels of CTfiles, and of others, that stand for no atom of one element. */
const NO_ELEMENT = /^(?:R#?\d*|\*|A|AH|Q|QH|X|XH|M|MH|L|LP|Du|Lp|Pol|Mod|Any|Hal)$/;

function unknownElement(label: string, place: Place): InputError {
  const letters = /^[A-Za-z]{1,2}/.exec(label)?.[0] ?? "";
  const meant = inSymbolCase(letters);
  const isLabel = label.length > letters.length && /^\d*$/.test(label.slice(letters.length));
  const hint = NO_ELEMENT.test(label)
    ? "; it stands for a group or a query, not for an atom"
    : isLabel && atomicNumberOf(meant) !== undefined
      ? `; write ${meant} if that is meant`
      : "";
  return new InputError(`unknown element ${excerpt(label)}${hint}`, place);
}

/** The isotopes for a molecule, where it has any. */
export const isotopesOf = ({ isotopes }: Elements): { readonly isotopes?: Uint16Array } =>
  isotopes.some((mass) => mass !== 0) ? { isotopes } : {};

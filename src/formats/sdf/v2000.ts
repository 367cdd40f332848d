/** The connection table V2000 (BIOVIA "CTfile formats" 2020, chapters 3 and 4): fields of fixed width. */

import { atomicWeight } from "../../chem/elements.ts";
import type { Bond, BondMark } from "../../chem/molecule.ts";
import { elementsOf, setElement } from "../labels.ts";
import { excerpt } from "../records.ts";
import { parseCoordinate } from "../xyz-frame.ts";
import {
  bondOf,
  type ConnectionTable,
  checkedCount,
  emptyTable,
  fail,
  integer,
  isEnd,
  place,
  refuseDoubleBonds,
  type SdfRecord,
} from "./record.ts";

/** Formal charge by code of the atom block; code 4 is a doublet radical. */
const CHARGE_OF_CODE: readonly number[] = [0, 3, 2, 1, 0, -1, -2, -3];
const RADICAL_CODE = 4;
/** Marks of bonds by code of the bond block. */
const MARKS: Readonly<Record<number, BondMark | undefined>> = {
  1: "up",
  3: "either",
  4: "either",
  6: "down",
};

/** Reads the table below the counts line, which is line 3 of the record; `end` is the index of M  END. */
export function parseV2000(record: SdfRecord): { readonly table: ConnectionTable; readonly end: number } {
  const { lines } = record;
  const counts = lines[3];
  const declared = integer(counts.slice(0, 3));
  const bondCount = integer(counts.slice(3, 6));
  const version = counts.slice(33).trim();
  if (!(declared >= 0 && bondCount >= 0) || (version !== "" && version !== "V2000"))
    throw fail(record, 3, `expected a V2000 counts line, found ${excerpt(counts)}`);
  const atoms = checkedCount(record, 3, declared);
  if (lines.length < 4 + atoms + bondCount)
    throw fail(record, lines.length - 1, `the record ends within its ${atoms} atoms and ${bondCount} bonds`);
  const bonds: Bond[] = [];
  const table = emptyTable(elementsOf(atoms), bonds);
  const ofSymbols = new Uint16Array(atoms); // mass numbers of D and T
  for (let a = 0; a < atoms; a++) ofSymbols[a] = parseAtom(record, 4 + a, a, table);
  for (let b = 0; b < bondCount; b++) bonds.push(parseBond(record, 4 + atoms + b, atoms));
  refuseDoubleBonds(record, bonds, (b) => 4 + atoms + b);
  return { table, end: parsePropertyBlock(record, 4 + atoms + bondCount, table, ofSymbols) };
}

/** Reads an atom into the table; returns the mass number that its symbol alone gives. */
function parseAtom(record: SdfRecord, l: number, a: number, table: ConnectionTable): number {
  const line = record.lines[l];
  const { elements, positions, charges, radicals } = table;
  const at = place(record, l);
  if (line.length < 32) {
    const found = `expected an atom (three coordinates of ten columns, element), found ${excerpt(line)}`;
    throw fail(record, l, found);
  }
  for (let d = 0; d < 3; d++) {
    let start = 10 * d;
    while (start < 10 * d + 9 && line.charCodeAt(start) === 32) start++;
    positions[3 * a + d] = parseCoordinate(line, start, 10 * d + 10, at.file, at.line);
  }
  const label = line.slice(31, 34).trim();
  setElement(elements, a, label, at, record.log);
  const ofSymbol = elements.isotopes[a];
  const difference = integer(line.slice(34, 36), 0);
  const code = integer(line.slice(36, 39), 0);
  if (!(code >= 0 && code <= 7) || Number.isNaN(difference)) {
    const found = excerpt(line.slice(34, 39));
    throw fail(record, l, `expected mass difference and charge code after the element, found ${found}`);
  }
  charges[a] = CHARGE_OF_CODE[code];
  if (code === RADICAL_CODE) radicals[a] = 2;
  if (difference !== 0) {
    const z = elements.atomicNumbers[a];
    const weight = atomicWeight(z);
    if (weight === undefined)
      throw fail(record, l, `${label} has no standard weight to count a mass difference from`);
    const mass = Math.round(weight) + difference;
    if (mass < z) throw fail(record, l, `no isotope of ${label} has the mass number ${mass}`);
    elements.isotopes[a] = mass;
  }
  return ofSymbol;
}

function parseBond(record: SdfRecord, l: number, atoms: number): Bond {
  const line = record.lines[l];
  const i = integer(line.slice(0, 3)) - 1;
  const j = integer(line.slice(3, 6)) - 1;
  if (!(i >= 0 && i < atoms && j >= 0 && j < atoms))
    throw fail(record, l, `expected a bond between two of the ${atoms} atoms, found ${excerpt(line)}`);
  return bondOf(record, l, [i, j], line.slice(6, 9).trim(), MARKS[integer(line.slice(9, 12), 0)]);
}

/** Reads the lines from M  CHG to M  END into the table; returns the index of M  END. */
function parsePropertyBlock(
  record: SdfRecord,
  start: number,
  { charges, radicals, elements }: ConnectionTable,
  ofSymbols: Uint16Array,
): number {
  let chargesSuperseded = false; // and radicals
  let massesSuperseded = false;
  for (let l = start; l < record.lines.length; l++) {
    const line = record.lines[l];
    const kind = line.slice(0, 6);
    if (isEnd(line)) return l;
    if (line.trim() === "") continue;
    if (kind === "M  CHG" || kind === "M  RAD") {
      if (!chargesSuperseded) {
        charges.fill(0);
        radicals.fill(0);
      }
      chargesSuperseded = true;
    }
    if (kind === "M  CHG") parsePairs(record, l, -15, 15, charges);
    else if (kind === "M  RAD") parsePairs(record, l, 0, 3, radicals);
    else if (kind === "M  ISO") {
      if (!massesSuperseded) elements.isotopes.set(ofSymbols);
      massesSuperseded = true;
      parsePairs(record, l, 1, 400, elements.isotopes);
    } else if (kind === "M  STY") record.log.note(SGROUPS, place(record, l));
    else if (/^[AVG] {2}/.test(line))
      l += line[0] === "V" ? 0 : 1; // A and G have a second line
    else if (!/^[MS] {2}/.test(line)) {
      const found = `expected M  END or a property line, found ${excerpt(line)}`;
      throw fail(record, l, `${found}; are the counts on line 4 of the record right?`);
    }
  }
  throw fail(record, record.lines.length - 1, "the record ends before M  END");
}

/** Said of brackets, abbreviations, polymers and data that belong to groups of atoms. */
export const SGROUPS = "groups of atoms (Sgroups: brackets, polymers, data) are not kept";

/** Reads `nn8 aaa vvv …` of a property line into `values` by atom. */
function parsePairs(
  record: SdfRecord,
  l: number,
  low: number,
  high: number,
  values: Int8Array | Uint8Array | Uint16Array,
): void {
  const line = record.lines[l];
  const count = integer(line.slice(6, 9));
  for (let p = 0; p < count; p++) {
    const atom = integer(line.slice(9 + 8 * p, 13 + 8 * p)) - 1;
    const value = integer(line.slice(13 + 8 * p, 17 + 8 * p));
    if (!(atom >= 0 && atom < values.length && value >= low && value <= high)) {
      const found = `found ${excerpt(line)}`;
      throw fail(record, l, `expected ${count} pairs of atom and value (${low} … ${high}), ${found}`);
    }
    values[atom] = value;
  }
  if (!(count >= 1)) throw fail(record, l, `expected a number of entries, found ${excerpt(line)}`);
}

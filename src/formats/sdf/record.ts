/** What the two kinds of molfile have in common: a record's lines, what a connection table gives, and its checks. */

import type { Bond, BondMark, BondOrder, Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { type Elements, isotopesOf } from "../labels.ts";
import { excerpt, type RecordLog } from "../records.ts";

export interface SdfRecord {
  readonly lines: readonly string[];
  /** 1-based number of lines[0]. */
  readonly firstLine: number;
  readonly file: string;
  readonly maxAtoms: number;
  readonly log: RecordLog;
}

/** What a connection table says. */
export interface ConnectionTable {
  readonly elements: Elements;
  /** Å, row-major. [N, 3] */
  readonly positions: Float64Array;
  readonly bonds: readonly Bond[];
  readonly charges: Int8Array;
  readonly radicals: Uint8Array;
}

export const emptyTable = (elements: Elements, bonds: readonly Bond[]): ConnectionTable => {
  const atoms = elements.atomicNumbers.length;
  return {
    elements,
    positions: new Float64Array(3 * atoms),
    bonds,
    charges: new Int8Array(atoms),
    radicals: new Uint8Array(atoms),
  };
};

/** The fields of a molecule that a table fills; charges, isotopes and radicals only where there are any. */
export function moleculeOfTable(table: ConnectionTable): Molecule {
  const { elements, positions, bonds, charges, radicals } = table;
  return {
    atomicNumbers: elements.atomicNumbers,
    positions,
    bonds,
    ...(charges.some((charge) => charge !== 0) ? { formalCharges: charges } : {}),
    ...isotopesOf(elements),
    ...(radicals.some((radical) => radical !== 0) ? { radicals } : {}),
  };
}

/** The number of atoms, checked. */
export function checkedCount(record: SdfRecord, l: number, atoms: number): number {
  if (atoms === 0) throw fail(record, l, "a record without atoms");
  if (atoms > record.maxAtoms)
    throw fail(record, l, `a record of ${atoms} atoms; at most ${record.maxAtoms} are accepted`);
  return atoms;
}

/** A bond, checked; `type` as the file has it. */
export function bondOf(
  record: SdfRecord,
  l: number,
  [i, j]: readonly [number, number],
  type: string,
  mark: BondMark | undefined,
): Bond {
  if (i === j) throw fail(record, l, `a bond of atom ${i + 1} with itself`);
  const order = ORDERS.get(type);
  if (order === undefined)
    throw fail(record, l, `bond type ${excerpt(type)}; expected 1, 2, 3 or 4 (aromatic)`);
  return { i, j, order, ...(mark !== undefined && { mark }) };
}

const ORDERS: ReadonlyMap<string, BondOrder> = new Map([
  ["1", 1],
  ["2", 2],
  ["3", 3],
  ["4", 4],
]);

/** @throws InputError for a bond that is there already; `lineOf` says where bond b stands */
export function refuseDoubleBonds(
  record: SdfRecord,
  bonds: readonly Bond[],
  lineOf: (b: number) => number,
): void {
  const seen = new Set<number>();
  const atoms = bonds.reduce((most, { i, j }) => Math.max(most, i, j), 0) + 1;
  bonds.forEach(({ i, j }, b) => {
    const key = Math.min(i, j) * atoms + Math.max(i, j);
    if (seen.has(key))
      throw fail(record, lineOf(b), `the bond of atoms ${i + 1} and ${j + 1} is given twice`);
    seen.add(key);
  });
}

/** Integer in a field, NaN when it is none; a blank field is `blank`. */
export function integer(field: string, blank = Number.NaN): number {
  const text = field.trim();
  if (text === "") return blank;
  return /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
}

export const isEnd = (line: string): boolean => /^\s*M\s+END\s*$/.test(line);

export const place = (record: SdfRecord, l: number) => ({
  file: record.file,
  line: record.firstLine + Math.max(0, l),
});

export function fail(record: SdfRecord, l: number, message: string): InputError {
  return new InputError(message, place(record, l));
}

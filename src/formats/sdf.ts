/**
 * SDF of V2000 molfiles (BIOVIA "CTfile formats" 2020). Coordinates have four decimals, so positions come back to
 * 0.5e-4 Å. Charges are written as M  CHG; M  RAD and M  ISO are the atom columns `radical` (1 singlet, 2 doublet,
 * 3 triplet) and `isotope` (mass number, 0 natural). Data items are text: decimal numbers come back as numbers,
 * everything else as strings. Stereo marks are not kept, for 3D positions say the same. V3000 is refused.
 */

import { atomicNumberOf, atomicWeight } from "../chem/elements.ts";
import type { Bond, BondOrder, Molecule, PropertyValue } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import type { LineReader } from "./lines.ts";
import { parseNumber } from "./numbers.ts";
import { excerpt, parseCoordinate, parseElement } from "./xyz-frame.ts";

/** Formal charge by code of the atom block; code 4 is a doublet radical. */
const CHARGE_OF_CODE: readonly number[] = [0, 3, 2, 1, 0, -1, -2, -3];
const RADICAL_CODE = 4;

/** Every record of an SDF text in turn. A molfile without the closing $$$$ is a record too. */
export async function* readSdf(lines: LineReader, maxAtoms: number): AsyncGenerator<Molecule> {
  for (;;) {
    const firstLine = lines.lineNumber();
    const record = await lines.takeThrough("$$$$");
    if (record.every((line) => line.trim() === "")) return;
    yield parseRecord({ lines: record, firstLine, file: lines.file }, maxAtoms);
  }
}

interface SdfRecord {
  readonly lines: readonly string[];
  /** 1-based number of lines[0]. */
  readonly firstLine: number;
  readonly file: string;
}

/** What the connection table says of the atoms beside element and place. */
interface AtomMarks {
  readonly charges: Int8Array;
  readonly radicals: number[];
  readonly isotopes: number[];
}

function parseRecord(record: SdfRecord, maxAtoms: number): Molecule {
  const { lines } = record;
  const { atoms, bonds: bondCount } = parseCounts(record, maxAtoms);
  if (lines.length < 4 + atoms + bondCount) {
    throw fail(record, lines.length - 1, `the record ends within its ${atoms} atoms and ${bondCount} bonds`);
  }
  const atomicNumbers = new Uint8Array(atoms);
  const positions = new Float64Array(3 * atoms); // [N, 3]
  const marks: AtomMarks = {
    charges: new Int8Array(atoms),
    radicals: new Array<number>(atoms).fill(0),
    isotopes: new Array<number>(atoms).fill(0),
  };
  for (let a = 0; a < atoms; a++) parseAtom(record, 4 + a, a, atomicNumbers, positions, marks);
  const bonds = Array.from({ length: bondCount }, (_, b) => parseBond(record, 4 + atoms + b, atoms));
  refuseDoubleBonds(record, bonds, 4 + atoms);
  const end = parsePropertyBlock(record, 4 + atoms + bondCount, marks);
  const properties = parseDataItems(record, end + 1);
  const { charges, radicals, isotopes } = marks;
  const column = (values: readonly number[]) => ({ type: "integer", width: 1, values }) as const;
  const atomColumns = {
    ...(radicals.some((value) => value !== 0) ? { radical: column(radicals) } : {}),
    ...(isotopes.some((value) => value !== 0) ? { isotope: column(isotopes) } : {}),
  };
  return {
    ...(lines[0].trim() === "" ? {} : { name: lines[0] }),
    atomicNumbers,
    positions,
    bonds,
    ...(charges.some((charge) => charge !== 0) ? { formalCharges: charges } : {}),
    ...(Object.keys(atomColumns).length > 0 ? { atomColumns } : {}),
    ...(properties.size > 0 ? { properties: Object.fromEntries(properties) } : {}),
  };
}

function parseCounts(
  record: SdfRecord,
  maxAtoms: number,
): { readonly atoms: number; readonly bonds: number } {
  const counts = record.lines[3];
  if (counts === undefined || record.lines.slice(0, 4).some((line) => line.startsWith("$$$$"))) {
    throw fail(record, record.lines.length - 1, "the record ends before its counts line (the fourth)");
  }
  const version = counts.slice(33).trim();
  if (version === "V3000") throw fail(record, 3, "V3000 is not supported; convert the file to V2000");
  const atoms = integer(counts.slice(0, 3));
  const bonds = integer(counts.slice(3, 6));
  if (!(atoms >= 0 && bonds >= 0) || (version !== "" && version !== "V2000")) {
    throw fail(record, 3, `expected a V2000 counts line, found ${excerpt(counts)}`);
  }
  if (atoms === 0) throw fail(record, 3, "a record without atoms");
  if (atoms > maxAtoms) throw fail(record, 3, `a record of ${atoms} atoms; at most ${maxAtoms} are accepted`);
  return { atoms, bonds };
}

function parseAtom(
  record: SdfRecord,
  l: number,
  a: number,
  atomicNumbers: Uint8Array,
  positions: Float64Array,
  { charges, radicals, isotopes }: AtomMarks,
): void {
  const line = record.lines[l];
  const { file } = record;
  const lineNumber = record.firstLine + l;
  if (line.length < 32) {
    throw fail(
      record,
      l,
      `expected an atom (three coordinates of ten columns, element), found ${excerpt(line)}`,
    );
  }
  for (let d = 0; d < 3; d++) {
    let start = 10 * d;
    while (start < 10 * d + 9 && line.charCodeAt(start) === 32) start++;
    positions[3 * a + d] = parseCoordinate(line, start, 10 * d + 10, file, lineNumber);
  }
  const label = line.slice(31, 34).trim();
  const heavyHydrogen = label === "D" ? 2 : label === "T" ? 3 : 0;
  const z =
    heavyHydrogen > 0 ? 1 : (atomicNumberOf(label) ?? parseElement(label, { file, line: lineNumber }));
  atomicNumbers[a] = z;
  const massDifference = integer(line.slice(34, 36), 0);
  const code = integer(line.slice(36, 39), 0);
  if (!(code >= 0 && code <= 7) || Number.isNaN(massDifference)) {
    throw fail(
      record,
      l,
      `expected mass difference and charge code after the element, found ${excerpt(line.slice(34, 39))}`,
    );
  }
  charges[a] = CHARGE_OF_CODE[code];
  if (code === RADICAL_CODE) radicals[a] = 2;
  isotopes[a] =
    massDifference === 0 ? heavyHydrogen : Math.round(atomicWeight(z) ?? Number.NaN) + massDifference;
  if (Number.isNaN(isotopes[a]))
    throw fail(record, l, `${label} has no standard weight to count a mass difference from`);
}

function parseBond(record: SdfRecord, l: number, atoms: number): Bond {
  const line = record.lines[l];
  const i = integer(line.slice(0, 3)) - 1;
  const j = integer(line.slice(3, 6)) - 1;
  const order = integer(line.slice(6, 9));
  if (!(i >= 0 && i < atoms && j >= 0 && j < atoms)) {
    throw fail(record, l, `expected a bond between two of the ${atoms} atoms, found ${excerpt(line)}`);
  }
  if (i === j) throw fail(record, l, `a bond of atom ${i + 1} with itself`);
  if (order !== 1 && order !== 2 && order !== 3 && order !== 4) {
    throw fail(record, l, `bond type ${excerpt(line.slice(6, 9).trim())}; expected 1, 2, 3 or 4 (aromatic)`);
  }
  return { i, j, order: order satisfies BondOrder };
}

function refuseDoubleBonds(record: SdfRecord, bonds: readonly Bond[], firstBond: number): void {
  const seen = new Set<number>();
  bonds.forEach(({ i, j }, b) => {
    const key = Math.min(i, j) * 1000 + Math.max(i, j);
    if (seen.has(key))
      throw fail(record, firstBond + b, `the bond of atoms ${i + 1} and ${j + 1} is given twice`);
    seen.add(key);
  });
}

/** Reads the lines from M  CHG to M  END into `marks`; returns the index of M  END. */
function parsePropertyBlock(
  record: SdfRecord,
  start: number,
  { charges, radicals, isotopes }: AtomMarks,
): number {
  let superseded = false; // charges and radicals of the atom block
  for (let l = start; l < record.lines.length; l++) {
    const line = record.lines[l];
    const kind = line.slice(0, 6);
    if (kind === "M  END") return l;
    if (kind === "M  CHG" || kind === "M  RAD") {
      if (!superseded) {
        charges.fill(0);
        radicals.fill(0);
      }
      superseded = true;
    }
    if (kind === "M  CHG") parsePairs(record, l, -15, 15, charges);
    else if (kind === "M  RAD") parsePairs(record, l, 0, 3, radicals);
    else if (kind === "M  ISO") parsePairs(record, l, 1, 400, isotopes);
    else if (/^[AVG] {2}/.test(line))
      l += line[0] === "V" ? 0 : 1; // A and G have a second line
    else if (!/^[MS] {2}/.test(line)) {
      throw fail(
        record,
        l,
        `expected M  END or a property line, found ${excerpt(line)}; are the counts on line 4 of the record right?`,
      );
    }
  }
  throw fail(record, record.lines.length - 1, "the record ends before M  END");
}

/** Reads `nn8 aaa vvv …` of a property line into `values` by atom. */
function parsePairs(
  record: SdfRecord,
  l: number,
  low: number,
  high: number,
  values: Int8Array | number[],
): void {
  const line = record.lines[l];
  const count = integer(line.slice(6, 9));
  for (let p = 0; p < count; p++) {
    const atom = integer(line.slice(9 + 8 * p, 13 + 8 * p)) - 1;
    const value = integer(line.slice(13 + 8 * p, 17 + 8 * p));
    if (!(atom >= 0 && atom < values.length && value >= low && value <= high)) {
      throw fail(
        record,
        l,
        `expected ${count} pairs of atom and value (${low} … ${high}), found ${excerpt(line)}`,
      );
    }
    values[atom] = value;
  }
  if (!(count >= 1)) throw fail(record, l, `expected a number of entries, found ${excerpt(line)}`);
}

function parseDataItems(record: SdfRecord, start: number): Map<string, PropertyValue> {
  const { lines } = record;
  const items = new Map<string, PropertyValue>();
  for (let l = start; l < lines.length; l++) {
    const line = lines[l];
    if (line.startsWith("$$$$")) break;
    if (line.trim() === "") continue;
    const tag = line.startsWith(">") ? /<(.*)>/.exec(line)?.[1] : undefined;
    if (tag === undefined)
      throw fail(record, l, `expected a data item "> <name>" or $$$$, found ${excerpt(line)}`);
    if (items.has(tag)) throw fail(record, l, `the data item <${excerpt(tag, false)}> is given twice`);
    const value: string[] = [];
    while (l + 1 < lines.length && lines[l + 1].trim() !== "" && !lines[l + 1].startsWith("$$$$")) {
      value.push(lines[++l]);
    }
    items.set(tag, parseItem(value.join("\n")));
  }
  return items;
}

/** Number or text of a data item. Words such as 1E10 stay text: they are as likely identifiers. */
export function parseItem(text: string): number | string {
  const number = parseNumber(text);
  return number !== undefined && /^\d+$|[.+-]/.test(text) ? number : text;
}

/** Integer in a field of fixed width, NaN when it is none; a blank field is `blank`. */
function integer(field: string, blank = Number.NaN): number {
  const text = field.trim();
  if (text === "") return blank;
  return /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
}

function fail(record: SdfRecord, l: number, message: string): InputError {
  return new InputError(message, { file: record.file, line: record.firstLine + Math.max(0, l) });
}

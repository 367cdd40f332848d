/**
 * Extended XYZ: XYZ whose comment names columns (`Properties=species:S:1:pos:R:3:…`) and properties (key=value,
 * see extxyz-header.ts). `species` (or symbols, element, Z, numbers), `pos` (positions), `forces` (force),
 * `formal_charges`, `isotopes` and `radicals` become fields of the molecule, `name=` its name, all else `atomColumns` and
 * `properties`. Bonds are not held; of a cell (Lattice=) it is said that it is not used. A comment without Properties=
 * means species:S:1:pos:R:3.
 */

import { symbolOf } from "../chem/elements.ts";
import type { AtomColumn, Molecule, PropertyValue } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import {
  type AtomLine,
  type Column,
  DEFAULT_COLUMNS,
  finiteField,
  formatCell,
  formatColumn,
  parseColumns,
  readColumn,
} from "./extxyz-columns.ts";
import { formatKeyValue, parseKeyValues, parseLogical } from "./extxyz-header.ts";
import { type ReadContext, readFrames } from "./frames.ts";
import { elementsOf, isotopesOf, setElement } from "./labels.ts";
import type { LineReader } from "./lines.ts";
import { formatReal } from "./numbers.ts";
import type { RecordLog } from "./records.ts";
import { type Frame, parseCoordinate, splitFields } from "./xyz-frame.ts";

/** Every frame of an extended XYZ text in turn. */
export function readExtxyz(lines: LineReader, context: ReadContext): AsyncGenerator<Molecule> {
  const none = new Int32Array(0);
  let layout = layoutOf(DEFAULT_COLUMNS, { file: lines.file });
  const parse = (frame: Frame): Molecule => {
    const place = { file: frame.file, line: frame.countLine + 1 };
    const pairs = new Map(parseKeyValues(frame.lines[0], place));
    const columns = String(pairs.get("Properties") ?? DEFAULT_COLUMNS);
    if (columns !== layout.source) layout = layoutOf(columns, place);
    pairs.delete("Properties");
    if (hasCell(pairs)) context.log.note(CELL_IS_NOT_USED, place);
    return moleculeOf(frame, layout, pairs, context.log);
  };
  return readFrames(lines, context, parse, { isAtom: (line) => splitFields(line, none) === layout.width });
}

const CELL_IS_NOT_USED =
  "Lattice= is kept but not used: distances are those of the positions as they are, without periodic images";

/** Whether a frame is periodic: it has a lattice, and pbc does not say of all three directions that they are open. */
function hasCell(pairs: ReadonlyMap<string, PropertyValue>): boolean {
  const pbc = pairs.get("pbc") ?? true;
  const directions =
    typeof pbc === "string" ? pbc.split(/[\s,[\]{}]+/).filter((word) => word !== "") : [pbc].flat();
  return pairs.has("Lattice") && !directions.every((each) => each === 0 || each === false || isFalse(each));
}

const isFalse = (value: unknown): boolean => typeof value === "string" && parseLogical(value) === false;

/** Which column of a frame holds what. */
interface Layout {
  /** Text after Properties=. */
  readonly source: string;
  /** Fields in an atom line. */
  readonly width: number;
  readonly species: Column;
  readonly positions: Column;
  readonly forces: Column | undefined;
  readonly formalCharges: Column | undefined;
  readonly isotopes: Column | undefined;
  readonly radicals: Column | undefined;
  readonly others: readonly Column[];
}

const SPECIES_NAMES: readonly string[] = [
  "species",
  "symbols",
  "symbol",
  "element",
  "elements",
  "Z",
  "numbers",
  "atomic_numbers",
];

function layoutOf(source: string, place: { readonly file: string; readonly line?: number }): Layout {
  const columns = parseColumns(source, place);
  const find = (names: readonly string[], fits: (column: Column) => boolean): Column | undefined => {
    for (const name of names) {
      const column = columns.find((candidate) => candidate.name === name && fits(candidate));
      if (column !== undefined) return column;
    }
    return undefined;
  };
  const vector = (column: Column): boolean => column.type === "real" && column.width === 3;
  const species = find(
    SPECIES_NAMES,
    ({ type, width }) => width === 1 && (type === "string" || type === "integer"),
  );
  const positions = find(["pos", "positions"], vector);
  if (species === undefined || positions === undefined) {
    const missing = species === undefined ? "species:S:1" : "pos:R:3";
    throw new InputError(`Properties= names no column ${missing}; it needs species:S:1 and pos:R:3`, place);
  }
  const forces = find(["forces", "force"], vector);
  const integer = ({ type, width }: Column): boolean => type === "integer" && width === 1;
  const formalCharges = find(["formal_charges"], integer);
  const isotopes = find(["isotopes"], integer);
  const radicals = find(["radicals"], integer);
  const known = new Set([species, positions, forces, formalCharges, isotopes, radicals]);
  const others = columns.filter((column) => !known.has(column));
  const last = columns[columns.length - 1];
  const width = last.start + last.width;
  return { source, width, species, positions, forces, formalCharges, isotopes, radicals, others };
}

function moleculeOf(
  frame: Frame,
  layout: Layout,
  pairs: Map<string, PropertyValue>,
  log: RecordLog,
): Molecule {
  const { atoms, lines, countLine, file } = frame;
  const {
    width,
    species,
    positions: place,
    forces: forceColumn,
    formalCharges: chargeColumn,
    others,
  } = layout;
  const { isotopes: isotopeColumn, radicals: radicalColumn } = layout;
  const elements = elementsOf(atoms);
  const positions = new Float64Array(3 * atoms); // [N, 3]
  const forces = forceColumn && new Float64Array(3 * atoms); // [N, 3]
  const formalCharges = chargeColumn && new Int8Array(atoms);
  const radicals = radicalColumn && new Uint8Array(atoms);
  const values = others.map((): (number | string | boolean)[] => []);
  const bounds = new Int32Array(2 * width);
  for (let a = 0; a < atoms; a++) {
    const line = lines[1 + a];
    const lineNumber = countLine + 2 + a;
    const fields = splitFields(line, bounds);
    if (fields !== width) {
      const hint = fields < width ? `; is the number of atoms on line ${countLine} too large?` : "";
      throw new InputError(
        `atom ${a + 1} of ${atoms}: Properties= declares ${width} columns, found ${fields}${hint}`,
        { file, line: lineNumber },
      );
    }
    const s = 2 * species.start;
    setElement(elements, a, line.slice(bounds[s], bounds[s + 1]), { file, line: lineNumber }, log);
    for (let d = 0; d < 3; d++) {
      const f = 2 * (place.start + d);
      positions[3 * a + d] = parseCoordinate(line, bounds[f], bounds[f + 1], file, lineNumber);
    }
    const cell = { line, bounds, file, lineNumber };
    if (forces) {
      for (let d = 0; d < 3; d++) forces[3 * a + d] = finiteField(forceColumn, d, cell);
    }
    if (formalCharges) formalCharges[a] = integerWithin(-128, 127, "formal charge", chargeColumn, cell);
    if (isotopeColumn) {
      const isotope = integerWithin(0, 400, "mass number", isotopeColumn, cell);
      if (isotope > 0) elements.isotopes[a] = isotope;
    }
    if (radicals) radicals[a] = integerWithin(0, 3, "spin multiplicity", radicalColumn, cell);
    for (let c = 0; c < others.length; c++) readColumn(others[c], cell, values[c]);
  }
  const name = pairs.get("name");
  if (typeof name === "string") pairs.delete("name");
  return {
    ...(typeof name === "string" ? { name } : {}),
    atomicNumbers: elements.atomicNumbers,
    positions,
    ...(formalCharges ? { formalCharges } : {}),
    ...isotopesOf(elements),
    ...(radicals?.some((value) => value !== 0) ? { radicals } : {}),
    ...(forces ? { forces } : {}),
    ...(others.length > 0 ? { atomColumns: columnsOf(others, values) } : {}),
    ...(pairs.size > 0 ? { properties: Object.fromEntries(pairs) } : {}),
  };
}

function columnsOf(
  columns: readonly Column[],
  values: readonly AtomColumn["values"][],
): Record<string, AtomColumn> {
  return Object.fromEntries(
    columns.map(({ name, type, width }, c) => [name, { type, width, values: values[c] }]),
  );
}

function integerWithin(low: number, high: number, what: string, column: Column, atom: AtomLine): number {
  const cells: (number | string | boolean)[] = [];
  readColumn(column, atom, cells);
  const value = Number(cells[0]);
  if (value >= low && value <= high) return value;
  const range = low < 0 ? `±${high}` : `${low} … ${high}`;
  throw new InputError(`the ${what} ${value} is beyond ${range}`, { file: atom.file, line: atom.lineNumber });
}

/** One frame of extended XYZ that reads back as the same molecule, bonds aside. */
export function formatExtxyz(molecule: Molecule): string {
  const {
    atomicNumbers,
    positions,
    forces,
    formalCharges,
    isotopes,
    radicals,
    atomColumns = {},
    properties = {},
    name,
  } = molecule;
  const others = Object.entries(atomColumns);
  const taken = new Set([
    "species",
    "pos",
    ...(forces ? ["forces"] : []),
    ...(formalCharges ? ["formal_charges"] : []),
    ...(isotopes ? ["isotopes"] : []),
    ...(radicals ? ["radicals"] : []),
  ]);
  const columns = [DEFAULT_COLUMNS];
  if (forces) columns.push("forces:R:3");
  if (formalCharges) columns.push("formal_charges:I:1");
  if (isotopes) columns.push("isotopes:I:1");
  if (radicals) columns.push("radicals:I:1");
  for (const [column, description] of others) {
    if (taken.has(column))
      throw new InputError(`the atom column "${column}" has the name of a column that is written anyway`);
    if (description.values.length !== atomicNumbers.length * description.width) {
      throw new InputError(
        `the atom column "${column}" has ${description.values.length} values for ${atomicNumbers.length} atoms`,
      );
    }
    columns.push(formatColumn(column, description));
  }
  const pairs = [`Properties=${columns.join(":")}`];
  const titled = name !== undefined && properties.name !== name;
  if (titled) pairs.push(formatKeyValue("name", name));
  for (const [key, value] of Object.entries(properties)) {
    if (key === "Properties" || (key === "name" && titled)) {
      throw new InputError(`the property "${key}" cannot be written: extended XYZ uses that key for its own`);
    }
    pairs.push(formatKeyValue(key, value));
  }
  let text = `${atomicNumbers.length}\n${pairs.join(" ")}\n`;
  for (let a = 0; a < atomicNumbers.length; a++) {
    text += symbolOf(atomicNumbers[a]);
    for (let d = 0; d < 3; d++) text += ` ${formatReal(positions[3 * a + d])}`;
    if (forces) for (let d = 0; d < 3; d++) text += ` ${formatReal(forces[3 * a + d])}`;
    if (formalCharges) text += ` ${formalCharges[a]}`;
    if (isotopes) text += ` ${isotopes[a]}`;
    if (radicals) text += ` ${radicals[a]}`;
    for (const [, { width, values }] of others) {
      for (let c = 0; c < width; c++) text += ` ${formatCell(values[width * a + c])}`;
    }
    text += "\n";
  }
  return text;
}

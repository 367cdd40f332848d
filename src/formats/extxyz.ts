/**
 * Extended XYZ: XYZ whose comment names columns (`Properties=species:S:1:pos:R:3:…`) and properties (key=value,
 * see extxyz-header.ts). `species` (or symbols, element, Z, numbers), `pos` (positions), `forces` (force) and
 * `formal_charges` become fields of the molecule, `name=` its name, all else `atomColumns` and `properties`.
 * Bonds are not held. A comment without Properties= means species:S:1:pos:R:3.
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
import { formatKeyValue, parseKeyValues } from "./extxyz-header.ts";
import type { LineReader } from "./lines.ts";
import { formatReal } from "./numbers.ts";
import { type Frame, nextFrame, parseCoordinate, parseElement, splitFields } from "./xyz-frame.ts";

/** Every frame of an extended XYZ text in turn. */
export async function* readExtxyz(lines: LineReader, maxAtoms: number): AsyncGenerator<Molecule> {
  let layout = layoutOf(DEFAULT_COLUMNS, { file: lines.file });
  for (;;) {
    const frame = await nextFrame(lines, maxAtoms);
    if (frame === undefined) return;
    const place = { file: frame.file, line: frame.countLine + 1 };
    const pairs = new Map(parseKeyValues(frame.lines[0], place));
    const columns = String(pairs.get("Properties") ?? DEFAULT_COLUMNS);
    if (columns !== layout.source) layout = layoutOf(columns, place);
    pairs.delete("Properties");
    yield moleculeOf(frame, layout, pairs);
  }
}

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
  const formalCharges = find(["formal_charges"], ({ type, width }) => type === "integer" && width === 1);
  const known = new Set([species, positions, forces, formalCharges]);
  const others = columns.filter((column) => !known.has(column));
  const last = columns[columns.length - 1];
  return { source, width: last.start + last.width, species, positions, forces, formalCharges, others };
}

function moleculeOf(frame: Frame, layout: Layout, pairs: Map<string, PropertyValue>): Molecule {
  const { atoms, lines, countLine, file } = frame;
  const {
    width,
    species,
    positions: place,
    forces: forceColumn,
    formalCharges: chargeColumn,
    others,
  } = layout;
  const atomicNumbers = new Uint8Array(atoms);
  const positions = new Float64Array(3 * atoms); // [N, 3]
  const forces = forceColumn && new Float64Array(3 * atoms); // [N, 3]
  const formalCharges = chargeColumn && new Int8Array(atoms);
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
    atomicNumbers[a] = parseElement(line.slice(bounds[s], bounds[s + 1]), { file, line: lineNumber });
    for (let d = 0; d < 3; d++) {
      const f = 2 * (place.start + d);
      positions[3 * a + d] = parseCoordinate(line, bounds[f], bounds[f + 1], file, lineNumber);
    }
    const cell = { line, bounds, file, lineNumber };
    if (forces) {
      for (let d = 0; d < 3; d++) forces[3 * a + d] = finiteField(forceColumn, d, cell);
    }
    if (formalCharges) formalCharges[a] = parseCharge(chargeColumn, cell);
    for (let c = 0; c < others.length; c++) readColumn(others[c], cell, values[c]);
  }
  const name = pairs.get("name");
  if (typeof name === "string") pairs.delete("name");
  return {
    ...(typeof name === "string" ? { name } : {}),
    atomicNumbers,
    positions,
    ...(formalCharges ? { formalCharges } : {}),
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

function parseCharge(column: Column, atom: AtomLine): number {
  const cells: (number | string | boolean)[] = [];
  readColumn(column, atom, cells);
  const charge = Number(cells[0]);
  if (charge >= -128 && charge <= 127) return charge;
  throw new InputError(`the formal charge ${charge} is beyond ±127`, {
    file: atom.file,
    line: atom.lineNumber,
  });
}

/** One frame of extended XYZ that reads back as the same molecule, bonds aside. */
export function formatExtxyz(molecule: Molecule): string {
  const {
    atomicNumbers,
    positions,
    forces,
    formalCharges,
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
  ]);
  const columns = [DEFAULT_COLUMNS];
  if (forces) columns.push("forces:R:3");
  if (formalCharges) columns.push("formal_charges:I:1");
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
    for (const [, { width, values }] of others) {
      for (let c = 0; c < width; c++) text += ` ${formatCell(values[width * a + c])}`;
    }
    text += "\n";
  }
  return text;
}

/**
 * The columns of extended XYZ: `Properties=name:type:width:…` with the types S string, R real, I integer,
 * L logical. A string cell that is empty, holds white space or begins with " stands in double quotes.
 */

import type { AtomColumn } from "../chem/molecule.ts";
import { InputError, type Place } from "../errors.ts";
import { formatNumber, parseExtendedNumber, parseLogical, quote, unescapeText } from "./extxyz-header.ts";
import { parseReal } from "./numbers.ts";
import { excerpt } from "./records.ts";

/** What a frame without Properties= has. */
export const DEFAULT_COLUMNS = "species:S:1:pos:R:3";

/** Fields of an atom line at most; a line of the longest kind holds no more. */
const MAX_FIELDS = 1 << 19;

const TYPES = { S: "string", R: "real", I: "integer", L: "logical" } as const;
const LETTERS = { string: "S", real: "R", integer: "I", logical: "L" } as const;

export interface Column {
  readonly name: string;
  readonly type: AtomColumn["type"];
  /** Values an atom. */
  readonly width: number;
  /** First field of the line that belongs to the column. */
  readonly start: number;
}

/** An atom's line, split into fields (see splitFields). */
export interface AtomLine {
  readonly line: string;
  readonly bounds: Int32Array;
  readonly file: string;
  readonly lineNumber: number;
}

/** Columns that the text after `Properties=` declares. */
export function parseColumns(source: string, place: Place): readonly Column[] {
  const parts = source.split(":");
  const columns: Column[] = [];
  const names = new Set<string>();
  let start = 0;
  for (let p = 0; p < parts.length; p += 3) {
    const [name, letter = "", widthText = ""] = parts.slice(p, p + 3);
    const type = Object.hasOwn(TYPES, letter) ? TYPES[letter as keyof typeof TYPES] : undefined;
    const width = /^[1-9]\d{0,6}$/.test(widthText) ? Number(widthText) : 0;
    if (name === "" || type === undefined || width === 0) {
      const part = excerpt(parts.slice(p, p + 3).join(":"));
      throw new InputError(`Properties= has ${part}; expected name:type:width with type S, R, I or L`, place);
    }
    if (names.has(name)) {
      throw new InputError(`Properties= names the column ${excerpt(name)} twice`, place);
    }
    names.add(name);
    columns.push({ name, type, width, start });
    start += width;
    if (start > MAX_FIELDS)
      throw new InputError("Properties= declares more columns than a line can hold", place);
  }
  return columns;
}

/** `name:type:width` of a column to be written. Throws InputError for names that Properties= cannot hold. */
export function formatColumn(name: string, { type, width }: Pick<AtomColumn, "type" | "width">): string {
  if (!/^[^\s:"'={}[\]\\]+$/.test(name)) {
    throw new InputError(
      `the atom column ${JSON.stringify(name)} cannot be written: its name needs plain characters`,
    );
  }
  return `${name}:${LETTERS[type]}:${width}`;
}

/** Appends the values that an atom has in a column. */
export function readColumn(column: Column, atom: AtomLine, out: (number | string | boolean)[]): void {
  for (let f = column.start; f < column.start + column.width; f++) {
    const text = atom.line.slice(atom.bounds[2 * f], atom.bounds[2 * f + 1]);
    const value = parseCell(column.type, text);
    if (value === undefined) {
      throw new InputError(
        `column ${excerpt(column.name)}: expected a value of type ${column.type}, found ${excerpt(text)}`,
        {
          file: atom.file,
          line: atom.lineNumber,
        },
      );
    }
    out.push(value);
  }
}

function parseCell(type: AtomColumn["type"], text: string): number | string | boolean | undefined {
  if (type === "string")
    return text.startsWith('"') && text.endsWith('"') && text.length > 1
      ? unescapeText(text.slice(1, -1))
      : text;
  if (type === "logical") return parseLogical(text);
  if (type === "integer") {
    const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const value = parseReal(text, 0, text.length);
  return Number.isNaN(value) ? parseExtendedNumber(text) : Number.isFinite(value) ? value : undefined;
}

/** A finite real field, for forces. */
export function finiteField(column: Column, d: number, atom: AtomLine): number {
  const f = 2 * (column.start + d);
  const value = parseReal(atom.line, atom.bounds[f], atom.bounds[f + 1]);
  if (Number.isFinite(value)) return value;
  const text = excerpt(atom.line.slice(atom.bounds[f], atom.bounds[f + 1]));
  throw new InputError(`column ${excerpt(column.name)}: expected a finite number, found ${text}`, {
    file: atom.file,
    line: atom.lineNumber,
  });
}

/** A cell that `readColumn` reads back as the same value. */
export function formatCell(value: number | string | boolean): string {
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "boolean") return value ? "T" : "F";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: whatever separates fields
  return value === "" || /^"|[\u0000-\u0020]/.test(value) ? quote(value, '"') : value;
}

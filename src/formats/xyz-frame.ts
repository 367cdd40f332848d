/**
 * What the frames of XYZ, extended XYZ and raw QM9 have in common: a line with the number of atoms, a line of
 * comment, a line for each atom. Two atoms at the same place are not an error here; evaluation counts them.
 */

import { InputError } from "../errors.ts";
import type { LineReader } from "./lines.ts";
import { parseReal } from "./numbers.ts";
import { excerpt } from "./records.ts";

/** Frames of more atoms are refused unless the caller allows them. */
export const DEFAULT_MAX_ATOMS = 100_000;

/** Coordinates beyond this many Å are taken for damage. */
export const MAX_COORDINATE = 1e6;

/** Lines of one frame; `lines[0]` is the comment, `lines[1 + a]` belongs to atom a. */
export interface Frame {
  readonly atoms: number;
  readonly lines: readonly string[];
  /** 1-based number of the line with the count of atoms. */
  readonly countLine: number;
  readonly file: string;
}

/** The frame that begins at the next line; `trailing` lines after the atoms belong to it too. */
export async function takeFrame(
  lines: LineReader,
  maxAtoms: number,
  trailing: number,
  first: boolean,
): Promise<Frame> {
  const { file } = lines;
  const countLine = lines.lineNumber();
  const [countText] = await lines.take(1);
  const atoms = parseCount(countText, first, maxAtoms, { file, line: countLine });
  const body = await lines.take(1 + atoms + trailing);
  if (body.length < 1 + atoms) {
    throw new InputError(
      `the file ends after ${Math.max(0, body.length - 1)} of the ${atoms} atoms that line ${countLine} declares`,
      { file, line: countLine + body.length },
    );
  }
  return { atoms, lines: body, countLine, file };
}

/** Number of atoms on the line that begins a frame; `first` when no frame came before it. */
export function parseCount(
  text: string,
  first: boolean,
  maxAtoms: number,
  place: { file: string; line: number },
): number {
  const trimmed = text.trim();
  if (!/^\d+$/.test(trimmed)) {
    if (/^-\d+$/.test(trimmed))
      throw new InputError(`the number of atoms is negative (${excerpt(trimmed)})`, place);
    const hint = first ? "is this an XYZ file?" : "is the number of atoms of the frame before too small?";
    throw new InputError(`expected a number of atoms, found ${excerpt(trimmed)}; ${hint}`, place);
  }
  const atoms = Number(trimmed);
  if (atoms === 0) throw new InputError("a frame without atoms", place);
  if (atoms > maxAtoms) {
    throw new InputError(
      `a frame of ${excerpt(trimmed, false)} atoms; at most ${maxAtoms} are accepted`,
      place,
    );
  }
  return atoms;
}

/**
 * Splits a line at white space into fields; field f is line.slice(bounds[2f], bounds[2f + 1]). A field that
 * begins with " runs to the closing quote. Returns the number of fields, of which at most bounds.length / 2 are
 * stored.
 */
export function splitFields(line: string, bounds: Int32Array): number {
  const { length } = line;
  let count = 0;
  let at = 0;
  for (;;) {
    while (at < length && line.charCodeAt(at) <= 32) at++;
    if (at === length) return count;
    const start = at;
    const close = line.charCodeAt(at) === 34 ? closingQuote(line, at) : -1;
    if (close >= 0) at = close + 1;
    else while (at < length && line.charCodeAt(at) > 32) at++;
    if (2 * count + 1 < bounds.length) {
      bounds[2 * count] = start;
      bounds[2 * count + 1] = at;
    }
    count++;
  }
}

/** Index of the quote that closes the one at `open`, or −1; a backslash keeps the character after it. */
export function closingQuote(line: string, open: number): number {
  const quote = line.charCodeAt(open);
  for (let at = open + 1; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === quote) return at;
    if (code === 92) at++;
  }
  return -1;
}

/** Coordinate in Å of a field. Throws InputError when it is no number, not finite, or beyond 10⁶ Å. */
export function parseCoordinate(
  line: string,
  start: number,
  end: number,
  file: string,
  lineNumber: number,
): number {
  const value = parseReal(line, start, end);
  if (value <= MAX_COORDINATE && value >= -MAX_COORDINATE) return value;
  throw coordinateError(line.slice(start, end), { file, line: lineNumber });
}

function coordinateError(field: string, place: { readonly file: string; readonly line: number }): InputError {
  if (/^[+-]?(?:nan|inf|infinity)$/i.test(field)) {
    return new InputError(`the coordinate ${field} is not a finite number`, place);
  }
  return Number.isNaN(parseReal(field, 0, field.length))
    ? new InputError(
        `expected a coordinate in Å, found ${excerpt(field)}; is the number of atoms right?`,
        place,
      )
    : new InputError(`the coordinate ${excerpt(field, false)} is beyond ${MAX_COORDINATE} Å`, place);
}

/**
 * Raw records of QM9 (Ramakrishnan et al., Sci. Data 2014, table 2; files dsgdb9nsd_*.xyz): count, `gdb i` with 15
 * properties, atoms with a Mulliken charge in the fifth column, harmonic frequencies (cm⁻¹), SMILES and InChI of
 * the GDB-17 entry and of the relaxed geometry. Mathematica's exponents (1.2*^-5) are understood. Units: A B C
 * GHz; mu D; alpha a0³; homo lumo gap zpve U0 U H G Hartree; r2 a0²; Cv cal/(mol K). Read only.
 */

import type { Molecule, PropertyValue } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { type ReadContext, readFrames } from "./frames.ts";
import type { LineReader } from "./lines.ts";
import { parseReal } from "./numbers.ts";
import { excerpt, type RecordLog, recordLog } from "./records.ts";
import { parseAtoms } from "./xyz.ts";
import { DEFAULT_MAX_ATOMS, type Frame, parseCount } from "./xyz-frame.ts";

/** Names of the 15 properties in the order of the record. */
export const QM9_PROPERTIES: readonly string[] = "A B C mu alpha homo lumo gap r2 zpve U0 U H G Cv".split(
  " ",
);

/** Lines after the atoms: frequencies, SMILES, InChI. */
const TRAILING = 3;

/** True for a line that can only be the second of a raw QM9 record. */
export const isQm9Comment = (line: string): boolean => /^gdb\s+\d+\s+[-\d.]/.test(line);

/** Every record of a text of raw QM9 records in turn. */
export const readQm9 = (lines: LineReader, context: ReadContext): AsyncGenerator<Molecule> =>
  readFrames(lines, context, (frame) => moleculeOf(frame, context.log), { trailing: TRAILING });

/**
 * The molecule of one record: properties `gdb`, the 15 of QM9_PROPERTIES, `frequencies`, `smiles_gdb`,
 * `smiles_relaxed`, `inchi_gdb`, `inchi_relaxed`; atom column `mulliken` in units of e.
 */
export function parseQm9(text: string, file = "QM9 record"): Molecule {
  const [count, ...lines] = text.split(/\r\n|\n|\r/);
  const atoms = parseCount(count, true, DEFAULT_MAX_ATOMS, { file, line: 1 });
  return moleculeOf({ atoms, lines, countLine: 1, file }, recordLog(file, { strict: true }));
}

function moleculeOf(frame: Frame, log: RecordLog): Molecule {
  const { atoms, file, countLine } = frame;
  if (frame.lines.length < 1 + atoms + TRAILING) {
    throw new InputError("the record ends before its frequencies, SMILES and InChI", {
      file,
      line: countLine + frame.lines.length,
    });
  }
  const lines = frame.lines.map((line) => (line.includes("*^") ? line.replaceAll("*^", "e") : line));
  const [comment] = lines;
  const fields = comment.trim().split(/\s+/);
  if (fields[0] !== "gdb" || !/^\d+$/.test(fields[1] ?? "") || fields.length !== 17) {
    throw new InputError(`expected "gdb", an index and 15 properties, found ${excerpt(comment)}`, {
      file,
      line: countLine + 1,
    });
  }
  const properties: [string, PropertyValue][] = [["gdb", Number(fields[1])]];
  QM9_PROPERTIES.forEach((name, p) => {
    properties.push([name, number(fields[2 + p], name, file, countLine + 1)]);
  });
  const tail = countLine + 2 + atoms;
  const frequencies = words(lines[1 + atoms]).map((word) => number(word, "frequency", file, tail));
  properties.push(["frequencies", frequencies]);
  for (const [offset, key] of [
    [1, "smiles"],
    [2, "inchi"],
  ] as const) {
    const pair = words(lines[1 + atoms + offset]);
    if (pair.length !== 2) {
      throw new InputError(`expected the ${key} of the entry and of its relaxed geometry`, {
        file,
        line: tail + offset,
      });
    }
    properties.push([`${key}_gdb`, pair[0]], [`${key}_relaxed`, pair[1]]);
  }
  const parsed = parseAtoms({ ...frame, lines }, log);
  const mulliken = lines.slice(1, 1 + atoms).map((line, a) => {
    const columns = words(line);
    if (columns.length !== 5) {
      throw new InputError(
        `atom ${a + 1}: expected five columns, the last a Mulliken charge, found ${columns.length}`,
        {
          file,
          line: countLine + 2 + a,
        },
      );
    }
    return number(columns[4], "Mulliken charge", file, countLine + 2 + a);
  });
  return {
    name: `gdb ${fields[1]}`,
    ...parsed,
    atomColumns: { mulliken: { type: "real", width: 1, values: mulliken } },
    properties: Object.fromEntries(properties),
  };
}

const words = (line: string): string[] => line.split(/\s+/).filter((word) => word !== "");

function number(text: string, what: string, file: string, line: number): number {
  const value = parseReal(text, 0, text.length);
  if (Number.isFinite(value)) return value;
  throw new InputError(`${what}: expected a number, found ${excerpt(text)}`, { file, line });
}

/** Molecules as texts of any format that is written, one record at a time. */

import type { Molecule } from "../chem/molecule.ts";
import { InputError, WorkError } from "../errors.ts";
import { formatExtxyz } from "./extxyz.ts";
import { extensionOf, type Format, formatOfPath } from "./format.ts";
import { formatSdf, MAX_SDF_COORDINATE, type SdfOptions } from "./sdf/write.ts";
import { formatXyz } from "./xyz.ts";
import { MAX_COORDINATE } from "./xyz-frame.ts";

/** In which form molecules are written. */
export interface WriteOptions {
  /** By default the file name tells. */
  readonly format?: Format;
  /** Connection table of SDF; by default V2000, and V3000 above 999 atoms or bonds. */
  readonly sdfVersion?: SdfOptions["version"];
}

/** The same of a text, with its name. */
export interface FormatOptions extends WriteOptions {
  /** Name of the text in messages; tells the format where that is not given. */
  readonly file?: string;
}

/**
 * The records of the molecules, to be written one after the other. Coordinates of XYZ and extended XYZ keep every bit;
 * SDF rounds them to four decimals.
 * @throws InputError when the format is only read or cannot hold a molecule, WorkError when a coordinate is not finite
 */
export function formatMolecules(
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  { format, sdfVersion, file = "molecules" }: FormatOptions,
): AsyncGenerator<string> {
  const written = writableFormat(file, format);
  const formatter =
    written === "sdf" ? (each: Molecule) => formatSdf(each, { version: sdfVersion }) : FORMATTERS[written];
  return records(molecules, formatter, file);
}

/** The format that a file of this name is written in. @throws InputError where it is only read */
export function writableFormat(file: string, given?: Format): Exclude<Format, "qm9"> {
  const format = given ?? formatOfPath(file);
  if (format === "qm9" || (given === undefined && extensionOf(file) === ".mol")) {
    throw new InputError("this format is only read; write .sdf or .extxyz", { file });
  }
  return format;
}

/** Whether a file of this name can hold the coordinates: those of a model that is not trained may be anywhere. */
export function coordinatesFit(file: string, { positions }: Molecule): boolean {
  const limit = formatOfPath(file) === "sdf" ? MAX_SDF_COORDINATE : MAX_COORDINATE;
  return positions.every((x) => Math.abs(x) <= limit);
}

const FORMATTERS = { xyz: formatXyz, extxyz: formatExtxyz } as const;

async function* records(
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  format: (molecule: Molecule) => string,
  file: string,
): AsyncGenerator<string> {
  let index = 0;
  for await (const molecule of molecules) {
    index++;
    checkMolecule(molecule, index, file);
    let record: string;
    try {
      record = format(molecule);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`molecule ${index}: ${error.message}`, { file });
    }
    yield record;
  }
}

/** What no reader would accept is not written. */
function checkMolecule({ atomicNumbers, positions, forces }: Molecule, index: number, file: string): void {
  if (positions.length !== 3 * atomicNumbers.length || (forces && forces.length !== positions.length)) {
    throw new RangeError(
      `molecule ${index}: positions or forces do not fit its ${atomicNumbers.length} atoms`,
    );
  }
  if (atomicNumbers.length === 0) throw new WorkError(`${file}: molecule ${index} has no atoms`);
  const lost = positions.find((value) => !(Math.abs(value) <= MAX_COORDINATE));
  if (lost !== undefined) {
    const limit = `a number within ±${MAX_COORDINATE} Å was expected`;
    throw new WorkError(`${file}: molecule ${index} has the coordinate ${lost}; ${limit}`);
  }
  const wild = forces?.find((value) => !Number.isFinite(value));
  if (wild !== undefined) throw new WorkError(`${file}: molecule ${index} has the force ${wild}`);
}

/** Writing molecules to files: streamed, compressed when the name ends in .gz, in place only when complete. */

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Molecule } from "../chem/molecule.ts";
import { InputError, WorkError } from "../errors.ts";
import { checkWritable, writeFileAtomically } from "./atomic-write.ts";
import { formatExtxyz } from "./extxyz.ts";
import { extensionOf, type Format, formatOfPath } from "./format.ts";
import { formatSdf, MAX_SDF_COORDINATE } from "./sdf-write.ts";
import { formatXyz } from "./xyz.ts";
import { MAX_COORDINATE } from "./xyz-frame.ts";

export interface WriteOptions {
  /** By default the file name tells. */
  readonly format?: Format;
}

/**
 * Writes the molecules and returns how many there were. On any error the target stays as it was and nothing else
 * is left. Throws InputError when the format cannot hold a molecule, or the folder is full or cannot be written to,
 * WorkError when a coordinate is not finite or the disk fails. Coordinates of XYZ and extended XYZ keep every
 * bit; SDF rounds them to four decimals.
 */
export async function writeMolecules(
  path: string,
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  options: WriteOptions = {},
): Promise<number> {
  const format = writableFormat(path, options);
  const counter = { molecules: 0 };
  const records = formatAll(path, molecules, FORMATTERS[format], counter);
  await writeFileAtomically(path, path.toLowerCase().endsWith(".gz") ? gzip(records) : records);
  return counter.molecules;
}

/** Throws what `writeMolecules` would throw because of the name or the place, before the molecules are made. */
export async function checkMoleculeTarget(path: string): Promise<void> {
  writableFormat(path);
  await checkWritable(path);
}

/** Whether a file of this name can hold the coordinates: those of a model that is not trained may be anywhere. */
export function coordinatesFit(path: string, { positions }: Molecule): boolean {
  const limit = formatOfPath(path) === "sdf" ? MAX_SDF_COORDINATE : MAX_COORDINATE;
  return positions.every((x) => Math.abs(x) <= limit);
}

function writableFormat(path: string, options: WriteOptions = {}): Exclude<Format, "qm9"> {
  const format = options.format ?? formatOfPath(path);
  if (format === "qm9" || (options.format === undefined && extensionOf(path) === ".mol")) {
    throw new InputError("this format is only read; write .sdf or .extxyz", { file: path });
  }
  return format;
}

const FORMATTERS = { xyz: formatXyz, extxyz: formatExtxyz, sdf: formatSdf } as const;

async function* formatAll(
  path: string,
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  format: (molecule: Molecule) => string,
  counter: { molecules: number },
): AsyncGenerator<string> {
  for await (const molecule of molecules) {
    counter.molecules++;
    checkMolecule(molecule, counter.molecules, path);
    let record: string;
    try {
      record = format(molecule);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(`molecule ${counter.molecules}: ${error.message}`, { file: path });
    }
    yield record;
  }
}

/** What no reader would accept is not written. */
function checkMolecule({ atomicNumbers, positions, forces }: Molecule, index: number, path: string): void {
  if (positions.length !== 3 * atomicNumbers.length || (forces && forces.length !== positions.length)) {
    throw new RangeError(
      `molecule ${index}: positions or forces do not fit its ${atomicNumbers.length} atoms`,
    );
  }
  if (atomicNumbers.length === 0) throw new WorkError(`${path}: molecule ${index} has no atoms`);
  const lost = positions.find((value) => !(Math.abs(value) <= MAX_COORDINATE));
  if (lost !== undefined) {
    const limit = `a number within ±${MAX_COORDINATE} Å was expected`;
    throw new WorkError(`${path}: molecule ${index} has the coordinate ${lost}; ${limit}`);
  }
  const wild = forces?.find((value) => !Number.isFinite(value));
  if (wild !== undefined) throw new WorkError(`${path}: molecule ${index} has the force ${wild}`);
}

async function* gzip(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  const zip = createGzip();
  const pumping = pipeline(Readable.from(blocks(pieces)), zip);
  pumping.catch(() => undefined); // reported below, with the error of the pieces
  for await (const chunk of zip) yield chunk as Uint8Array;
  await pumping;
}

/** Joins short pieces, for each write to the compressor costs a turn of the event loop. */
async function* blocks(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let block = "";
  for await (const piece of pieces) {
    block += piece;
    if (block.length < 1 << 16) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}

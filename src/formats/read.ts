/** Reading molecules from files and streams of any supported format, one at a time. */

import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { readExtxyz } from "./extxyz.ts";
import { fileBytes } from "./file-bytes.ts";
import { type Format, formatOfPath } from "./format.ts";
import { type LineReader, readLines, type TextChunks } from "./lines.ts";
import { isQm9Comment, readQm9 } from "./qm9.ts";
import { readSdf } from "./sdf.ts";
import { readXyz } from "./xyz.ts";
import { DEFAULT_MAX_ATOMS } from "./xyz-frame.ts";

export type { Format } from "./format.ts";

export interface ReadOptions {
  /** Format of the text; by default the file name tells, and the content for `.xyz`. */
  readonly format?: Format;
  /** Stop after this many molecules. */
  readonly limit?: number;
  /** Refuse molecules of more atoms; 100,000 by default. */
  readonly maxAtoms?: number;
}

/**
 * Reads the molecules of a file in turn, in memory that does not grow with the file. Compressed files are
 * recognised by their content. A `.xyz` file is taken for extended XYZ when its first comment has `Properties=`,
 * for raw QM9 when that begins with `gdb`. Throws InputError (file:line) for everything that is wrong with the
 * file, also when it holds no molecule; two atoms at the same place are not an error.
 *
 * @example for await (const molecule of readMolecules("water.sdf.gz", { limit: 100 })) console.log(molecule.name);
 */
export async function* readMolecules(path: string, options: ReadOptions = {}): AsyncGenerator<Molecule> {
  const named = options.format ?? formatOfPath(path);
  const detect = options.format === undefined && named === "xyz";
  yield* readAll(readLines(fileBytes(path), path), named, detect, options);
}

/** As `readMolecules`, from a stream of plain (not compressed) text; `file` is its name in messages. */
export async function* readMoleculesFromStream(
  source: TextChunks,
  file: string,
  options: ReadOptions = {},
): AsyncGenerator<Molecule> {
  const named = options.format ?? formatOfPath(file);
  const detect = options.format === undefined && named === "xyz";
  yield* readAll(readLines(source, file), named, detect, options);
}

async function* readAll(
  lines: LineReader,
  named: Format,
  detect: boolean,
  { limit = Number.POSITIVE_INFINITY, maxAtoms = DEFAULT_MAX_ATOMS }: ReadOptions,
): AsyncGenerator<Molecule> {
  try {
    if ((await lines.peek(1)).length === 0) throw new InputError("the file is empty", { file: lines.file });
    const format = detect ? await detectXyz(lines) : named;
    let count = 0;
    if (limit <= 0) return;
    for await (const molecule of READERS[format](lines, maxAtoms)) {
      yield molecule;
      if (++count >= limit) return;
    }
    if (count === 0) throw new InputError("the file holds no molecule", { file: lines.file });
  } finally {
    await lines.close();
  }
}

const READERS = { xyz: readXyz, extxyz: readExtxyz, sdf: readSdf, qm9: readQm9 } as const;

async function detectXyz(lines: LineReader): Promise<Format> {
  await lines.skipBlank();
  const [, comment = ""] = await lines.peek(2);
  if (isQm9Comment(comment)) return "qm9";
  return /(?:^|\s)Properties\s*=/.test(comment) ? "extxyz" : "xyz";
}

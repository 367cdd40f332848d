/** Molecules in texts of any supported format, one at a time. */

import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { readExtxyz } from "./extxyz.ts";
import { type Format, formatOfPath } from "./format.ts";
import type { ReadContext } from "./frames.ts";
import { unpacked } from "./gzip.ts";
import { type LineOptions, type LineReader, readLines, type TextChunks } from "./lines.ts";
import { isQm9Comment, readQm9 } from "./qm9.ts";
import { type Reading, type RecordLog, recordLog } from "./records.ts";
import { readSdf } from "./sdf/read.ts";
import { readXyz } from "./xyz.ts";
import { DEFAULT_MAX_ATOMS } from "./xyz-frame.ts";

export interface ReadOptions extends Reading {
  /** Format of the text; by default the file name tells, and the content for `.xyz`. */
  readonly format?: Format;
  /** Stop after this many molecules. */
  readonly limit?: number;
  /** Refuse molecules of more atoms; 100,000 by default. */
  readonly maxAtoms?: number;
}

export interface ParseOptions extends ReadOptions {
  /** Name of the text in messages; tells the format where that is not given. */
  readonly file?: string;
}

/**
 * The molecules of a text in turn, in memory that does not grow with it. The text may be a string, UTF-8, gzip, or come
 * in chunks of these, as from `file.stream()` or `response.body`. A text called `.xyz` is taken for extended XYZ when its
 * first comment has `Properties=`, for raw QM9 when that begins with `gdb`. Two atoms at the same place are not an error.
 * With `onSkipped`, records that cannot be read are reported and passed over.
 * @throws InputError (file:line) for everything that is wrong with the text, also when it holds no molecule; with
 * `onSkipped` only where no record can be read
 *
 * @example for await (const { name } of parseMolecules(await file.text(), { file: file.name })) console.log(name);
 */
export async function* parseMolecules(
  source: string | Uint8Array | TextChunks,
  options: ParseOptions,
): AsyncGenerator<Molecule> {
  const { format, file = "molecules", limit = Number.POSITIVE_INFINITY } = options;
  const named = format ?? formatOfPath(file);
  const chunks = typeof source === "string" || source instanceof Uint8Array ? [source] : source;
  const log = recordLog(file, options);
  const lines = openLines(chunks, file, log, options);
  try {
    if ((await lines.peek(1)).length === 0) {
      await lines.take(1); // says why, where it is not the end
      throw new InputError("the file is empty", { file });
    }
    const reader = READERS[format === undefined && named === "xyz" ? await detectXyz(lines) : named];
    let count = 0;
    if (limit <= 0) return;
    for await (const molecule of reader(lines, { maxAtoms: options.maxAtoms ?? DEFAULT_MAX_ATOMS, log })) {
      log.readOne();
      yield molecule;
      // Where nothing follows, the reader has a word to say of how the text ended.
      if (++count >= limit && (await lines.ahead(0)) !== undefined) return;
    }
    if (count === 0) throw noMolecule(file, log);
  } finally {
    await lines.close();
  }
}

/** The lines of a text of molecules, gzip or not; those that are not UTF-8 are guessed to be Latin-1. */
export const openLines = (
  chunks: TextChunks,
  file: string,
  log: RecordLog,
  { strict = false, maxLine }: Reading & LineOptions,
): LineReader =>
  readLines(unpacked(chunks, file), file, {
    ...(maxLine !== undefined && { maxLine }),
    ...(!strict && { onLatin1: (place) => log.guess("not UTF-8: read as Latin-1, here and below", place) }),
  });

/** The error of a file that leaves nothing. */
export function noMolecule(file: string, log: RecordLog, what = "molecule"): Error {
  const first = log.first();
  if (!(first instanceof InputError)) return new InputError(`the file holds no ${what}`, { file });
  return log.count() === 1
    ? first
    : new InputError(`${first.message}; none of ${log.count()} records can be read`);
}

const READERS: Readonly<
  Record<Format, (lines: LineReader, context: ReadContext) => AsyncGenerator<Molecule>>
> = { xyz: readXyz, extxyz: readExtxyz, sdf: readSdf, qm9: readQm9 };

async function detectXyz(lines: LineReader): Promise<Format> {
  await lines.skipBlank();
  const [, comment = ""] = await lines.peek(2);
  if (isQm9Comment(comment)) return "qm9";
  return /(?:^|\s)Properties\s*=/.test(comment) ? "extxyz" : "xyz";
}

/** Molecules in texts of any supported format, one at a time. */

import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { readExtxyz } from "./extxyz.ts";
import { type Format, formatOfPath } from "./format.ts";
import { unpacked } from "./gzip.ts";
import { type LineReader, readLines, type TextChunks } from "./lines.ts";
import { isQm9Comment, readQm9 } from "./qm9.ts";
import { readSdf } from "./sdf.ts";
import { readXyz } from "./xyz.ts";
import { DEFAULT_MAX_ATOMS } from "./xyz-frame.ts";

export interface ReadOptions {
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
 * @throws InputError (file:line) for everything that is wrong with the text, also when it holds no molecule
 *
 * @example for await (const { name } of parseMolecules(await file.text(), { file: file.name })) console.log(name);
 */
export async function* parseMolecules(
  source: string | Uint8Array | TextChunks,
  {
    format,
    file = "molecules",
    limit = Number.POSITIVE_INFINITY,
    maxAtoms = DEFAULT_MAX_ATOMS,
  }: ParseOptions,
): AsyncGenerator<Molecule> {
  const named = format ?? formatOfPath(file);
  const chunks = typeof source === "string" || source instanceof Uint8Array ? [source] : source;
  const lines = readLines(unpacked(chunks, file), file);
  try {
    if ((await lines.peek(1)).length === 0) throw new InputError("the file is empty", { file });
    const reader = READERS[format === undefined && named === "xyz" ? await detectXyz(lines) : named];
    let count = 0;
    if (limit <= 0) return;
    for await (const molecule of reader(lines, maxAtoms)) {
      yield molecule;
      if (++count >= limit) return;
    }
    if (count === 0) throw new InputError("the file holds no molecule", { file });
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

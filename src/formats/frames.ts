/**
 * The frames of XYZ, extended XYZ and raw QM9 in turn. A frame that cannot be read is passed over, and the next one is looked
 * for from its first atom on, for its number of atoms may be wrong: a number of atoms, a line that is no atom, something like
 * an atom, and behind the last atom none more. Where a number of atoms stands behind the frame, reading goes on there at the
 * latest.
 */

import type { Molecule } from "../chem/molecule.ts";
import type { LineReader } from "./lines.ts";
import { parseReal } from "./numbers.ts";
import type { RecordLog } from "./records.ts";
import { type Frame, parseCount, splitFields, takeFrame } from "./xyz-frame.ts";

/** What readers of molecules are told. */
export interface ReadContext {
  /** Molecules of more atoms are refused. */
  readonly maxAtoms: number;
  readonly log: RecordLog;
}

export interface FrameOptions {
  /** Lines of a frame after its atoms. */
  readonly trailing?: number;
  /** Whether a line behind a frame is one more atom of it. */
  readonly isAtom?: (line: string) => boolean;
}

/** Lines that may be read again before a long file has earned more: reading is linear whatever the file is. */
const CREDIT = 200_000;

/** What is said of a text whose last line has no end: a file that was cut looks like that. */
export const OPEN_END =
  "the last line has no line end; if the file was cut there, what it says last is not whole";

/** Molecules that `parse` makes of the frames. */
export async function* readFrames(
  lines: LineReader,
  { maxAtoms, log }: ReadContext,
  parse: (frame: Frame) => Molecule,
  { trailing = 0, isAtom = isPlainAtom }: FrameOptions = {},
): AsyncGenerator<Molecule> {
  let reread = 0;
  for (let record = 1; await lines.skipBlank(); record++) {
    lines.mark();
    const start = lines.lineNumber();
    let molecule: Molecule;
    try {
      const frame = await takeFrame(lines, maxAtoms, trailing, record === 1);
      molecule = parse(frame);
      const next = await lines.ahead(0);
      if (next !== undefined && !isCount(next) && isAtom(next))
        parseCount(next, false, maxAtoms, { file: lines.file, line: lines.lineNumber() }); // too few were declared
    } catch (error) {
      log.mayPass(error, lines);
      const taken = lines.lineNumber() - start;
      const next = await lines.ahead(0);
      const whole = taken > 2 && next !== undefined && (isCount(next) || next.trim() === "");
      lines.back(taken);
      const title = taken > 1 ? await lines.ahead(1) : undefined;
      const again = reread + taken <= CREDIT + 2 * start;
      if (again) reread += taken;
      for (let k = again ? Math.min(2, taken) : taken; k > 0; k--) lines.drop();
      log.passOver(error, record, start, title);
      await findFrame(lines, trailing, isAtom, whole ? start + taken : Number.POSITIVE_INFINITY);
      continue;
    }
    yield molecule;
  }
  if (lines.endsOpen()) log.guess(OPEN_END, { file: lines.file, line: lines.lineNumber() - 1 });
}

const isCount = (line: string): boolean => /^\s*\d+\s*$/.test(line);

const bounds = new Int32Array(8);

/** A word and three numbers. */
const isPlainAtom = (line: string): boolean =>
  splitFields(line, bounds) >= 4 &&
  [2, 4, 6].every((f) => !Number.isNaN(parseReal(line, bounds[f], bounds[f + 1])));

/** Moves on to the next line that can begin a frame, to line `end`, or to the end of the text. */
async function findFrame(
  lines: LineReader,
  trailing: number,
  isAtom: (line: string) => boolean,
  end: number,
): Promise<void> {
  while (lines.lineNumber() < end) {
    const [count, comment = "", atom = ""] = await lines.peek(3);
    if (count === undefined) return;
    if (isCount(count) && !isAtom(comment) && splitFields(atom, bounds) >= 4) {
      const length = 2 + Math.min(Number(count), 1e7) + trailing;
      const [last, next = ""] = [await lines.ahead(length - 1), await lines.ahead(length)];
      if (last !== undefined && (isCount(next) || !isAtom(next))) return;
    }
    lines.drop();
    lines.mark();
  }
}

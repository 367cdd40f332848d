/**
 * What readers say on the way: of records that they pass over because they cannot be read, and of guesses. Nothing of
 * it is silent: without a listener a bad record is an error, and when reading is strict a guess is one, too.
 */

import { InputError, OBEYED, type Place } from "../errors.ts";
import type { LineReader } from "./lines.ts";

/** A record that was passed over. */
export interface SkippedRecord {
  readonly file: string;
  /** 1-based line of what is wrong, where it is known. */
  readonly line?: number;
  /** 1-based number of the record in its file. */
  readonly record: number;
  /** Title or comment of the record, where it was found. */
  readonly title?: string;
  /** What is wrong with it. */
  readonly reason: string;
}

/** How a reader deals with what is not as it should be. */
export interface Reading {
  /**
   * True: refuse bad records, and everything that could be read by a guess only: symbols in other case, text that is
   * not UTF-8, a file that may have been cut.
   */
  readonly strict?: boolean | undefined;
  /** Hears of each bad record, and the reader goes on with the next. Without it the first one is an error. */
  readonly onSkipped?: ((skipped: SkippedRecord) => void) | undefined;
  /** Hears of guesses and of what is not used, each once for a file. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** The reader's side of `Reading`. */
export interface RecordLog {
  /** Tells a guess, once for each text. @throws InputError (of `refusal`) when reading is strict */
  readonly guess: (text: string, place: Place, refusal?: string) => void;
  /** Tells what is not used, once for each text. */
  readonly note: (text: string, place: Place) => void;
  /** Returns when the record may be passed over. @throws the error when it may not */
  readonly mayPass: (error: unknown, lines: LineReader) => void;
  /** A record was read: from here on what is passed over is told at once. */
  readonly readOne: () => void;
  /**
   * Tells that a record is passed over; `start` is its first line. Of a file that has no other record nothing is told: its
   * error says the same.
   */
  readonly passOver: (error: unknown, record: number, start: number, title?: string) => void;
  /** Records passed over so far. */
  readonly count: () => number;
  /** The error of the first of them. */
  readonly first: () => unknown;
}

export function recordLog(file: string, { strict = false, onSkipped, onNotice }: Reading): RecordLog {
  const told = new Set<string>();
  let count = 0;
  let first: unknown;
  let held: SkippedRecord | undefined; // the first record of the file, until another is met
  const release = (): void => {
    if (held !== undefined) onSkipped?.(held);
    held = undefined;
  };
  let read = false;
  const note = (text: string, place: Place): void => {
    if (told.has(text)) return;
    told.add(text);
    onNotice?.(`${whereOf(place)}${text}`);
  };
  return {
    guess: (text, place, refusal = text) => {
      if (strict) throw new InputError(refusal, place);
      note(text, place);
    },
    note,
    readOne: () => {
      read = true;
      release();
    },
    mayPass: (error, lines) => {
      if (strict || onSkipped === undefined || !(error instanceof InputError) || lines.isFinal(error))
        throw error;
    },
    passOver: (error, record, start, title) => {
      if (!(error instanceof InputError)) throw error;
      first ??= error;
      count++;
      const { line = start } = error;
      const where = whereOf({ file: error.file, line: error.line });
      const reason = error.message.startsWith(where) ? error.message.slice(where.length) : error.message;
      const name = title?.trim();
      const skipped = { file, line, record, ...(name ? { title: name } : {}), reason };
      release();
      if (read || count > 1) onSkipped?.(skipped);
      else held = skipped;
    },
    count: () => count,
    first: () => first,
  };
}

const whereOf = ({ file, line }: Place): string =>
  file === undefined ? "" : `${file}${line === undefined ? "" : `:${line}`}: `;

/** A record that was passed over, in one line: `a.sdf:12: record 2 ("r-group") is passed over: unknown element "R#"`. */
export function skippedText({ file, line, record, title, reason }: SkippedRecord): string {
  const name = title === undefined ? "" : ` (${excerpt(title)})`;
  return `${whereOf({ file, line })}record ${record}${name} is passed over: ${reason}`;
}

/** A piece of a file for a message: one line, short, nothing that a terminal obeys or that turns the text around. */
export function excerpt(text: string, quoted = true): string {
  const short = text.length > 40 ? `${text.slice(0, 37)}…` : text;
  const harmless = short.replace(OBEYED, "?");
  return quoted ? `"${harmless}"` : harmless;
}

/**
 * Lines of a text that arrives in chunks, in memory that does not grow with the text and time that grows as its length.
 * Line ends are \n, \r\n and \r in any mixture; a byte order mark is dropped; text is UTF-8, or where the caller takes it,
 * Latin-1 (Windows-1252). What is wrong in a line is reported only when that line is taken, and the reader then stands
 * behind what was asked for: the records before and after it can be delivered.
 */

import { InputError, type Place } from "../errors.ts";

const MAX_LINE = 1 << 20;
/** Text of one record that is held in memory at most, in UTF-16 units; each line counts 64 more. */
const MAX_RECORD = 1 << 28;
const LINE_COST = 64;

/** A text as it comes from a file, a stream or memory. */
export type TextChunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export interface LineOptions {
  /** Characters of a line at most; a mebibyte by default. */
  readonly maxLine?: number;
  /** Called at the first line that is not UTF-8: such lines are taken for Latin-1. Without it they are errors. */
  readonly onLatin1?: (place: Place) => void;
}

export interface LineReader {
  /** Name of the file, for messages. */
  readonly file: string;
  /** 1-based number of the line that `take` returns next. */
  readonly lineNumber: () => number;
  /** The next `count` lines, fewer at the end of the text, without moving on; says nothing of what is wrong in them. */
  readonly peek: (count: number) => Promise<readonly string[]>;
  /** The line `k` lines ahead (0: the next), undefined behind the end of the text; as `peek`. */
  readonly ahead: (k: number) => Promise<string | undefined>;
  /** The next `count` lines, fewer at the end of the text. @throws InputError when one of them is no text */
  readonly take: (count: number) => Promise<readonly string[]>;
  /** The lines up to and including the first that starts with `end`, or up to the end of the text. @throws as `take` */
  readonly takeThrough: (end: string) => Promise<readonly string[]>;
  /** Passes over blank lines; false when nothing else follows. */
  readonly skipBlank: () => Promise<boolean>;
  /** Passes over a line that was peeked at, whatever is in it. */
  readonly drop: () => void;
  /** Keeps the lines from here on, so that `back` can return to them, until it is called again. */
  readonly mark: () => void;
  /** Goes back by `count` lines, at most to the mark. */
  readonly back: (count: number) => void;
  /** Whether the end of the text has been reached and its last line lacks a line end. */
  readonly endsOpen: () => boolean;
  /** Whether this error ended the text: nothing can be read after it. */
  readonly isFinal: (error: unknown) => boolean;
  /** Lets go of the source when not all of it was read. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a text for reading by lines. Errors of the chunks' source pass through; lines that are too long, NUL characters
 * and text that cannot be decoded are InputErrors with the number of their line.
 */
export function readLines(
  chunks: TextChunks,
  file: string,
  { maxLine = MAX_LINE, onLatin1 }: LineOptions = {},
): LineReader {
  const source = asyncIterator(chunks);
  let lines: string[] = [];
  let head = 0; // lines[head …] are unread
  let marked: number | undefined; // lines[marked …] are kept
  let passed = 0; // lines already dropped from `lines`
  let pending: string[] = []; // pieces of a line whose end has not arrived
  let pendingLength = 0;
  let afterReturn = false; // a \n that comes next belongs to the \r before it
  let overlong = false; // the rest of this line is passed over
  let ended = false;
  let openEnd = false;
  let failure: unknown;
  const problems = new Map<number, string>(); // by number of the line

  const push = (line: string): void => {
    const number = passed + lines.length + 1;
    if (line.length > maxLine) {
      problems.set(number, `line of more than ${maxLine} characters; this is not a file of molecules`);
      lines.push(line.slice(0, 100));
      return;
    }
    if (line.includes("\0")) problems.set(number, NOT_TEXT);
    lines.push(line);
  };

  const accept = (given: string): void => {
    const text = afterReturn && given.startsWith("\n") ? given.slice(1) : given;
    if (given !== "") afterReturn = given.endsWith("\r");
    if (text === "") return;
    const parts = text.includes("\r") ? text.split(/\r\n|\n|\r/) : text.split("\n");
    const last = parts.pop() as string;
    if (parts.length > 0) {
      const keep = marked ?? head;
      if (keep > 0) {
        for (let k = 0; problems.size > 0 && k < keep; k++) problems.delete(passed + k + 1);
        lines = lines.slice(keep);
        passed += keep;
        head -= keep;
        if (marked !== undefined) marked = 0;
      }
      if (!overlong) push(pending.join("") + parts[0]);
      for (let p = 1; p < parts.length; p++) push(parts[p]);
      overlong = false;
      pending = [];
      pendingLength = 0;
    }
    if (overlong || last === "") return;
    pending.push(last);
    pendingLength += last.length;
    if (pendingLength > maxLine) {
      push(pending.join(""));
      overlong = true;
      pending = [];
      pendingLength = 0;
    }
  };
  const finish = (): void => {
    ended = true;
    openEnd = pending.length > 0 || overlong;
    if (pending.length > 0) accept("\n");
  };
  let latin1 = false;
  const decoder = byteDecoder(maxLine, (lineEnds) => {
    const line = passed + lines.length + lineEnds + 1;
    if (onLatin1 === undefined) problems.set(line, NOT_TEXT);
    else if (!latin1) onLatin1({ file, line });
    latin1 = true;
  });

  /** Gets more lines; false at the end of the text. */
  const fill = async (): Promise<boolean> => {
    const before = lines.length - head;
    while (failure === undefined && !ended && lines.length - head === before) {
      try {
        const next = await source.next();
        if (next.done) {
          for (const text of decoder.rest()) accept(text);
          finish();
        } else for (const text of decoder.texts(next.value)) accept(text);
      } catch (error) {
        failure = error ?? new Error("the source of the text failed");
      }
    }
    if (lines.length - head > before) return true;
    if (failure !== undefined) throw failure;
    return false;
  };

  const refuseLongRecord = (size: number): void => {
    if (size <= MAX_RECORD) return;
    failure = new InputError(`record of more than ${MAX_RECORD} characters`, {
      file,
      line: passed + head + 1,
    });
    throw failure;
  };

  const have = async (count: number): Promise<number> => {
    let size = 0;
    let counted = 0;
    while (lines.length - head < count && (await fill())) {
      for (; counted < lines.length - head; counted++) size += lines[head + counted].length + LINE_COST;
      refuseLongRecord(size);
    }
    return Math.min(count, lines.length - head);
  };

  /** The last `count` lines, which `head` stands behind. */
  const taken = (count: number): readonly string[] => {
    if (problems.size > 0) {
      for (let k = head - count; k < head; k++) {
        const problem = problems.get(passed + k + 1);
        if (problem !== undefined) throw new InputError(problem, { file, line: passed + k + 1 });
      }
    }
    return lines.slice(head - count, head);
  };

  /** As `have`; errors wait for `take` to tell them. */
  const look = async (count: number): Promise<void> => {
    if (lines.length - head >= count) return;
    try {
      await have(count);
    } catch {}
  };

  return {
    file,
    lineNumber: () => passed + head + 1,
    peek: async (count) => {
      await look(count);
      return lines.slice(head, head + count);
    },
    ahead: async (k) => {
      await look(k + 1);
      return lines[head + k];
    },
    take: async (count) => {
      const available = lines.length - head >= count ? count : await have(count);
      head += available;
      return taken(available);
    },
    takeThrough: async (end) => {
      let looked = 0;
      let size = 0;
      for (;;) {
        for (; head + looked < lines.length; looked++) {
          const line = lines[head + looked];
          size += line.length + LINE_COST;
          if (line.startsWith(end)) {
            head += looked + 1;
            return taken(looked + 1);
          }
        }
        refuseLongRecord(size);
        if (!(await fill())) {
          head += looked;
          return taken(looked);
        }
      }
    },
    skipBlank: async () => {
      for (;;) {
        while (head < lines.length && lines[head].trim() === "") head++;
        if (head < lines.length) return true;
        if (!(await fill())) return false;
      }
    },
    drop: () => {
      if (head < lines.length) head++;
    },
    mark: () => {
      marked = head;
    },
    back: (count) => {
      head = Math.max(marked ?? head, head - count);
    },
    endsOpen: () => openEnd,
    isFinal: (error) => failure !== undefined && error === failure,
    close: async () => {
      await source.return?.();
    },
  };
}

const NOT_TEXT = "not UTF-8 text; a file of molecules was expected";

/**
 * Chunks as text, cut so that every piece of bytes is decoded with its whole lines: of one that is not UTF-8 only the
 * lines that are not are taken for Latin-1. `foreign` hears of each, with the number of line ends before it in its piece.
 */
function byteDecoder(maxLine: number, foreign: (lineEnds: number) => void) {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const latin1 = new TextDecoder("windows-1252");
  let carry: Uint8Array[] = []; // bytes of a line whose end has not arrived
  let carried = 0;
  let begun = false;
  let lastByte = 0;

  const unmarked = (text: string): string => {
    const marked = !begun && text.startsWith("\ufeff");
    begun ||= text !== "";
    return marked ? text.slice(1) : text;
  };
  const decoded = (bytes: Uint8Array): string => {
    let text: string;
    try {
      text = utf8.decode(bytes);
    } catch {
      text = byLines(bytes);
    }
    lastByte = bytes[bytes.length - 1];
    return unmarked(text);
  };
  const byLines = (bytes: Uint8Array): string => {
    const pieces: string[] = [];
    let lineEnds = 0;
    for (let from = 0; from < bytes.length; ) {
      let to = from;
      while (to < bytes.length && bytes[to] !== 10 && bytes[to] !== 13) to++;
      const line = bytes.subarray(from, Math.min(to + 1, bytes.length));
      try {
        pieces.push(utf8.decode(line));
      } catch {
        foreign(lineEnds);
        pieces.push(latin1.decode(line));
      }
      if (!(bytes[to] === 10 && (to > 0 ? bytes[to - 1] : lastByte) === 13)) lineEnds++;
      from = to + 1;
    }
    return pieces.join("");
  };
  const flush = (...last: Uint8Array[]): string => {
    const parts = [...carry, ...last];
    carry = [];
    carried = 0;
    return parts.length === 0 ? "" : decoded(parts.length === 1 ? parts[0] : joined(parts));
  };

  return {
    texts: (chunk: Uint8Array | string): string[] => {
      if (typeof chunk === "string") return [flush(), unmarked(chunk)];
      const end = Math.max(chunk.lastIndexOf(10), chunk.lastIndexOf(13)) + 1;
      const text = end > 0 ? flush(chunk.subarray(0, end)) : "";
      if (end < chunk.length) {
        carry.push(chunk.slice(end)); // a copy: sources may use their buffer again
        carried += chunk.length - end;
      }
      return carried > 4 * maxLine ? [text, flush()] : [text];
    },
    rest: (): string[] => [flush()],
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function asyncIterator(
  chunks: TextChunks,
): AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string> {
  return Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
}

/**
 * Lines of a text that arrives in chunks, in memory that does not grow with the text. Line ends are \n, \r\n and
 * \r in any mixture; a byte order mark is dropped; text is UTF-8. What is wrong in a later line is reported only
 * when that line is reached, so the records before it are still delivered.
 */

import { InputError } from "../errors.ts";

const MAX_LINE = 1 << 20;
/** Text of one record that is held in memory at most, in UTF-16 units. */
const MAX_RECORD = 1 << 28;

export type TextChunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export interface LineReader {
  /** Name of the file, for messages. */
  readonly file: string;
  /** 1-based number of the line that `take` returns next. */
  readonly lineNumber: () => number;
  /** The next `count` lines, fewer at the end of the text, without moving on. */
  readonly peek: (count: number) => Promise<readonly string[]>;
  /** The next `count` lines, fewer at the end of the text. */
  readonly take: (count: number) => Promise<readonly string[]>;
  /** The lines up to and including the first that starts with `end`, or up to the end of the text. */
  readonly takeThrough: (end: string) => Promise<readonly string[]>;
  /** Passes over blank lines; false when nothing else follows. */
  readonly skipBlank: () => Promise<boolean>;
  /** Lets go of the source when not all of it was read. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a text for reading by lines. Errors of the chunks' source pass through; lines of more than a mebibyte,
 * NUL characters and invalid UTF-8 are InputErrors with the number of their line.
 */
export function readLines(chunks: TextChunks, file: string): LineReader {
  const decoder = new TextDecoder();
  const source = asyncIterator(chunks);
  let lines: string[] = [];
  let head = 0; // lines[head …] are unread
  let passed = 0; // lines already dropped from `lines`
  let rest = ""; // beginning of a line whose end has not arrived
  let ended = false;
  let failure: unknown;

  const accept = (text: string): void => {
    const heldReturn = !ended && text.endsWith("\r");
    const whole = heldReturn ? text.slice(0, -1) : text;
    const parts = whole.includes("\r") ? whole.split(/\r\n|\n|\r/) : whole.split("\n");
    const last = parts.pop() as string;
    rest = heldReturn ? `${last}\r` : last;
    const suspect = whole.includes("\0") || whole.includes("\uFFFD");
    if (ended && rest !== "") {
      parts.push(rest);
      rest = "";
    } else if (rest.length > MAX_LINE) {
      parts.push(rest);
    }
    lines = lines.slice(head);
    passed += head;
    head = 0;
    for (const line of parts) {
      if (line.length > MAX_LINE || (suspect && /\0|\uFFFD/.test(line))) {
        const place = { file, line: passed + lines.length + 1 };
        failure =
          line.length > MAX_LINE
            ? new InputError(
                `line of more than ${MAX_LINE} characters; this is not a file of molecules`,
                place,
              )
            : new InputError("not UTF-8 text; a file of molecules was expected", place);
        return;
      }
      lines.push(line);
    }
  };

  /** Gets more lines; false at the end of the text. */
  const fill = async (): Promise<boolean> => {
    const before = lines.length - head;
    while (failure === undefined && !ended && lines.length - head === before) {
      try {
        const next = await source.next();
        ended = next.done === true;
        const chunk = next.done ? decoder.decode() : next.value;
        const text = typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
        accept(rest + text);
      } catch (error) {
        failure = error ?? new Error("the source of the text failed");
      }
    }
    if (lines.length - head > before) return true;
    if (failure !== undefined) throw failure;
    return false;
  };

  const refuseLongRecord = (size: number): void => {
    if (size > MAX_RECORD) {
      throw new InputError(`record of more than ${MAX_RECORD} characters`, { file, line: passed + head + 1 });
    }
  };

  const have = async (count: number): Promise<number> => {
    let size = 0;
    let counted = 0;
    while (lines.length - head < count && (await fill())) {
      for (; counted < lines.length - head; counted++) size += lines[head + counted].length;
      refuseLongRecord(size);
    }
    return Math.min(count, lines.length - head);
  };

  return {
    file,
    lineNumber: () => passed + head + 1,
    peek: async (count) => {
      const available = await have(count);
      return lines.slice(head, head + available);
    },
    take: async (count) => {
      const available = lines.length - head >= count ? count : await have(count);
      head += available;
      return lines.slice(head - available, head);
    },
    takeThrough: async (end) => {
      let looked = 0;
      let size = 0;
      for (;;) {
        for (; head + looked < lines.length; looked++) {
          const line = lines[head + looked];
          size += line.length;
          if (line.startsWith(end)) {
            head += looked + 1;
            return lines.slice(head - looked - 1, head);
          }
        }
        refuseLongRecord(size);
        if (!(await fill())) {
          head += looked;
          return lines.slice(head - looked, head);
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
    close: async () => {
      await source.return?.();
    },
  };
}

function asyncIterator(
  chunks: TextChunks,
): AsyncIterator<Uint8Array | string> | Iterator<Uint8Array | string> {
  return Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
}

/** Errors that a user can act on. Anything else that is thrown is a bug of ours. */

export interface Place {
  readonly file?: string;
  /** 1-based line number. */
  readonly line?: number;
}

/**
 * Bad input: a file, option or configuration the user can mend. The command line prints its message as one
 * line (`file:line: message`) and exits with code 2.
 */
export class InputError extends Error {
  readonly file: string | undefined;
  readonly line: number | undefined;

  constructor(message: string, place: Place = {}) {
    const where =
      place.file === undefined ? "" : `${place.file}${place.line === undefined ? "" : `:${place.line}`}: `;
    super(where + message);
    this.name = "InputError";
    this.file = place.file;
    this.line = place.line;
  }
}

/** Text of a file as part of a message: on one line, not long, without characters that a terminal obeys. */
export function printable(text: string): string {
  const line = text.replace(/\s+/g, " ").replace(OBEYED, "?");
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}

const LONGEST = 400;
/** What a terminal obeys or what turns text around: control characters and marks of direction. */
export const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Work that failed although the input was good (full disk, NaN loss, lost worker). Exit code 1. */
export class WorkError extends Error {
  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = "WorkError";
  }
}

/** How an option is written where it was given, for messages: "churnFrom" is "--churn-from" on the command line. */
export type Named = (option: string) => string;

/** The option's own name, as pages and programs give it. */
export const ownName: Named = (option) => option;

/** The candidate nearest to `word` in edit distance, or undefined when none is near enough to be a typo. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length];
}

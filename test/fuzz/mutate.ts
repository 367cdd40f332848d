/**
 * Damage, drawn at random from a seed: what files suffer (cuts, lost and doubled lines, flipped bits) and what a hostile
 * hand writes (numbers at every limit, names of prototypes, terminal escapes, long runs). It keeps the structure of what
 * it changes, lines, words and numbers, so that most inputs get past a reader's first check.
 */

/** A stream of random choices that one number determines (mulberry32). */
export interface Dice {
  /** In [0, 1). */
  readonly roll: () => number;
  /** An integer from 0 to n − 1. */
  readonly below: (n: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
}

export function dice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n: number): number => Math.floor(roll() * n);
  return { roll, below, pick: (choices) => choices[below(choices.length)] };
}

/** Numbers that readers are known to stumble over. */
export const HOSTILE_NUMBERS: readonly string[] = [
  ...["0", "-0", "1", "-1", "2", "3", "999", "1000", "65536", "2147483648", "4294967296", "9007199254740993"],
  ...["1e9", "1e300", "-1e300", "1e400", "-1e400", "1e-400", "nan", "NaN", "inf", "-Infinity", "1.5D3"],
  ...[
    "0x10",
    "1_000",
    "1,5",
    "+",
    "-",
    ".",
    "1.",
    ".5",
    "--1",
    "1e",
    "00012",
    "٣",
    "null",
    "true",
    "1.7e308",
  ],
];

/** Words that are no data, or more than that. */
export const HOSTILE_WORDS: readonly string[] = [
  ...[
    "",
    " ",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "\u001b[31m",
    "\u202e",
    "\ufeff",
    "\0",
  ],
  ...[
    '"',
    "'",
    "\\",
    "{",
    "}",
    "[",
    "]",
    "<",
    ">",
    "$$$$",
    "M  END",
    "M  V30 END CTAB",
    "> <x>",
    "-",
    "#",
    "*",
  ],
  ...["<script>", "\ufffd", "🙂", "\u2028", "D", "CL", "R#", "c", "Xx", "end"],
];

type Edit = (text: string, dice: Dice, seeds: readonly string[]) => string;

const lineEdit =
  (change: (lines: string[], at: number, dice: Dice) => void): Edit =>
  (text, random) => {
    const lines = text.split("\n");
    change(lines, random.below(lines.length), random);
    return lines.join("\n");
  };

/** Replaces one word: a run of characters that stand in no white space nor in brackets, or a number. */
const wordEdit =
  (pattern: RegExp, change: (word: string, dice: Dice) => string): Edit =>
  (text, random) => {
    const found = [...text.matchAll(pattern)];
    if (found.length === 0) return text;
    const { index, 0: word } = random.pick(found);
    return text.slice(0, index) + change(word, random) + text.slice(index + word.length);
  };

const WORD = /[^\s,:=[\]{}"<>]+/g;
const NUMBER = /[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/g;

const EDITS: readonly Edit[] = [
  // cuts
  (text, random) => text.slice(0, random.below(text.length + 1)),
  (text, random) => text.slice(random.below(text.length + 1)),
  // lines
  lineEdit((lines, at) => lines.splice(at, 1)),
  lineEdit((lines, at) => lines.splice(at, 0, lines[at])),
  lineEdit((lines, at) => lines.splice(at, 0, "")),
  lineEdit((lines, at, random) => {
    const other = random.below(lines.length);
    [lines[at], lines[other]] = [lines[other], lines[at]];
  }),
  lineEdit((lines, at, random) => {
    lines[at] = lines[at].slice(0, random.below(lines[at].length + 1));
  }),
  lineEdit((lines, at, random) => {
    const count = random.below(lines.length - at + 1);
    lines.splice(at, count);
  }),
  lineEdit((lines, at, random) => {
    lines[at] = random.pick([" ", "\t", "  "]) + lines[at];
  }),
  // words and numbers
  wordEdit(NUMBER, (_, random) => random.pick(HOSTILE_NUMBERS)),
  wordEdit(NUMBER, (_, random) => random.pick(HOSTILE_NUMBERS)),
  wordEdit(NUMBER, (word, random) => String(Number(word) + random.pick([-1, 1, 2, 5, 0.5]))),
  wordEdit(/\d/g, (_, random) => String(random.below(10))),
  wordEdit(WORD, (_, random) => random.pick(HOSTILE_WORDS)),
  wordEdit(WORD, () => ""),
  wordEdit(WORD, (word) => `${word} ${word}`),
  wordEdit(WORD, (word, random) => (random.roll() < 0.5 ? word.toUpperCase() : word.toLowerCase())),
  wordEdit(WORD, (word, random) => word.repeat(1 + random.below(random.pick([3, 50, 2000])))),
  // characters
  (text, random) => {
    const at = random.below(text.length + 1);
    const inserted = random.pick([...HOSTILE_WORDS, " ", "\n", "\r", "\t", ...'"0123456789.-+eE[]{}=:;$>']);
    return text.slice(0, at) + inserted + text.slice(at + random.below(3));
  },
  // two files in one
  (text, random, seeds) => {
    const other = random.pick(seeds);
    return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
  },
];

/** The text with one to four kinds of damage. `seeds` are whole texts of the kind, to splice. */
export function mutateText(text: string, random: Dice, seeds: readonly string[] = [text]): string {
  let damaged = text;
  for (let edits = 1 + random.below(4); edits > 0; edits--)
    damaged = random.pick(EDITS)(damaged, random, seeds);
  return damaged;
}

type ByteEdit = (bytes: Uint8Array, dice: Dice, seeds: readonly Uint8Array[]) => Uint8Array;

const joined = (...parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

const changed = (bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array => {
  const copy = bytes.slice();
  if (copy.length > 0) change(copy);
  return copy;
};

const BYTE_EDITS: readonly ByteEdit[] = [
  (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  (bytes, random) => bytes.slice(random.below(bytes.length + 1)),
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[random.below(copy.length)] ^= 1 << random.below(8);
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      copy[random.below(copy.length)] = random.pick([0, 1, 0x0a, 0x20, 0x7f, 0x80, 0xff, random.below(256)]);
    }),
  // an integer of two, four or eight bytes, at a limit
  (bytes, random) =>
    changed(bytes, (copy) => {
      const at = random.below(copy.length);
      const width = random.pick([2, 4, 8]);
      const value = random.pick([
        0n,
        1n,
        0xffn,
        0x7fffffffn,
        0xffffffffn,
        0x7fffffffffffffffn,
        -1n,
        1n << 40n,
      ]);
      const field = new DataView(new ArrayBuffer(8));
      field.setBigInt64(0, value, random.roll() < 0.8);
      copy.set(new Uint8Array(field.buffer).subarray(0, Math.min(width, copy.length - at)), at);
    }),
  (bytes, random) =>
    changed(bytes, (copy) => {
      const from = random.below(copy.length);
      copy.fill(random.pick([0, 0xff]), from, from + random.below(64));
    }),
  (bytes, random) => {
    const at = random.below(bytes.length + 1);
    const inserted = Uint8Array.from({ length: random.below(9) }, () => random.below(256));
    return joined(bytes.subarray(0, at), inserted, bytes.subarray(at + random.below(9)));
  },
  (bytes, random) => {
    const from = random.below(bytes.length + 1);
    const piece = bytes.subarray(from, from + random.below(64));
    const at = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
  },
  (bytes, random, seeds) => {
    const other = random.pick(seeds);
    const at = random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
  },
];

/** The bytes with one to four kinds of damage. */
export function mutateBytes(
  bytes: Uint8Array,
  random: Dice,
  seeds: readonly Uint8Array[] = [bytes],
): Uint8Array {
  let damaged = bytes;
  for (let edits = 1 + random.below(4); edits > 0; edits--)
    damaged = random.pick(BYTE_EDITS)(damaged, random, seeds);
  return damaged;
}

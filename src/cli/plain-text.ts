/** Text from files, made harmless where it is shown: a terminal obeys what it is sent, and marks of direction turn it around. */

import { OBEYED } from "../errors.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours are made of
const COLOUR = /(\u001b\[[\d;]*m)/;

/** Control characters but for tabs and line ends, and marks of direction, become question marks. */
export const plain = (text: string): string =>
  text.replace(OBEYED, (c) => (c === "\n" || c === "\t" ? c : "?"));

/** As `plain`, of a text with colours of our own. */
export const plainButColours = (text: string): string =>
  text
    .split(COLOUR)
    .map((part, k) => (k % 2 === 1 ? part : plain(part)))
    .join("");

/** The same value as JSON in which such characters stand as escapes. */
export const plainJson = (value: object): string =>
  JSON.stringify(value).replace(OBEYED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

/**
 * The key=value line of extended XYZ (specification: libAtoms/extxyz). Types: an unquoted value is a logical
 * (T F true false), a number, or else a string; "…", {…} and […] that hold only numbers are an array, of one
 * number a scalar except in […]; '…' is always a string, which is how strings that look like anything else are
 * written; within quotes \n \r \" \' \\ are escapes. Other arrays (logicals, words, matrices) stay the text.
 */

import type { PropertyValue } from "../chem/molecule.ts";
import { InputError, type Place } from "../errors.ts";
import { formatReal, parseNumber } from "./numbers.ts";
import { excerpt } from "./records.ts";
import { closingQuote } from "./xyz-frame.ts";

const LOGICALS: ReadonlyMap<string, boolean> = new Map([
  ["T", true],
  ["F", false],
  ["true", true],
  ["false", false],
  ["True", true],
  ["False", false],
  ["TRUE", true],
  ["FALSE", false],
]);
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["+inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);

/** A number of extended XYZ, also nan and inf in any case; undefined when the text is none. */
export function parseExtendedNumber(text: string): number | undefined {
  const code = text.charCodeAt(text.length - 1) | 32; // a number ends in a digit, a point, "nan" or "inf"
  return parseNumber(text) ?? (code === 110 || code === 102 ? NOT_FINITE.get(text.toLowerCase()) : undefined);
}

export function parseLogical(text: string): boolean | undefined {
  return LOGICALS.get(text);
}

export const formatNumber = (value: number): string =>
  Number.isFinite(value) ? formatReal(value) : Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";

/** The pairs of a comment line in their order. Throws InputError for unclosed quotes and for a key given twice. */
export function parseKeyValues(line: string, place: Place): ReadonlyMap<string, PropertyValue> {
  const pairs = new Map<string, PropertyValue>();
  let at = skipSpace(line, 0);
  while (at < line.length) {
    const keyEnd = tokenEnd(line, at, true, place);
    const key = isQuote(line, at) ? unescapeText(line.slice(at + 1, keyEnd - 1)) : line.slice(at, keyEnd);
    at = skipSpace(line, keyEnd);
    let value: PropertyValue = true; // a key alone
    if (line.charCodeAt(at) === 61) {
      at = skipSpace(line, at + 1);
      const valueEnd = tokenEnd(line, at, false, place);
      value = parseValue(line.slice(at, valueEnd));
      at = skipSpace(line, valueEnd);
      if (at === valueEnd && at < line.length) {
        throw new InputError(`expected a space after the value of ${excerpt(key)}`, place);
      }
    }
    if (key === "") throw new InputError("a value without a key before its =", place);
    if (pairs.has(key)) throw new InputError(`the key ${excerpt(key)} is given twice`, place);
    pairs.set(key, value);
  }
  return pairs;
}

/** One `key=value` that `parseKeyValues` reads back as the same value. Throws InputError for an empty key. */
export function formatKeyValue(key: string, value: PropertyValue): string {
  if (key === "") throw new InputError("a property with an empty name cannot be written as extended XYZ");
  return `${/^[A-Za-z_][\w.:+-]*$/.test(key) ? key : quote(key, '"')}=${formatValue(value)}`;
}

function formatValue(value: PropertyValue): string {
  if (typeof value === "boolean") return value ? "T" : "F";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return formatString(value);
  const numbers = value.map(formatNumber).join(" ");
  return value.length < 2 ? `[${numbers}]` : `"${numbers}"`;
}

/** A string bare where that is safe, else in double quotes, in single ones where double would make it a number. */
function formatString(value: string): string {
  if (/^[\w.:,+/-]+$/.test(value) && parseBare(value) === value) return value;
  return quote(value, parseList(value) === undefined ? '"' : "'");
}

/** Value of a token as it stands in the line, quotes and brackets included. */
function parseValue(token: string): PropertyValue {
  const first = token.charCodeAt(0);
  const inner = token.slice(1, -1);
  if (first === 39) return unescapeText(inner);
  if (first === 34) {
    const text = unescapeText(inner);
    return parseList(text) ?? text;
  }
  if (first === 123 || first === 91) {
    const list = inner.trim() === "" ? [] : parseList(inner.replaceAll(",", " "));
    if (typeof list === "boolean" || list === undefined) return token;
    return first === 91 && typeof list === "number" ? [list] : list;
  }
  return parseBare(token);
}

function parseBare(token: string): number | boolean | string {
  return parseExtendedNumber(token) ?? parseLogical(token) ?? token;
}

/** A number, a logical, or several numbers with space between; undefined for any other text. */
function parseList(text: string): number | boolean | readonly number[] | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 1) return parseExtendedNumber(words[0]) ?? parseLogical(words[0]);
  const numbers: number[] = [];
  for (const word of words) {
    const number = parseExtendedNumber(word);
    if (number === undefined) return undefined;
    numbers.push(number);
  }
  return numbers;
}

/** End of the key or value that begins at `start`. */
function tokenEnd(line: string, start: number, key: boolean, place: Place): number {
  if (isQuote(line, start)) {
    const close = closingQuote(line, start);
    if (close < 0)
      throw new InputError(`the quote before ${excerpt(line.slice(start + 1))} is not closed`, place);
    return close + 1;
  }
  const first = line[start];
  if (!key && (first === "{" || first === "[")) return closingBracket(line, start, place) + 1;
  let at = start;
  for (; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code <= 32 || (key && code === 61)) break;
  }
  return at;
}

function closingBracket(line: string, start: number, place: Place): number {
  const open = line[start];
  const close = open === "{" ? "}" : "]";
  let depth = 0;
  for (let at = start; at < line.length; at++) {
    if (line[at] === open) depth++;
    else if (line[at] === close && --depth === 0) return at;
  }
  throw new InputError(`the bracket of ${excerpt(line.slice(start))} is not closed`, place);
}

const isQuote = (line: string, at: number): boolean => line[at] === '"' || line[at] === "'";

function skipSpace(line: string, start: number): number {
  let at = start;
  while (at < line.length && line.charCodeAt(at) <= 32) at++;
  return at;
}

/** Text between quotes with its escapes resolved. */
export function unescapeText(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\s\S])/g, (_, c: string) => (c === "n" ? "\n" : c === "r" ? "\r" : c));
}

/** Text within quotes, escaped so that `unescapeText` restores it. */
export function quote(text: string, mark: '"' | "'"): string {
  const special = mark === '"' ? /["\\\n\r]/g : /['\\\n\r]/g;
  return mark + text.replace(special, (c) => (c === "\n" ? "\\n" : c === "\r" ? "\\r" : `\\${c}`)) + mark;
}

/**
 * The data items of SDF (BIOVIA "CTfile formats" 2020, chapter 6). A header line begins with > and has the name in angle
 * brackets, or DTn, with numbers and an external registry number about them in any order. A blank line ends the text of
 * an item where a header or $$$$ follows; else it is a paragraph's. Names that come again are told apart by a number.
 */

import type { PropertyValue } from "../../chem/molecule.ts";
import { parseNumber } from "../numbers.ts";
import { excerpt } from "../records.ts";
import { fail, isEnd, place, type SdfRecord } from "./record.ts";

/** The items below line `start`; `closed` when $$$$ ends them. */
export function parseDataItems(
  record: SdfRecord,
  start: number,
): { readonly items: Map<string, PropertyValue>; readonly closed: boolean } {
  const { lines } = record;
  const items = new Map<string, PropertyValue>();
  let l = start;
  const blank = (k: number): boolean => lines[k].trim() === "";
  const closes = (k: number): boolean => k >= lines.length || lines[k].startsWith("$$$$");
  for (;;) {
    while (!closes(l) && blank(l)) l++;
    if (closes(l)) return { items, closed: l < lines.length };
    const header = l;
    const name = dataName(lines[l]);
    if (name === undefined)
      throw fail(record, l, `expected a data item "> <name>" or $$$$, found ${excerpt(lines[l])}`);
    const value: string[] = [];
    for (l++; !closes(l); l++) {
      if (blank(l)) {
        let next = l + 1;
        while (!closes(next) && blank(next)) next++;
        if (closes(next) || dataName(lines[next]) !== undefined) break;
        for (; l < next; l++) value.push(""); // a paragraph follows
      }
      if (isEnd(lines[l]) || /^[ \d]{6}.{27} V[23]000\s*$/.test(lines[l]))
        throw fail(record, l, "another record begins within the data of this one: $$$$ is missing before it");
      value.push(lines[l]);
    }
    // a blank line that follows the header at once is an empty value, not a paragraph
    while (value.length > 0 && value[0] === "") value.shift();
    addItem(record, header, items, name, parseItem(value.join("\n")));
  }
}

function addItem(
  record: SdfRecord,
  l: number,
  items: Map<string, PropertyValue>,
  name: string,
  value: PropertyValue,
): void {
  if (!items.has(name)) {
    items.set(name, value);
    return;
  }
  if (items.get(name) === value) return;
  let k = 2;
  while (items.has(`${name} (${k})`)) k++;
  record.log.note(
    `the data item <${excerpt(name, false)}> is given again with another value, which is called <${excerpt(name, false)} (2)> and so on`,
    place(record, l),
  );
  items.set(`${name} (${k})`, value);
}

/** The name in a data header, or undefined where the line is none. */
export function dataName(line: string): string | undefined {
  if (!line.startsWith(">")) return undefined;
  const open = line.indexOf("<");
  if (open < 0) return /\sDT(\d+)(?=\s|$)/.exec(line)?.[0].trim();
  const close = endOfName(line);
  return close > open ? line.slice(open + 1, close) : undefined;
}

/** Index of the > that closes the name: the last, but for one within a registry number in parentheses at the end. */
function endOfName(line: string): number {
  let end = line.length;
  for (;;) {
    while (end > 0 && line.charCodeAt(end - 1) <= 32) end--;
    if (line[end - 1] === ">") return end - 1;
    let from = end;
    if (line[end - 1] === ")") from = line.lastIndexOf("(", end - 1);
    else while (from > 0 && /[\w.-]/.test(line[from - 1])) from--;
    if (from <= 0 || from === end) return line.lastIndexOf(">");
    end = from;
  }
}

/** Number or text of a data item. Words such as 1E10 stay text: they are as likely identifiers. */
export function parseItem(text: string): number | string {
  const number = parseNumber(text);
  return number !== undefined && /^\d+$|[.+-]/.test(text) ? number : text;
}

/** JSON of files that anyone may have written: what a parser would merge or a later step would stumble over is refused. */

import { InputError, type Place, printable } from "../errors.ts";

/** Levels of lists and mappings within each other; no file of ours has more than six. */
export const DEEPEST = 64;

/**
 * The value of a text.
 * @param problem what messages say of a text that is no JSON
 * @throws InputError when it is no JSON, gives a key twice or is nested deeper than `DEEPEST`
 */
export function jsonOf(text: string, place: Place, problem = "is not JSON"): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${problem}: ${printable((error as Error).message)}`, place);
  }
  if (isDeep(value)) throw new InputError(`is nested deeper than ${DEEPEST} levels`, place);
  const twice = duplicateKey(text);
  if (twice !== undefined)
    throw new InputError(`the key ${printable(JSON.stringify(twice))} is given twice`, place);
  return value;
}

/** Whether lists and mappings lie within each other more than `DEEPEST` times. */
export function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((each) =>
      typeof each === "object" && each !== null && !ArrayBuffer.isView(each) ? Object.values(each) : [],
    );
  }
  return false;
}

/** The first key that an object of valid JSON has twice, which JSON.parse would silently merge. */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let at = 0; at < json.length; at++) {
    const c = json[at];
    if (c === "{") open.push(new Set());
    else if (c === "}") open.pop();
    else if (c === '"') {
      const start = at++;
      while (json[at] !== '"') at += json[at] === "\\" ? 2 : 1;
      if (!isColonNext(json, at + 1)) continue;
      const key = JSON.parse(json.slice(start, at + 1)) as string;
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

function isColonNext(json: string, start: number): boolean {
  let at = start;
  while (json[at] === " " || json[at] === "\n" || json[at] === "\t" || json[at] === "\r") at++;
  return json[at] === ":";
}

/**
 * The connection table V3000 (BIOVIA "CTfile formats" 2020, chapter 5): lines `M  V30 …` of words, continued on the next
 * line by a hyphen at the end. Atoms may be numbered in any way. Of the keys CHG, RAD, MASS and CFG of bonds are read; Sgroups
 * and enhanced stereochemistry are told and not kept; what stands for no single molecule (R groups, templates, bonds to
 * several atoms, queries) is refused.
 */

import type { Bond, BondMark } from "../../chem/molecule.ts";
import { elementsOf, setElement } from "../labels.ts";
import { excerpt } from "../records.ts";
import { parseCoordinate } from "../xyz-frame.ts";
import {
  bondOf,
  type ConnectionTable,
  checkedCount,
  emptyTable,
  fail,
  integer,
  isEnd,
  place,
  refuseDoubleBonds,
  type SdfRecord,
} from "./record.ts";
import { SGROUPS } from "./v2000.ts";

/** A line with what continues it, and where it begins in the record. */
interface Statement {
  readonly text: string;
  readonly l: number;
}

const MARKS: ReadonlyMap<string, BondMark> = new Map([
  ["1", "up"],
  ["2", "either"],
  ["3", "down"],
]);
const PREFIX = /^\s*M {2}V30 ?/;

/** Reads the table below the counts line, which is line 3 of the record; `end` is the index of M  END. */
export function parseV3000(record: SdfRecord): { readonly table: ConnectionTable; readonly end: number } {
  const { statements, end } = statementsOf(record);
  let at = 0;
  const next = (): Statement => {
    if (at >= statements.length) throw fail(record, end, "the record ends within its M  V30 lines");
    return statements[at++];
  };
  const expect = (form: RegExp, what: string): Statement => {
    const statement = next();
    if (!form.test(statement.text))
      throw fail(record, statement.l, `expected ${what}, found ${excerpt(statement.text)}`);
    return statement;
  };

  expect(/^BEGIN\s+CTAB\b/, "BEGIN CTAB");
  const counts = expect(/^COUNTS\s/, "COUNTS");
  const [, atomText = "", bondText = ""] = counts.text.split(/\s+/, 3);
  const [declared, bondCount] = [integer(atomText), integer(bondText)];
  if (!(declared >= 0 && bondCount >= 0))
    throw fail(record, counts.l, `expected numbers of atoms and bonds, found ${excerpt(counts.text)}`);
  const atoms = checkedCount(record, counts.l, declared);
  if (atoms + bondCount > statements.length)
    throw fail(record, end, `the record ends within its ${atoms} atoms and ${bondCount} bonds`);
  const bonds: Bond[] = [];
  const table = emptyTable(elementsOf(atoms), bonds);
  const numbering = new Map<number, number>();
  const bondLines: number[] = [];

  expect(/^BEGIN\s+ATOM\s*$/, "BEGIN ATOM");
  for (let a = 0; a < atoms; a++) parseAtom(record, next(), a, table, numbering);
  expect(/^END\s+ATOM\s*$/, `END ATOM after ${atoms} atoms`);
  let hasBonds = false;
  for (;;) {
    const statement = next();
    const { text, l } = statement;
    if (/^END\s+CTAB\s*$/.test(text)) break;
    const block = /^BEGIN\s+(\w+)/.exec(text)?.[1];
    if (block === "BOND" && !hasBonds) {
      hasBonds = true;
      for (let b = 0; b < bondCount; b++) {
        const bond = next();
        bondLines.push(bond.l);
        bonds.push(parseBond(record, bond, numbering));
      }
      expect(/^END\s+BOND\s*$/, `END BOND after ${bondCount} bonds`);
    } else if (block === "SGROUP" || block === "COLLECTION" || block === "OBJ3D") {
      tellBlock(record, statement, block);
      for (const close = new RegExp(`^END\\s+${block}\\s*$`); ; ) {
        const inner = next();
        if (close.test(inner.text)) break;
        if (/\/STE(?:RAC|REL)/.test(inner.text)) record.log.note(ENHANCED, place(record, inner.l));
      }
    } else throw fail(record, l, `${excerpt(text)} is not understood; expected BEGIN BOND or END CTAB`);
  }
  if (!hasBonds && bondCount > 0)
    throw fail(record, counts.l, `${bondCount} bonds are declared, none are there`);
  if (at < statements.length)
    throw fail(record, statements[at].l, `${excerpt(statements[at].text)} after END CTAB: not one molecule`);
  refuseDoubleBonds(record, bonds, (b) => bondLines[b]);
  return { table, end };
}

const ENHANCED = "enhanced stereochemistry (one of two, mixtures) is not kept; the drawn isomer is";

function tellBlock(record: SdfRecord, { l }: Statement, block: string): void {
  if (block === "SGROUP") record.log.note(SGROUPS, place(record, l));
  else if (block === "OBJ3D") record.log.note("3D features (OBJ3D) are not kept", place(record, l));
}

/** The M  V30 lines up to M  END, each joined with those that continue it. */
function statementsOf(record: SdfRecord): {
  readonly statements: readonly Statement[];
  readonly end: number;
} {
  const statements: Statement[] = [];
  let pieces: string[] = [];
  let begun = 4;
  for (let l = 4; l < record.lines.length; l++) {
    const line = record.lines[l];
    if (isEnd(line)) {
      if (pieces.length > 0) throw fail(record, l, "the line before is continued by none");
      return { statements, end: l };
    }
    if (line.trim() === "") continue;
    if (!PREFIX.test(line)) throw fail(record, l, `expected M  V30 or M  END, found ${excerpt(line)}`);
    const text = line.replace(PREFIX, "").trimEnd();
    if (pieces.length === 0) begun = l;
    if (text.endsWith("-")) {
      pieces.push(text.slice(0, -1));
      continue;
    }
    statements.push({ text: [...pieces, text].join("").trim(), l: begun });
    pieces = [];
  }
  throw fail(record, record.lines.length - 1, "the record ends before M  END");
}

/** Words of a statement: text in quotes, parentheses or brackets is part of one. */
function wordsOf(record: SdfRecord, { text, l }: Statement): string[] {
  const words: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = -1;
  for (let at = 0; at <= text.length; at++) {
    const c = text[at];
    if (at === text.length || (!quoted && depth === 0 && (c === " " || c === "\t"))) {
      if (start >= 0) words.push(text.slice(start, at));
      start = -1;
      continue;
    }
    if (start < 0) start = at;
    if (c === '"') quoted = !quoted;
    else if (!quoted && (c === "(" || c === "[")) depth++;
    else if (!quoted && (c === ")" || c === "]")) depth--;
  }
  if (quoted || depth !== 0) throw fail(record, l, `a quote or bracket of ${excerpt(text)} is not closed`);
  return words;
}

/** KEY=value words. */
function keysOf(record: SdfRecord, { text, l }: Statement, words: readonly string[]): Map<string, string> {
  const keys = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals < 1) throw fail(record, l, `expected KEY=value, found ${excerpt(word)} in ${excerpt(text)}`);
    const key = word.slice(0, equals).toUpperCase();
    if (keys.has(key)) throw fail(record, l, `${excerpt(key)} is given twice`);
    keys.set(key, word.slice(equals + 1));
  }
  return keys;
}

function parseAtom(
  record: SdfRecord,
  statement: Statement,
  a: number,
  table: ConnectionTable,
  numbering: Map<number, number>,
): void {
  const { text, l } = statement;
  const words = wordsOf(record, statement);
  const number = integer(words[0] ?? "");
  if (words.length < 6 || !(number >= 1))
    throw fail(record, l, `expected an atom (number, element, x, y, z, mapping), found ${excerpt(text)}`);
  if (numbering.has(number)) throw fail(record, l, `the atom number ${number} is given twice`);
  numbering.set(number, a);
  const at = place(record, l);
  const { elements, positions, charges, radicals } = table;
  setElement(elements, a, words[1].replace(/^"([^"]*)"$/, "$1"), at, record.log);
  for (let d = 0; d < 3; d++)
    positions[3 * a + d] = parseCoordinate(words[2 + d], 0, words[2 + d].length, at.file, at.line);
  const keys = keysOf(record, statement, words.slice(6));
  const value = (key: string, low: number, high: number): number | undefined => {
    const given = keys.get(key);
    if (given === undefined) return undefined;
    const number = integer(given);
    if (number >= low && number <= high) return number;
    throw fail(record, l, `${key}=${excerpt(given, false)}: expected an integer from ${low} to ${high}`);
  };
  charges[a] = value("CHG", -15, 15) ?? 0;
  radicals[a] = value("RAD", 0, 3) ?? 0;
  elements.isotopes[a] = value("MASS", 1, 400) ?? elements.isotopes[a];
}

function parseBond(record: SdfRecord, statement: Statement, numbering: ReadonlyMap<number, number>): Bond {
  const { text, l } = statement;
  const words = wordsOf(record, statement);
  const [i, j] = [numbering.get(integer(words[2] ?? "")), numbering.get(integer(words[3] ?? ""))];
  if (!(integer(words[0] ?? "") >= 1) || i === undefined || j === undefined)
    throw fail(record, l, `expected a bond (number, type, two of the atoms), found ${excerpt(text)}`);
  const keys = keysOf(record, statement, words.slice(4));
  if (keys.has("ENDPTS")) throw fail(record, l, "a bond to several atoms (ENDPTS) is not one between two");
  return bondOf(record, l, [i, j], words[1], MARKS.get(keys.get("CFG") ?? ""));
}

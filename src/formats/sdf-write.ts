/** Writing SDF V2000; see sdf.ts for what the format holds. */

import { symbolOf } from "../chem/elements.ts";
import type { Molecule, PropertyValue } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { formatReal } from "./numbers.ts";

/** Largest |coordinate| in Å that ten columns hold with either sign. */
export const MAX_SDF_COORDINATE = 9999.9999;

/** Three columns for the counts of atoms and bonds. */
const MAX_COUNT = 999;
const PAIRS_A_LINE = 8;

/** One record, $$$$ included. Throws InputError for what V2000 cannot hold. */
export function formatSdf(molecule: Molecule): string {
  const { atomicNumbers, positions, bonds = [], formalCharges = [], atomColumns = {}, name = "" } = molecule;
  const atoms = atomicNumbers.length;
  if (atoms > MAX_COUNT || bonds.length > MAX_COUNT) {
    throw new InputError(
      `SDF V2000 holds at most ${MAX_COUNT} atoms and bonds, not ${atoms} and ${bonds.length}; write extxyz`,
    );
  }
  if (/[\r\n]/.test(name) || name.startsWith("$$$$")) {
    throw new InputError(`the name ${JSON.stringify(name)} cannot be the title of an SDF record`);
  }
  // Line 2: two initials, program in eight columns, date in ten, then the dimension.
  let text = `${name}\n  equimol           3D\n\n`;
  text += `${pad(atoms, 3)}${pad(bonds.length, 3)}  0  0  0  0  0  0  0  0999 V2000\n`;
  for (let a = 0; a < atoms; a++) {
    for (let d = 0; d < 3; d++) text += coordinate(positions[3 * a + d]);
    text += ` ${symbolOf(atomicNumbers[a]).padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0\n`;
  }
  for (const { i, j, order } of bonds) text += `${pad(i + 1, 3)}${pad(j + 1, 3)}${pad(order, 3)}  0\n`;
  text += pairs("CHG", Array.from(formalCharges), -15, 15);
  text += pairs("RAD", integers(atomColumns.radical?.values), 0, 3);
  text += pairs("ISO", integers(atomColumns.isotope?.values), 1, 400);
  text += "M  END\n";
  for (const [tag, value] of Object.entries(molecule.properties ?? {})) text += dataItem(tag, value);
  return `${text}$$$$\n`;
}

/** Ten columns with four decimals, without a negative zero. */
function coordinate(value: number): string {
  const digits = value.toFixed(4);
  const text = digits === "-0.0000" ? "0.0000" : digits;
  if (text.length > 10)
    throw new InputError(`the coordinate ${value} Å does not fit the ten columns of SDF; write extxyz`);
  return text.padStart(10);
}

/** Lines `M  KIND` for the atoms whose value is not zero. */
function pairs(kind: string, values: readonly number[], low: number, high: number): string {
  const entries: string[] = [];
  values.forEach((value, a) => {
    if (value === 0) return;
    if (!(value >= low && value <= high)) {
      throw new InputError(`atom ${a + 1}: M  ${kind} of SDF holds ${low} … ${high}, not ${value}`);
    }
    entries.push(` ${pad(a + 1, 3)} ${pad(value, 3)}`);
  });
  let text = "";
  for (let e = 0; e < entries.length; e += PAIRS_A_LINE) {
    const line = entries.slice(e, e + PAIRS_A_LINE);
    text += `M  ${kind}${pad(line.length, 3)}${line.join("")}\n`;
  }
  return text;
}

function integers(values: readonly (number | string | boolean)[] = []): number[] {
  return values.map((value) => (Number.isInteger(value) ? Number(value) : 0));
}

function dataItem(tag: string, value: PropertyValue): string {
  if (tag === "" || /[<>\r\n]/.test(tag)) {
    throw new InputError(`the property ${JSON.stringify(tag)} cannot be the name of an SDF data item`);
  }
  const text =
    typeof value === "object"
      ? value.map(formatReal).join(" ")
      : typeof value === "number"
        ? formatReal(value)
        : String(value);
  const lines = text.split(/\r\n|\n|\r/);
  if (text !== "" && lines.some((line) => line.trim() === "" || line.startsWith("$$$$"))) {
    throw new InputError(`the property ${JSON.stringify(tag)} has blank lines, which end an SDF data item`);
  }
  return `> <${tag}>\n${text === "" ? "" : `${lines.join("\n")}\n`}\n`;
}

const pad = (value: number, width: number): string => String(value).padStart(width);

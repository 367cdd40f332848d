/** Writing SDF, V2000 where that holds the molecule and V3000 where it does not; see read.ts for what the format holds. */

import { symbolOf } from "../../chem/elements.ts";
import type { BondMark, Molecule, PropertyValue } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { formatReal } from "../numbers.ts";

/** Largest |coordinate| in Å that ten columns hold with either sign. */
export const MAX_SDF_COORDINATE = 9999.9999;

/** Three columns for the counts of atoms and bonds. */
const MAX_COUNT = 999;
const PAIRS_A_LINE = 8;

/** Which SDF is written. */
export interface SdfOptions {
  /** Of the connection table. By default V2000, and V3000 above 999 atoms or bonds, which V2000 cannot count. */
  readonly version?: "V2000" | "V3000" | undefined;
}

/** One record, $$$$ included. Throws InputError for what the format cannot hold. */
export function formatSdf(molecule: Molecule, { version }: SdfOptions = {}): string {
  const { atomicNumbers, bonds = [], dimensions = 3, name = "" } = molecule;
  const large = atomicNumbers.length > MAX_COUNT || bonds.length > MAX_COUNT;
  if (large && version === "V2000") {
    throw new InputError(
      `SDF V2000 holds at most ${MAX_COUNT} atoms and bonds, not ${atomicNumbers.length} and ${bonds.length}; write V3000`,
    );
  }
  if (/[\r\n]/.test(name) || name.startsWith("$$$$")) {
    throw new InputError(`the name ${JSON.stringify(name)} cannot be the title of an SDF record`);
  }
  // Line 2: two initials, program in eight columns, date in ten, then the dimension.
  let text = `${name}\n  equimol           ${dimensions}D\n\n`;
  text += large || version === "V3000" ? tableV3000(molecule) : tableV2000(molecule);
  text += "M  END\n";
  for (const [tag, value] of Object.entries(molecule.properties ?? {})) text += dataItem(tag, value);
  return `${text}$$$$\n`;
}

const MARKS: Readonly<
  Record<BondMark, (order: number) => { readonly v2000: number; readonly v3000: number }>
> = {
  up: () => ({ v2000: 1, v3000: 1 }),
  down: () => ({ v2000: 6, v3000: 3 }),
  either: (order) => ({ v2000: order === 2 ? 3 : 4, v3000: 2 }),
};

function tableV2000({ atomicNumbers, positions, bonds = [], ...marks }: Molecule): string {
  let text = `${pad(atomicNumbers.length, 3)}${pad(bonds.length, 3)}  0  0  0  0  0  0  0  0999 V2000\n`;
  for (let a = 0; a < atomicNumbers.length; a++) {
    for (let d = 0; d < 3; d++) text += coordinate(positions[3 * a + d]).padStart(10);
    text += ` ${symbolOf(atomicNumbers[a]).padEnd(3)} 0  0  0  0  0  0  0  0  0  0  0  0\n`;
  }
  for (const { i, j, order, mark } of bonds) {
    const code = mark === undefined ? 0 : MARKS[mark](order).v2000;
    text += `${pad(i + 1, 3)}${pad(j + 1, 3)}${pad(order, 3)}${pad(code, 3)}\n`;
  }
  for (const [key, value] of keysOf(marks)) {
    const entries = Array.from(atomicNumbers, (_, a) => [a + 1, value(a)]).filter(([, v]) => v !== 0);
    for (let e = 0; e < entries.length; e += PAIRS_A_LINE) {
      const line = entries.slice(e, e + PAIRS_A_LINE);
      const pairs = line.map(([atom, v]) => ` ${pad(atom, 3)} ${pad(v, 3)}`).join("");
      text += `M  ${key}${pad(line.length, 3)}${pairs}\n`;
    }
  }
  return text;
}

function tableV3000({ atomicNumbers, positions, bonds = [], ...marks }: Molecule): string {
  const lines = [
    "BEGIN CTAB",
    `COUNTS ${atomicNumbers.length} ${bonds.length} 0 0 0`,
    "BEGIN ATOM",
    ...Array.from(atomicNumbers, (z, a) => {
      const place = [0, 1, 2].map((d) => coordinate(positions[3 * a + d])).join(" ");
      const keys = keysOf(marks).flatMap(([key, value]) =>
        value(a) === 0 ? [] : ` ${key === "ISO" ? "MASS" : key}=${value(a)}`,
      );
      return `${a + 1} ${symbolOf(z)} ${place} 0${keys.join("")}`;
    }),
    "END ATOM",
    ...(bonds.length === 0 ? [] : ["BEGIN BOND"]),
    ...bonds.map(({ i, j, order, mark }, b) => {
      const code = mark === undefined ? "" : ` CFG=${MARKS[mark](order).v3000}`;
      return `${b + 1} ${order} ${i + 1} ${j + 1}${code}`;
    }),
    ...(bonds.length === 0 ? [] : ["END BOND"]),
    "END CTAB",
  ];
  return ["  0  0  0     0  0            999 V3000", ...lines.map((line) => `M  V30 ${line}`), ""].join("\n");
}

/** Charge, radical and isotope of each atom, by the key of V2000; 0 where there is none. @throws InputError beyond its range */
function keysOf({
  formalCharges,
  radicals,
  isotopes,
}: Pick<Molecule, "formalCharges" | "radicals" | "isotopes">): readonly (readonly [
  string,
  (a: number) => number,
])[] {
  const within = (key: string, low: number, high: number, values: ArrayLike<number> | undefined) => {
    const value = (a: number): number => {
      const given = values?.[a] ?? 0;
      if (given === 0 || (given >= low && given <= high)) return given;
      throw new InputError(`atom ${a + 1}: M  ${key} of SDF holds ${low} … ${high}, not ${given}`);
    };
    return [key, value] as const;
  };
  return [
    within("CHG", -15, 15, formalCharges),
    within("RAD", 0, 3, radicals),
    within("ISO", 1, 400, isotopes),
  ];
}

/** Four decimals, at most ten characters, without a negative zero. */
function coordinate(value: number): string {
  const digits = value.toFixed(4);
  const text = digits === "-0.0000" ? "0.0000" : digits;
  if (text.length > 10)
    throw new InputError(`the coordinate ${value} Å does not fit the ten columns of SDF; write extxyz`);
  return text;
}

function dataItem(tag: string, value: PropertyValue): string {
  if (tag === "" || /[\r\n]/.test(tag)) {
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

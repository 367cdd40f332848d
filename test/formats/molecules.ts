/** Arbitrary molecules and the plumbing to pass them through a text, shared by the tests of the formats. */

import fc from "fast-check";
import type { AtomColumn, Molecule, PropertyValue } from "../../src/chem/molecule.ts";
import type { Format } from "../../src/formats/format.ts";
import { parseMolecules, type ReadOptions } from "../../src/formats/parse-molecules.ts";

/** What a stream of molecules yields. */
export async function collect<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of source) all.push(item);
  return all;
}

/** The molecules of a text; its name in messages is "in". */
export const readText = (text: string, format: Format, options: ReadOptions = {}): Promise<Molecule[]> =>
  collect(parseMolecules([text], { ...options, format, file: "in" }));

/** A double that a coordinate may have, among them many with all 17 digits. */
export const coordinate = fc.double({ min: -1e6, max: 1e6, noNaN: true });

/** Text on one line, rich in what quoting must survive. */
export const lineOfText = fc.string({
  unit: fc.oneof(
    fc.constantFrom(..."  \t\"'\\=:{}[],;#$<>%TF019.eE+-"),
    fc.string({ minLength: 1, maxLength: 1 }),
    fc.constantFrom("é", "漢", "🙂"),
  ),
  maxLength: 12,
});

/** Text of several lines. */
export const text = fc.oneof(
  lineOfText,
  fc.array(lineOfText, { maxLength: 3 }).map((lines) => lines.join("\n")),
  fc.constantFrom(
    "T",
    "F",
    "true",
    "5",
    "-0",
    "1e5",
    "007",
    "nan",
    "inf",
    "1 2",
    "T F",
    "[1]",
    "{1 2}",
    "\r\n",
    "1D5",
    "12345678901234567890",
  ),
);

export const atoms = (
  place: fc.Arbitrary<number>,
): fc.Arbitrary<Pick<Molecule, "atomicNumbers" | "positions">> =>
  fc.integer({ min: 1, max: 6 }).chain((n) =>
    fc.record({
      atomicNumbers: fc
        .array(fc.integer({ min: 1, max: 118 }), { minLength: n, maxLength: n })
        .map((z) => Uint8Array.from(z)),
      positions: fc.array(place, { minLength: 3 * n, maxLength: 3 * n }).map((x) => Float64Array.from(x)),
    }),
  );

export const propertyValue: fc.Arbitrary<PropertyValue> = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.boolean(),
  text,
  fc.array(fc.double(), { maxLength: 4 }),
);

const cellOf = {
  real: fc.double(),
  integer: fc.maxSafeInteger(),
  logical: fc.boolean(),
  string: fc.oneof(text, fc.constantFrom("O5'", '"', '""', "\\")),
} as const;

/** A further column for n atoms. */
export const atomColumn = (n: number): fc.Arbitrary<AtomColumn> =>
  fc
    .tuple(fc.constantFrom("real", "integer", "logical", "string"), fc.integer({ min: 1, max: 3 }))
    .chain(([type, width]) =>
      fc
        .array<number | string | boolean>(cellOf[type], { minLength: n * width, maxLength: n * width })
        .map((values) => ({ type, width, values })),
    );

/** Every reader takes time that grows as the input: twice as much of what was once slow takes at most 2.5 times as long. */
import { describe, expect, test } from "vitest";
import type { Format } from "../../src/formats/format.ts";
import { jsonEnsembles } from "../../src/formats/json-ensembles.ts";
import { parseReal } from "../../src/formats/numbers.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { collect } from "./molecules.ts";

const xyzAtom = (label: string, x = "0"): string => `1\n\n${label} ${x} 0 0\n`;
const extxyz = (header: string, atom: string): string => `1\n${header}\n${atom}\n`;
const molfile = (...rest: readonly string[]): string =>
  [
    "t",
    "",
    "",
    "  1  0  0  0  0  0            999 V2000",
    "    0.0000    0.0000    0.0000 C   0  0",
    ...rest,
    "",
  ].join("\n");
const v3000 = (atom: string): string =>
  [
    "",
    "",
    "",
    "  0  0  0     0  0            999 V3000",
    "M  V30 BEGIN CTAB",
    "M  V30 COUNTS 1 0 0 0 0",
    "M  V30 BEGIN ATOM",
    atom,
  ]
    .concat("M  V30 END ATOM", "M  V30 END CTAB", "M  END", "")
    .join("\n");
const columns = (n: number): string => Array.from({ length: n }, (_, k) => `:c${k}:I:1`).join("");

/** Inputs of about n characters; each is made of what a reader once went over again and again, or might. */
const INPUTS: readonly (readonly [string, Format | "jsonl", (n: number) => string])[] = [
  ["digits of a coordinate", "xyz", (n) => xyzAtom("C", `${"1".repeat(n)}x`)],
  ["digits of an element's label", "xyz", (n) => xyzAtom(`C${"1".repeat(n)}x`)],
  ["digits of a number of atoms", "xyz", (n) => `${"1".repeat(n)}x\n\nC 0 0 0\n`],
  ["blanks in a line", "xyz", (n) => xyzAtom(`${" ".repeat(n)}C`)],
  ["blank lines", "xyz", (n) => `${"\n".repeat(n)}${xyzAtom("C")}`],
  ["frames that are each too long", "xyz", (n) => "9999\n\nH 0 0 0\n".repeat(n / 14)],
  [
    "frames of a wrong number",
    "xyz",
    (n) => `2000\n\n${"H 0 0 0\n".repeat(40)}`.repeat(n / 330) + xyzAtom("C"),
  ],
  ["numbers of atoms in a row", "xyz", (n) => "99999\n".repeat(n / 6) + xyzAtom("C")],
  ["comments that hold a key again and again", "xyz", (n) => `1\n${"Properties ".repeat(n / 11)}\nC 0 0 0\n`],
  [
    "columns",
    "extxyz",
    (n) => extxyz(`Properties=species:S:1:pos:R:3${columns(n / 10)}`, `C 0 0 0${" 1".repeat(n / 10)}`),
  ],
  [
    "columns of the same name",
    "extxyz",
    (n) => extxyz(`Properties=species:S:1:pos:R:3${":a:R:1".repeat(n / 6)}`, "C 0 0 0"),
  ],
  ["keys", "extxyz", (n) => extxyz(Array.from({ length: n / 12 }, (_, k) => `k${k}=1`).join(" "), "C 0 0 0")],
  ["digits of a value", "extxyz", (n) => extxyz(`a=${"1".repeat(n)}x`, "C 0 0 0")],
  ["digits of a list", "extxyz", (n) => extxyz(`a="${"1".repeat(n)}x 1"`, "C 0 0 0")],
  ["numbers of a list", "extxyz", (n) => extxyz(`a=[${"1 ".repeat(n / 2)}]`, "C 0 0 0")],
  ["brackets that are not closed", "extxyz", (n) => extxyz(`a=${"[".repeat(n)}`, "C 0 0 0")],
  ["quotes that are not closed", "extxyz", (n) => extxyz(`a=1`, `C 0 0 0 ${'"\\" '.repeat(n / 4)}`)],
  ["a name in a data header", "sdf", (n) => molfile("M  END", `> ${"<".repeat(n)}`, "x")],
  [
    "registry numbers in a data header",
    "sdf",
    (n) => molfile("M  END", `> <a> ${"(1) ".repeat(n / 4)}x`, "x"),
  ],
  ["closing brackets in a data header", "sdf", (n) => molfile("M  END", `> <a ${")".repeat(n)}`, "x")],
  ["digits of a data item", "sdf", (n) => molfile("M  END", "> <a>", `${"1".repeat(n)}x`)],
  ["lines of a data item", "sdf", (n) => molfile("M  END", "> <a>", "x\n".repeat(n / 2))],
  ["paragraphs of a data item", "sdf", (n) => molfile("M  END", "> <a>", "x\n\n".repeat(n / 3))],
  ["blank lines of a data item", "sdf", (n) => molfile("M  END", "> <a>", "x", "\n".repeat(n), "y")],
  [
    "data items",
    "sdf",
    (n) => molfile("M  END", ...Array.from({ length: n / 12 }, (_, k) => `> <a${k}>\n1\n`)),
  ],
  ["blank lines before M  END", "sdf", (n) => molfile("\n".repeat(n), "M  END")],
  ["records that are bad", "sdf", (n) => molfile("M  END", "$$$$") + "x\n$$$$\n".repeat(n / 7)],
  [
    "a line that is continued again and again",
    "sdf",
    (n) => v3000(`M  V30 1 C 0 0 0 0${" -\nM  V30 ".repeat(n / 10)}`),
  ],
  [
    "keys of an atom",
    "sdf",
    (n) => v3000(`M  V30 1 C 0 0 0 0 ${Array.from({ length: n / 8 }, (_, k) => `K${k}=1`).join(" ")}`),
  ],
  ["frequencies", "qm9", (n) => `1\ngdb 1 ${"1 ".repeat(15)}\nC 0 0 0 0\n${"1 ".repeat(n / 2)}\nC C\nI I\n`],
  [
    "atoms",
    "jsonl",
    (n) =>
      `${JSON.stringify({ symbols: Array(900).fill("C"), bonds: [], conformers: [Array(2_700).fill(0)] })}\n`.repeat(
        n / 9_100,
      ),
  ],
  [
    "keys of an object",
    "jsonl",
    (n) => `{${Array.from({ length: n / 10 }, (_, k) => `"k${k}":1`).join()}}\n`,
  ],
];

/** Processor time, which what else the machine does changes little. */
async function milliseconds(format: Format | "jsonl", text: string): Promise<number> {
  const bytes = new TextEncoder().encode(text);
  const options = { file: "in", onSkipped: () => {} };
  const began = process.cpuUsage();
  // Whether it is read or refused is not asked here.
  await collect<unknown>(
    format === "jsonl"
      ? jsonEnsembles([bytes], "in", options)
      : parseMolecules(bytes, { ...options, format }),
  ).catch(() => {});
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

describe("reading is linear in", () => {
  test.each(INPUTS)("%s (%s)", async (_, format, make) => {
    // What takes less than this is linear enough: a reader that went over 200,000 characters again and again took seconds.
    const enough = 50;
    const [once, twice] = [make(100_000), make(200_000)];
    expect(twice.length).toBeGreaterThan(1.7 * once.length);
    let [fast, slow] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let tries = 0; tries < 30; tries++) {
      slow = Math.min(slow, await milliseconds(format, twice));
      if (slow < enough) return;
      fast = Math.min(fast, await milliseconds(format, once));
      if (tries >= 2 && slow <= 2.5 * fast) return;
    }
    expect(slow / fast).toBeLessThanOrEqual(2.5);
  });

  test("one number, however many digits it has", () => {
    const long = `${"1".repeat(1_000_000)}x`;
    const began = performance.now();
    expect(parseReal(long, 0, long.length)).toBeNaN();
    expect(performance.now() - began).toBeLessThan(500);
  });
});

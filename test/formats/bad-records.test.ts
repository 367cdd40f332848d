/** Records that cannot be read, files that were cut, and what is read by a guess: told as data, or refused when strict. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symbolOf } from "../../src/chem/elements.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import type { Format } from "../../src/formats/format.ts";
import { parseMolecules, type ReadOptions } from "../../src/formats/parse-molecules.ts";
import { type SkippedRecord, skippedText } from "../../src/formats/records.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { formatXyz } from "../../src/formats/xyz.ts";
import { collect } from "./molecules.ts";

/** What reading gives when it passes over what it must. */
async function read(text: string | Uint8Array, format: Format, options: ReadOptions = {}) {
  const skipped: SkippedRecord[] = [];
  const notices: string[] = [];
  const listeners = {
    onSkipped: (record: SkippedRecord) => skipped.push(record),
    onNotice: (notice: string) => notices.push(notice),
  };
  const source = parseMolecules(text, { file: "in", format, ...listeners, ...options });
  return { molecules: await collect(source), skipped, notices };
}

const named = (k: number): Molecule => ({
  name: `molecule ${k}`,
  atomicNumbers: Uint8Array.of(8, 1, 6),
  positions: Float64Array.of(k, 0.25, -1.5, 1, 2 + k, 3, 0, 0, 1e-3 * k),
  bonds: [{ i: 0, j: 1, order: 1 }],
});
const WRITERS = {
  xyz: formatXyz,
  extxyz: (molecule: Molecule) => formatExtxyz({ ...molecule, properties: { energy: -2.5 } }),
  sdf: (molecule: Molecule) => formatSdf({ ...molecule, properties: { energy: -2.5 } }),
  qm9: ({ name, positions: x }: Molecule) =>
    `3\ngdb ${name?.slice(9)}\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\nO ${x[0]} ${x[1]} ${x[2]} 0\nH ${x[3]} ${x[4]} ${x[5]} 0\nC ${x[6]} ${x[7]} ${x[8]} 0\n100 200\nO O\nI I\n`,
} as const;
const FORMATS = Object.keys(WRITERS) as (keyof typeof WRITERS)[];
const names = (molecules: readonly Molecule[]): (string | undefined)[] =>
  molecules.map(({ name }) => name?.replace("gdb", "molecule"));

/** Ways to spoil a record so that it cannot be read; each leaves the records around it whole. */
const SPOILS: readonly ((record: string) => string)[] = [
  (record) => record.replace(/^(\s*)O( |$)/m, "$1Xx$2").replace(" O   0", " R#  0"),
  (record) => record.replace(/0\.25(00)?/, (x) => "nan".padStart(x.length)),
  (record) => record.replace(/-1\.5(000)?/, (x) => "1e400".padStart(x.length)),
  (record) => record.replace("H", "\0"),
];

describe("a record that cannot be read", () => {
  it("is told by the error where it is the only one, and by both where there are more", async () => {
    const good = WRITERS.xyz(named(1));
    const bad = good.replace("O", "Xx");
    for (const [count, told] of [
      [1, 0],
      [2, 2],
    ]) {
      const skipped: SkippedRecord[] = [];
      const onSkipped = (record: SkippedRecord): number => skipped.push(record);
      const all = collect(parseMolecules(bad.repeat(count), { file: "in", format: "xyz", onSkipped }));
      await expect(all).rejects.toThrow(/^in:3: unknown element/);
      expect(skipped).toHaveLength(told);
    }
    expect((await read(bad + good, "xyz")).skipped).toHaveLength(1);
    expect((await read(good + bad, "xyz")).skipped).toHaveLength(1);
  });

  it.each(FORMATS)(
    "of %s is named and passed over, wherever it is and whatever is wrong; the others come out",
    async (format) => {
      const write = WRITERS[format];
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.option(fc.constantFrom(...SPOILS), { freq: 2 }), { minLength: 1, maxLength: 8 }),
          async (spoils) => {
            const records = spoils.map((spoil, k) => (spoil ?? ((x: string) => x))(write(named(k))));
            const good = spoils.flatMap((spoil, k) => (spoil === null ? [`molecule ${k}`] : []));
            const bad = spoils.flatMap((spoil, k) => (spoil === null ? [] : [k + 1]));
            const source = records.join("");
            if (good.length === 0) {
              await expect(read(source, format)).rejects.toThrow(/^in:\d+: /);
              return;
            }
            const { molecules, skipped, notices } = await read(source, format);
            expect(names(molecules)).toEqual(good);
            expect(skipped.map(({ record }) => record)).toEqual(bad);
            expect(notices).toEqual([]);
            const lineOf = (k: number): number => records.slice(0, k).join("").split("\n").length;
            for (const { line = 0, record } of skipped) {
              expect(line).toBeGreaterThanOrEqual(lineOf(record - 1));
              expect(line).toBeLessThan(lineOf(record));
            }
            if (bad.length > 0) {
              await expect(read(source, format, { strict: true })).rejects.toThrow(/^in:\d+: /);
              await expect(read(source, format, { onSkipped: undefined })).rejects.toThrow(/^in:\d+: /);
            }
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it("is told with its line, its number, its title and the reason", async () => {
    const text = ["xyz", "sdf"].map((format) => {
      const write = WRITERS[format as "xyz" | "sdf"];
      return write(named(1)) + SPOILS[0](write(named(2))) + write(named(3));
    });
    const [xyz, sdf] = [await read(text[0], "xyz"), await read(text[1], "sdf")];
    expect(xyz.skipped).toEqual([
      { file: "in", line: 8, record: 2, title: "molecule 2", reason: 'unknown element "Xx"' },
    ]);
    expect(skippedText(sdf.skipped[0])).toBe(
      'in:18: record 2 ("molecule 2") is passed over: unknown element "R#"; it stands for a group or a query, not for an atom',
    );
    expect(skippedText({ ...xyz.skipped[0], title: "\u001b[31m" })).not.toContain("\u001b");
  });

  it("of SDF without atoms, or that is empty, is passed over too", async () => {
    const sdf = formatSdf(named(1));
    const empty = "none\n\n\n  0  0  0  0  0  0            999 V2000\nM  END\n> <id>\n2\n\n$$$$\n";
    const { molecules, skipped } = await read(`${sdf}${empty}$$$$\n${sdf}`, "sdf");
    expect(molecules.length).toBe(2);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "a record without atoms",
      "the record ends before its counts line (the fourth)",
    ]);
  });

  it("that has swallowed the next one, whose $$$$ before it is missing, is not taken for one with long data", async () => {
    const [first, second, third] = [1, 2, 3].map((k) => WRITERS.sdf(named(k)));
    const { molecules, skipped } = await read(first.replace("$$$$\n", "") + second + third, "sdf");
    expect(names(molecules)).toEqual(["molecule 3"]);
    expect(skipped[0].reason).toMatch(/\$\$\$\$ is missing/);
  });

  it("is the error of a file in which none can be read", async () => {
    const bad = SPOILS[0](formatXyz(named(1)));
    await expect(read(bad, "xyz")).rejects.toThrow(/^in:3: unknown element "Xx"$/);
    await expect(read(bad + bad, "xyz")).rejects.toThrow(
      /^in:3: unknown element "Xx"; none of 2 records can be read$/,
    );
    await expect(read("", "xyz")).rejects.toThrow("in: the file is empty");
    await expect(read("\n\n", "sdf")).rejects.toThrow("in: the file holds no molecule");
  });

  it("has no say in how many are asked for", async () => {
    const bad = SPOILS[0](formatXyz(named(0)));
    const text = bad + formatXyz(named(1)) + bad + formatXyz(named(2)) + formatXyz(named(3));
    expect(names((await read(text, "xyz", { limit: 2 })).molecules)).toEqual(["molecule 1", "molecule 2"]);
  });
});

describe("a wrong number of atoms", () => {
  const frames = Array.from({ length: 5 }, (_, k) => formatXyz(named(k)));

  it("spoils its frame and at most the one after it, and no molecule is made of pieces", async () => {
    for (const wrong of [1, 2, 4, 5, 6, 7, 8, 9, 13, 300]) {
      for (let at = 0; at < 5; at++) {
        const text = frames
          .map((frame, k) => (k === at ? frame.replace("3\n", `${wrong}\n`) : frame))
          .join("");
        const { molecules, skipped } = await read(text, "xyz");
        expect(skipped.length, `${wrong} in frame ${at}`).toBe(1);
        expect(skipped[0].line).toBeGreaterThan(5 * at);
        expect(molecules.length).toBeGreaterThanOrEqual(3);
        for (const molecule of molecules)
          expect(molecule).toEqual(expectedXyz(Number(molecule.name?.slice(9))));
      }
    }
  });

  it("leaves no molecule of numbers on comment lines", async () => {
    const bad = "3\n2\nO 0 0 nan\nH 0 0 0\nH 0 1 0\n";
    const { molecules, skipped } = await read(bad + frames[1] + bad, "xyz");
    expect(names(molecules)).toEqual(["molecule 1"]);
    expect(skipped.length).toBe(2);
  });

  it("and rubbish between frames are passed over", async () => {
    const text = `some words\nof a header\n${frames[0]}rubbish\n\n${frames[1]}1 2 3\n${frames[2]}`;
    expect(names((await read(text, "xyz")).molecules)).toEqual(["molecule 0", "molecule 1", "molecule 2"]);
  });
});

const expectedXyz = (k: number): Molecule => {
  const { bonds: _, ...rest } = named(k);
  return rest;
};

describe("a file that was cut", () => {
  it.each(FORMATS)(
    "of %s gives whole molecules only, or says that the last may not be whole, at every cut",
    async (format) => {
      const whole = [0, 1, 2].map((k) => WRITERS[format](named(k))).join("");
      const { molecules: all } = await read(whole, format);
      let silent = 0;
      for (let cut = 1; cut < whole.length; cut++) {
        if (format === "sdf" && /^[^$]*M {2}END\n?$/.test(whole.slice(0, cut))) continue; // a molfile by itself
        const outcome = await read(whole.slice(0, cut), format).catch((error: unknown) => error);
        if (outcome instanceof Error) continue; // nothing is left
        const { molecules, skipped, notices } = outcome as Awaited<ReturnType<typeof read>>;
        const quiet = skipped.length === 0 && notices.length === 0;
        if (quiet) silent++;
        const sure = notices.length > 0 ? molecules.slice(0, -1) : molecules;
        expect(sure, `cut at ${cut}`).toEqual(all.slice(0, sure.length));
        if (quiet) continue;
        await expect(read(whole.slice(0, cut), format, { strict: true })).rejects.toThrow(/^in:\d+: /);
      }
      // Only where a record ends, blank lines included, can nobody know.
      expect(silent).toBeLessThanOrEqual(8);
    },
  );

  it("is told of in one line", async () => {
    const xyz = formatXyz(named(1));
    expect((await read(xyz.slice(0, -1), "xyz")).notices).toEqual([
      "in:5: the last line has no line end; if the file was cut there, what it says last is not whole",
    ]);
    const sdf = formatSdf(named(1));
    expect((await read(sdf + sdf.replace("$$$$\n", ""), "sdf")).notices).toEqual([
      "in:19: the last record ends without $$$$; if the file was cut there, it is not whole",
    ]);
    for (const lone of [sdf.replace("$$$$\n", ""), sdf.replace("\n$$$$\n", "")])
      expect((await read(lone, "sdf", { strict: true })).notices).toEqual([]); // a molfile
    expect((await read(sdf.slice(0, -1), "sdf", { strict: true })).notices).toEqual([]);
  });
});

describe("symbols in other letters", () => {
  it("are the element that they spell, in every format, with a notice; strict, they are unknown", async () => {
    for (let z = 1; z <= 118; z++) {
      const symbol = symbolOf(z);
      for (const other of [symbol.toUpperCase(), symbol.toLowerCase()]) {
        if (other === symbol) continue;
        const texts: [Format, string][] = [
          ["xyz", `1\n\n${other} 0 0 0\n`],
          ["extxyz", `1\nProperties=species:S:1:pos:R:3\n${other} 0 0 0\n`],
          [
            "sdf",
            formatSdf({ atomicNumbers: Uint8Array.of(z), positions: new Float64Array(3) }).replace(
              ` ${symbol.padEnd(3)} 0`,
              ` ${other.padEnd(3)} 0`,
            ),
          ],
        ];
        for (const [format, text] of texts) {
          const { molecules, notices } = await read(text, format);
          expect(molecules[0].atomicNumbers[0]).toBe(z);
          expect(notices.length).toBe(1);
          expect(notices[0]).toContain(`"${other}" is taken for ${symbol}`);
          await expect(read(text, format, { strict: true })).rejects.toThrow(
            `write ${symbol} if that is meant`,
          );
        }
      }
    }
  });

  it("are told once for each spelling; D and T are isotopes and need no word", async () => {
    const { molecules, notices } = await read("5\n\nCL 0 0 0\nCL 1 0 0\nBR 2 0 0\nD 3 0 0\nT 4 0 0\n", "xyz");
    expect(notices.map((notice) => notice.slice(0, 5))).toEqual(["in:3:", "in:5:"]);
    expect(molecules[0].isotopes).toEqual(Uint16Array.of(0, 0, 0, 2, 3));
    expect(molecules[0].atomicNumbers).toEqual(Uint8Array.of(17, 17, 35, 1, 1));
    expect((await read(formatXyz(molecules[0]), "xyz")).molecules).toEqual(molecules);
    expect((await read(formatExtxyz(molecules[0]), "extxyz")).molecules).toEqual(molecules);
  });

  it.each(["C1", "CB", "X", "Q", "*", "R1", "Hal", "13C", "ca1", "0", "119"])(
    "are not guessed from %s",
    async (label) => {
      await expect(read(`1\n\n${label} 0 0 0\n`, "xyz")).rejects.toThrow(/^in:3: unknown element/);
    },
  );
});

describe("text that is not UTF-8", () => {
  const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
  const sdf = formatSdf({ ...named(1), properties: { note: "3 \u00b5M at 25 \u00b0C" } });

  it("is read as Latin-1 with a notice, only the lines that are not; strict, it is refused", async () => {
    const { molecules, notices, skipped } = await read(bytes(sdf), "sdf");
    expect(molecules[0].properties).toEqual({ note: "3 µM at 25 °C" });
    expect(skipped).toEqual([]);
    expect(notices).toEqual(["in:11: not UTF-8: read as Latin-1, here and below"]);
    await expect(read(bytes(sdf), "sdf", { strict: true })).rejects.toThrow(/^in:11: not UTF-8 text/);
    const mixed = new Uint8Array([...new TextEncoder().encode(sdf), ...bytes(sdf)]);
    const both = await read(mixed, "sdf");
    expect(both.molecules[1]).toEqual(both.molecules[0]);
    expect(both.notices.length).toBe(1);
  });

  it("does not depend on where the chunks are cut, nor do the numbers of lines", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(400), { maxLength: 12 }),
        fc.constantFrom("\n", "\r\n", "\r"),
        async (cuts, end) => {
          const all = bytes((sdf + sdf).replaceAll("\n", end));
          const bounds = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
          const chunks = bounds.slice(1).map((to, k) => all.subarray(bounds[k], to));
          const notices: string[] = [];
          const source = parseMolecules(chunks, {
            file: "in",
            format: "sdf",
            onNotice: (text) => notices.push(text),
          });
          expect((await collect(source)).map(({ properties }) => properties)).toEqual([
            { note: "3 µM at 25 °C" },
            { note: "3 µM at 25 °C" },
          ]);
          expect(notices).toEqual(["in:11: not UTF-8: read as Latin-1, here and below"]);
        },
      ),
    );
  });
});

describe("a cell of extended XYZ", () => {
  const frame = (header: string): string => `1\n${header} Properties=species:S:1:pos:R:3\nH 0 0 0\n`;
  const LATTICE = 'Lattice="5 0 0 0 5 0 0 0 5"';

  it("is said to be unused, once, unless all directions are open", async () => {
    for (const periodic of [
      LATTICE,
      `${LATTICE} pbc="T T T"`,
      `${LATTICE} pbc="F F T"`,
      `${LATTICE} pbc=[1, 0, 0]`,
    ]) {
      const { notices, molecules } = await read(frame(periodic).repeat(3), "extxyz");
      expect(notices, periodic).toEqual([expect.stringMatching(/^in:2: Lattice= is kept but not used/)]);
      expect(molecules[0].properties?.Lattice).toEqual([5, 0, 0, 0, 5, 0, 0, 0, 5]);
    }
    for (const open of [
      "energy=1",
      'pbc="T T T"',
      `${LATTICE} pbc="F F F"`,
      `${LATTICE} pbc=[0, 0, 0]`,
      `${LATTICE} pbc=F`,
    ])
      expect((await read(frame(open), "extxyz")).notices, open).toEqual([]);
  });
});

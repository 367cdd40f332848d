import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import type { Format } from "../../src/formats/format.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { collect, readText } from "./molecules.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "formats-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** The error of reading a file of this name and content, its folder taken out of the message. */
async function failure(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  const error: unknown = await collect(readMolecules(path)).then(
    () => new Error("was read"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(InputError);
  const { message } = error as InputError;
  expect(message).not.toContain("\n");
  return message.replace(`${folder}/`, "");
}

const WATER = "3\nwater\nO 0 0 0\nH 0 0.76 0.59\nH 0 -0.76 0.59\n";

describe("bad XYZ files give one line with file and line", () => {
  it.each([
    ["empty file", "", "a.xyz: the file is empty"],
    ["blank file", "\n \n", "a.xyz: the file holds no molecule"],
    [
      "truncated frame",
      WATER.slice(0, 30),
      "a.xyz:4: the file ends after 2 of the 3 atoms that line 1 declares",
    ],
    [
      "missing atoms",
      "3\nwater\nO 0 0 0\n",
      "a.xyz:3: the file ends after 1 of the 3 atoms that line 1 declares",
    ],
    ["count only", "3", "a.xyz:1: the file ends after 0 of the 3 atoms that line 1 declares"],
    [
      "count too small",
      WATER + WATER.replace("3", "2") + WATER,
      'a.xyz:10: expected a number of atoms, found "H 0 -0.76 0.59"; is the number of atoms of the frame before too small?',
    ],
    [
      "count too large",
      WATER.replace("3", "4") + WATER,
      "a.xyz:6: atom 4 of 4: expected an element and three coordinates, found 1 column; is the number of atoms on line 1 too large?",
    ],
    [
      "count of words",
      "three\n\n",
      'a.xyz:1: expected a number of atoms, found "three"; is this an XYZ file?',
    ],
    [
      "count with decimals",
      "3.0\n\n",
      'a.xyz:1: expected a number of atoms, found "3.0"; is this an XYZ file?',
    ],
    ["negative count", WATER.replace("3", "-3"), 'a.xyz:1: the number of atoms is negative ("-3")'],
    ["count of zero", "0\n\n", "a.xyz:1: a frame without atoms"],
    [
      "a million atoms",
      "1000000\n\nH 0 0 0\n",
      "a.xyz:1: a frame of 1000000 atoms; at most 100000 are accepted",
    ],
    [
      "a count with 400 digits",
      `${"9".repeat(400)}\n\n`,
      `a.xyz:1: a frame of ${"9".repeat(37)}… atoms; at most 100000 are accepted`,
    ],
    ["unknown element", WATER.replace("O", "Xx"), 'a.xyz:3: unknown element "Xx"'],
    ["atom label", WATER.replace("O", "O1"), 'a.xyz:3: unknown element "O1"; write O if that is meant'],
    ["atomic number 0", WATER.replace("O", "0"), 'a.xyz:3: unknown element "0"'],
    ["NaN", WATER.replace("O 0", "O nan"), "a.xyz:3: the coordinate nan is not a finite number"],
    [
      "infinity",
      WATER.replace("O 0", "O -Infinity"),
      "a.xyz:3: the coordinate -Infinity is not a finite number",
    ],
    ["1e30", WATER.replace("O 0", "O 1e30"), "a.xyz:3: the coordinate 1e30 is beyond 1000000 Å"],
    ["1e999", WATER.replace("O 0", "O 1e999"), "a.xyz:3: the coordinate 1e999 is beyond 1000000 Å"],
    [
      "words for coordinates",
      WATER.replace("O 0", "O x"),
      'a.xyz:3: expected a coordinate in Å, found "x"; is the number of atoms right?',
    ],
    [
      "terminal escapes",
      "\x1b[31m\n",
      'a.xyz:1: expected a number of atoms, found "?[31m"; is this an XYZ file?',
    ],
  ])("%s", async (_, text, message) => {
    expect(await failure("a.xyz", text)).toContain(message);
  });
});

describe("bad files of any kind give one line", () => {
  it("binary rubbish", async () => {
    expect(await failure("b.sdf", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0, 1, 2))).toBe(
      "b.sdf:1: not UTF-8 text; a file of molecules was expected",
    );
  });

  it("gzip that is truncated, damaged, or empty inside", async () => {
    const packed = gzipSync(
      Array.from({ length: 2000 }, (_, k) => WATER.replace("water", `water ${k * k}`)).join(""),
    );
    expect(await failure("t.xyz.gz", packed.subarray(0, packed.length / 2))).toMatch(
      /^t\.xyz\.gz: the gzip data is truncated or damaged \(unexpected end of file\)/,
    );
    const damaged = Uint8Array.from(packed);
    damaged[packed.length - 6] ^= 1;
    expect(await failure("d.xyz.gz", damaged)).toMatch(
      /^d\.xyz\.gz: the gzip data is truncated or damaged \(incorrect/,
    );
    expect(await failure("e.xyz.gz", gzipSync(""))).toBe("e.xyz.gz: the file is empty");
    expect(await failure("s.xyz.gz", packed.subarray(0, 2))).toMatch(/truncated or damaged/);
  });

  it("missing file, missing folder, folder, unknown ending", async () => {
    const read = (path: string): Promise<unknown> => collect(readMolecules(path));
    await mkdir(join(folder, "f.xyz"));
    await expect(read(join(folder, "no.xyz"))).rejects.toThrow(
      new InputError("no such file", { file: join(folder, "no.xyz") }),
    );
    await expect(read(join(folder, "no/no.xyz"))).rejects.toThrow(/no such file/);
    await expect(read(join(folder, "f.xyz"))).rejects.toThrow(/is a folder; a file was expected/);
    await expect(read("a.pdb")).rejects.toThrow(
      "a.pdb: the name does not tell the format; name it .xyz, .extxyz, .sdf, .mol (each also with .gz)",
    );
  });

  it.skipIf(process.getuid?.() === 0)("file without permission (skipped for root, who has it)", async () => {
    await writeFile(join(folder, "p.xyz"), WATER);
    await chmod(join(folder, "p.xyz"), 0);
    await expect(collect(readMolecules(join(folder, "p.xyz")))).rejects.toThrow(
      /permission to read it is denied/,
    );
  });

  it("whatever bytes of a good file are changed, it is read or refused, never a crash", async () => {
    const good: readonly [Format, string][] = [
      ["xyz", WATER + WATER],
      [
        "extxyz",
        '2\nProperties=species:S:1:pos:R:3:a:S:1 e=1.5 f="1 2" g=[1, 2]\nC 0 0 0 "x y"\nO 0 0 1.2 z\n',
      ],
      [
        "sdf",
        "t\n\n\n  2  1  0  0  0  0            999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n    1.2000    0.0000    0.0000 O   0  0\n  1  2  3  0\nM  CHG  2   1  -1   2   1\nM  END\n> <a>\n1\n\n$$$$\n",
      ],
      ["qm9", "2\ngdb 1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\nC 0 0 0 0\nO 0 0 1 0\n2000\nC C\nI I\n"],
    ];
    for (const [format, text] of good) expect((await readText(text, format)).length).toBeGreaterThan(0);
    const edit = fc.tuple(
      fc.nat(400),
      fc.oneof(fc.constantFrom(..." \n\t\"'-09eE[{}]=:;$>\0"), fc.string({ maxLength: 3 })),
      fc.nat(3),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...good),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        async ([format, text], edits) => {
          let broken = text;
          for (const [at, inserted, removed] of edits) {
            const place = at % (broken.length + 1);
            broken = broken.slice(0, place) + inserted + broken.slice(place + removed);
          }
          const outcome: unknown = await readText(broken, format).catch((error: unknown) => error);
          expect(outcome).toSatisfy((value) => Array.isArray(value) || value instanceof InputError);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("reading", () => {
  it("accepts frames up to the limit of atoms, and beyond it when asked to", async () => {
    const frame = (n: number): string => `${n}\n\n${"H 0 0 0\n".repeat(n)}`;
    const [largest] = await readText(frame(100_000), "xyz");
    expect(largest.atomicNumbers.length).toBe(100_000);
    await expect(readText(frame(3), "xyz", { maxAtoms: 2 })).rejects.toThrow(
      "in:1: a frame of 3 atoms; at most 2 are accepted",
    );
    expect((await readText(frame(3), "xyz", { maxAtoms: 3 })).length).toBe(1);
  });

  it("delivers the good molecules before a bad one, and none that it was not asked for", async () => {
    const text = `${WATER}${WATER}rubbish\n`;
    expect((await readText(text, "xyz", { limit: 2 })).length).toBe(2);
    expect(await readText(text, "xyz", { limit: 0 })).toEqual([]);
    await expect(readText(text, "xyz", { limit: 3 })).rejects.toThrow(/^in:11: /);
  });

  it.skipIf(process.platform !== "linux")(
    "stops in the middle of a file without leaving it open",
    async () => {
      const text = Array.from({ length: 60_000 }, (_, k) => WATER.replace("water", `${Math.sin(k)}`)).join(
        "",
      );
      await writeFile(join(folder, "many.xyz"), text);
      await writeFile(join(folder, "many.xyz.gz"), gzipSync(text, { level: 1 }));
      const openFiles = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
      const before = await openFiles();
      for (const name of ["many.xyz", "many.xyz.gz"]) {
        for (let k = 0; k < 20; k++) {
          expect((await collect(readMolecules(join(folder, name), { limit: 1 }))).length).toBe(1);
        }
      }
      expect(await openFiles()).toBeLessThan(before + 10);
    },
  );

  it("recognises the kind of .xyz and gzip by content, whatever the name says", async () => {
    const path = join(folder, "any.XYZ");
    await writeFile(path, gzipSync("1\nProperties=species:S:1:pos:R:3 e=1\nH 0 0 0\n"));
    expect((await collect(readMolecules(path)))[0].properties).toEqual({ e: 1 });
    expect((await collect(readMolecules(path, { format: "xyz" })))[0].name).toBe(
      "Properties=species:S:1:pos:R:3 e=1",
    );
  });
});

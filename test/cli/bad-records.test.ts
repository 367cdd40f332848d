/** Every verb that reads files of molecules deals alike with a record that cannot be read. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { compile, type Ended } from "./command-line.ts";
import { equimolIn, TINY } from "./tiny-model.ts";

const WATER = {
  name: "water",
  atomicNumbers: Uint8Array.of(8, 1, 1),
  positions: Float64Array.of(0, 0, 0.1173, 0, 0.7572, -0.4692, 0, -0.7572, -0.4692),
  bonds: [
    { i: 0, j: 1, order: 1 },
    { i: 0, j: 2, order: 1 },
  ],
} as const;
const GOOD = formatSdf(WATER);
const BAD = GOOD.replace("water", "spoilt").replace(" O  ", " R# ");

let home: string;
let run: ReturnType<typeof equimolIn>;
beforeAll(() => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-bad-records-"));
  run = equimolIn(home);
  writeFileSync(join(home, "some.sdf"), GOOD + BAD + GOOD);
  const frame = formatExtxyz({ ...WATER, name: undefined });
  writeFileSync(join(home, "some.extxyz"), frame + frame.replace("\nO ", "\nXx ") + frame.repeat(20));
  const ensemble = {
    symbols: ["O", "H", "H"],
    bonds: [
      [0, 1, 1],
      [0, 2, 1],
    ],
    conformers: [[...WATER.positions]],
  };
  writeFileSync(
    join(home, "some.jsonl"),
    `${JSON.stringify(ensemble)}\n{"symbols": null}\n${JSON.stringify(ensemble)}\n`,
  );
  writeFileSync(join(home, "whole.jsonl"), `${JSON.stringify(ensemble)}\n`);
  writeFileSync(join(home, "some.smi"), "O water\n\0\nCO methanol\n");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Case {
  readonly words: readonly string[];
  /** Where the bad record is. */
  readonly line: string;
  /** What the verb makes. */
  readonly made?: string;
}

const VERBS: Readonly<Record<string, Case>> = {
  evaluate: { words: ["evaluate", "some.sdf"], line: "some.sdf:16" },
  "evaluate conformers": {
    words: ["evaluate", "conformers", "whole.jsonl", "some.jsonl", "--no-baselines"],
    line: "some.jsonl:2",
  },
  "conformers of SDF": {
    words: ["conformers", "some.sdf", "-n", "1", "--out", "c.sdf"],
    line: "some.sdf:16",
    made: "c.sdf",
  },
  "conformers of SMILES": {
    words: ["conformers", "some.smi", "-n", "1", "--out", "s.sdf"],
    line: "some.smi:2",
    made: "s.sdf",
  },
  predict: {
    words: ["predict", "--model", "qm9-alpha", "some.sdf", "--out", "p.extxyz"],
    line: "some.sdf:16",
    made: "p.extxyz",
  },
  "data show": { words: ["data", "show", "some.extxyz"], line: "some.extxyz:8" },
  "data import": {
    words: ["data", "import", "some.extxyz", "--name", "some", "--replace"],
    line: "some.extxyz:8",
    made: "data/some",
  },
  simulate: {
    words: ["simulate", "some.extxyz", "--potential=harmonic", "--replicas=2", "--steps=3", "--out", "md"],
    line: "some.extxyz:8",
    made: "md",
  },
  "train edm": {
    words: ["train", "edm", "--data", "some.extxyz", ...TINY, "--set=training.epochs=1", "--out", "run"],
    line: "some.extxyz:8",
    made: "run",
  },
};

describe("a record that cannot be read", () => {
  test.each(Object.entries(VERBS))(
    "is named and counted by %s, which does the others and ends with 2; strict, it refuses the file",
    async (_, { words, line, made }) => {
      const isThere = (): boolean => made !== undefined && existsSync(join(home, made));
      const strict = await run(...words, "--strict", "--json");
      expect([strict.code, strict.stdout]).toEqual([2, ""]);
      expect(strict.stderr).toContain(`${line}: `);
      expect(strict.stderr).not.toContain("passed over");
      expect(isThere()).toBe(false);

      const { code, stdout, stderr }: Ended = await run(...words, "--json");
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(new RegExp(`warning: ${line}: record 2 .*is passed over: `));
      expect(stderr).toContain("1 record was passed over, the others are done; --strict refuses such a file");
      const [file, number] = line.split(":");
      expect(JSON.parse(stdout).skipped).toMatchObject([{ file, record: 2, line: Number(number) }]);
      expect(isThere()).toBe(made !== undefined);
    },
  );

  test("does not shift the numbers of the molecules after it", async () => {
    const { stdout } = await run("predict", "--model", "qm9-alpha", "some.sdf", "--json");
    expect(JSON.parse(stdout).molecules.map(({ index }: { index: number }) => index)).toEqual([1, 3]);
  });

  test("is one of those that a data set remembers to lack", async () => {
    await run("data", "import", "some.extxyz", "--name", "counted", "--json");
    const { code, stdout } = await run("data", "show", "counted", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout).provenance.dropped).toEqual({ unreadable: 1 });
  });

  test("is a warning of its own for the first twenty, and a number for all", async () => {
    writeFileSync(join(home, "many.sdf"), BAD.repeat(30) + GOOD);
    const { code, stderr } = await run("evaluate", "many.sdf", "--quiet");
    expect(code).toBe(2);
    expect(stderr.split("\n").filter((each) => each.startsWith("warning: ")).length).toBe(20);
    expect(stderr).toContain("30 records were passed over");
  });
});

describe("what is read by a guess", () => {
  test.each([
    ["evaluate", ["evaluate", "guess.xyz"]],
    ["simulate", ["simulate", "guess.xyz", "--potential", "harmonic", "--steps", "2", "--out", "guess"]],
    ["conformers", ["conformers", "guess.smi", "-n", "1", "--out", "guess.sdf"]],
  ])("is told by %s, which ends with 0; --strict refuses it", async (_, words) => {
    writeFileSync(join(home, "guess.xyz"), "2\n\nH 0 0 0\nCL 0 0 1.27");
    writeFileSync(join(home, "guess.smi"), "CCO");
    expect((await run(...words, "--strict")).code).toBe(2);
    const { code, stderr } = await run(...words);
    expect(code, stderr).toBe(0);
    if (words[1] === "guess.xyz") expect(stderr).toContain('guess.xyz:4: the element "CL" is taken for Cl');
    expect(stderr).toMatch(/guess\.(xyz:4|smi:1): the last line has no line end/);
  });
});

test("a graph that is too large for RDKit.js is refused, and the next one is read", async () => {
  const rdkit = await loadRdkit();
  expect(() => graphOfSmiles(rdkit, "C".repeat(5000))).toThrow(/5000 atoms; graphs of at most 300 are read/);
  expect(graphOfSmiles(rdkit, "C".repeat(300)).topology.atomicNumbers.length).toBe(902);
  expect(graphOfSmiles(rdkit, "[13CH3][C@@H](Br)Cl").topology.atomicNumbers.length).toBe(8);
});

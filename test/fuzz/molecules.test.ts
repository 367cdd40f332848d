/**
 * Every reader of molecules under damage: what it delivers is sound, what it passes over or refuses is named with file and
 * line, and nothing takes long. EQUIMOL_FUZZ=100000 gives each reader so many inputs (npm run fuzz).
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { requestedMolecules } from "../../src/data/requested-molecules.ts";
import { InputError } from "../../src/errors.ts";
import type { Format } from "../../src/formats/format.ts";
import { jsonEnsembles } from "../../src/formats/json-ensembles.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { type SkippedRecord, skippedText } from "../../src/formats/records.ts";
import { collect } from "../formats/molecules.ts";
import { type Dice, HOSTILE_NUMBERS } from "./mutate.ts";
import { type FuzzTarget, failureText, fuzz, fuzzOptions } from "./run.ts";

const WATER = "O 0.0 0.0 0.1173\nH 0.0 0.7572 -0.4692\nH 0.0 -0.7572 -0.4692\n";
const XYZ = [`3\nwater\n${WATER}`.repeat(3), `3\n17\n${WATER}2\n\nCL 1.0e0 2 3\nD .5 0 0\n`];
const EXTXYZ = [
  `3\nProperties=species:S:1:pos:R:3 energy=-76.4 name="a b"\n${WATER}`.repeat(2),
  '2\nLattice="5 0 0 0 5 0 0 0 5" Properties=pos:R:3:Z:I:1:forces:R:3:tag:S:1:formal_charges:I:1 pbc="T T F" a=[1, 2] "b c"={1 2}\n' +
    '0 0 0 6 0.1 0.2 0.3 "x y" 1\n0 0 1.2 8 -1e-3 0 0 z -1\n',
];
const atomV2000 = (x: string, symbol: string): string =>
  `    ${x}    0.0000    0.0000 ${symbol.padEnd(3)} 0  0\n`;
const SDF = [
  `t\n\n\n  2  1  0  0  0  0            999 V2000\n${atomV2000("0.0000", "C")}${atomV2000("1.2000", "O")}  1  2  3  0\nM  CHG  2   1  -1   2   1\nM  END\n> <a>\n1\n\ntwo\n\n>  25  <b>  (MD-1)\nx\n\n$$$$\n`.repeat(
    2,
  ),
  `t\n  prog    0101260000 2D\n\n  3  2  0  0  0  0            999 V2000\n${atomV2000("0.0000", "C")}${atomV2000("1.2000", "D")}${atomV2000("2.0000", "CL")}  1  2  1  1\n  1  3  1  6\nM  ISO  1   1  13\nM  RAD  1   1   2\nM  END\n$$$$\n`,
];
const V3000 = [
  `t\n\n\n  0  0  0     0  0            999 V3000\n${[
    ...["BEGIN CTAB", "COUNTS 3 2 1 0 0", "BEGIN ATOM", "1 C 0 0 0 0 CHG=-1", "2 O 1.2 0 0 -", "0 CHG=1"],
    ...[
      "7 H 0 1 0 0 MASS=2",
      "END ATOM",
      "BEGIN BOND",
      "1 3 1 2 CFG=1",
      "2 1 1 7",
      "END BOND",
      "BEGIN SGROUP",
    ],
    ...['1 DAT 0 ATOMS=(1 1) FIELDNAME="a b"', "END SGROUP", "END CTAB"],
  ]
    .map((line) => `M  V30 ${line}\n`)
    .join("")}M  END\n> <a>\n1\n\n$$$$\n`.repeat(2),
];
const QM9 = [
  "2\ngdb 1\t1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\nC 0 0 0 -0.1\nO 0 0 1.1 1.2*^-6\n2000 100\nC C\nI I\n",
];
const JSONL = [
  `${JSON.stringify({
    smiles: "O",
    symbols: ["O", "H", "H"],
    bonds: [
      [0, 1, 1],
      [0, 2, 1],
    ],
    charges: [0, 0, 0],
    conformers: [
      [0, 0, 0.1, 0, 0.7, -0.4, 0, -0.7, -0.4],
      [0, 0, 0.2, 0, 0.8, -0.4, 0, -0.7, -0.5],
    ],
  })}\n`.repeat(2),
];
const SMILES = [
  "CCO ethanol\nC[C@H](N)C(=O)O alanine\n# nothing\n[Na+].[Cl-]\nc1ccccc1\tbenzene ring\n",
  "[2H]OC(=O)/C=C/[15NH2]\nF[S](F)(F)(F)(F)F\n*C\n",
];

/** What is wrong with a molecule that was delivered. */
function unsound({
  atomicNumbers,
  positions,
  bonds = [],
  forces,
  isotopes,
  radicals,
}: Molecule): string | undefined {
  const n = atomicNumbers.length;
  if (n === 0 || positions.length !== 3 * n) return `${positions.length} coordinates of ${n} atoms`;
  if (!atomicNumbers.every((z) => z >= 1 && z <= 118)) return `elements ${atomicNumbers}`;
  if (!positions.every((x) => Math.abs(x) <= 1e6)) return `positions ${positions}`;
  if (forces && !(forces.length === 3 * n && forces.every(Number.isFinite))) return `forces ${forces}`;
  if (isotopes?.some((mass) => mass > 400) || radicals?.some((radical) => radical > 3))
    return "marks of atoms";
  const pairs = new Set(bonds.map(({ i, j }) => `${Math.min(i, j)} ${Math.max(i, j)}`));
  const right = bonds.every(
    ({ i, j, order }) => i !== j && i >= 0 && j >= 0 && i < n && j < n && order >= 1 && order <= 4,
  );
  return right && pairs.size === bonds.length ? undefined : `bonds ${JSON.stringify(bonds)}`;
}

interface Outcome {
  readonly molecules: readonly Molecule[];
  readonly skipped: readonly SkippedRecord[];
}

/** A reader that passes over what is bad, and the same one that does not: both must be sound. */
const reader = (name: string, format: Format, seeds: readonly string[]): FuzzTarget<string, Outcome> => ({
  name,
  seeds,
  place: /^in(?::\d+)?: /,
  read: async (input) => {
    const skipped: SkippedRecord[] = [];
    const molecules = await collect(
      parseMolecules(input, {
        format,
        file: "in",
        onSkipped: (record) => skipped.push(record),
        maxAtoms: 10_000,
      }),
    );
    return { molecules, skipped };
  },
  check: ({ molecules, skipped }) => {
    const vague = skipped.find(({ line }) => line === undefined || !(line >= 1));
    if (vague !== undefined) return `no line in ${skippedText(vague)}`;
    return molecules.map(unsound).find((problem) => problem !== undefined);
  },
  damage: crossed,
});

/** Damage to one number or one line alone: the smallest that can slip through. */
function crossed(text: string, random: Dice): string {
  const numbers = [...text.matchAll(/-?\d+(?:\.\d+)?/g)];
  const { index, 0: word } = random.pick(numbers);
  return text.slice(0, index) + random.pick(HOSTILE_NUMBERS) + text.slice(index + word.length);
}

let folder: string;
let rdkit: Rdkit;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "equimol-fuzz-"));
  rdkit = await loadRdkit();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function passes<Result>(target: FuzzTarget<string, Result>, usual: number): Promise<void> {
  const report = await fuzz(target, fuzzOptions(usual));
  expect(failureText(report)).toBe("");
  expect(report.failed).toBe(0);
  if (report.inputs < 100) return; // one input made again
  expect(report.accepted).toBeGreaterThan(report.inputs / 50);
  expect(report.refused).toBeGreaterThan(report.inputs / 50);
}

describe("readers of molecules under damage", () => {
  test("whole inputs are read without a word", async () => {
    const all: readonly (readonly [Format, readonly string[]])[] = [
      ...([
        ["xyz", XYZ.slice(0, 1)],
        ["extxyz", EXTXYZ.slice(0, 1)],
        ["sdf", SDF.slice(0, 1)],
      ] as const),
      ...([
        ["sdf", V3000],
        ["qm9", QM9],
      ] as const),
    ];
    for (const [format, seeds] of all)
      for (const seed of seeds)
        expect(
          (await collect(parseMolecules(seed, { format, file: "in", strict: true }))).length,
        ).toBeGreaterThan(0);
  });

  test("xyz", () => passes(reader("xyz", "xyz", XYZ), 2500));
  test("extxyz", () => passes(reader("extxyz", "extxyz", EXTXYZ), 2500));
  test("sdf", () => passes(reader("sdf", "sdf", SDF), 2500));
  test("v3000", () => passes(reader("v3000", "sdf", V3000), 2500));
  test("qm9", () => passes(reader("qm9", "qm9", QM9), 1500));

  test("jsonl", () =>
    passes(
      {
        name: "jsonl",
        seeds: JSONL,
        place: /^in(?::\d+)?: /,
        damage: crossed,
        read: async (input) => {
          const skipped: SkippedRecord[] = [];
          const onSkipped = (record: SkippedRecord): number => skipped.push(record);
          return { skipped, ensembles: await collect(jsonEnsembles([input], "in", { onSkipped })) };
        },
        check: ({ ensembles, skipped }) =>
          skipped.some(({ line }) => line === undefined)
            ? "no line"
            : ensembles
                .flatMap(({ conformers, ...graph }) =>
                  conformers.map((positions) => unsound({ ...graph, positions })),
                )
                .find((problem) => problem !== undefined),
      },
      2500,
    ));

  test("smiles", () => {
    const file = join(folder, "in.smi");
    return passes(
      {
        name: "smiles",
        seeds: SMILES,
        place: /in\.smi(?::\d+)?: /,
        read: async (input) => {
          writeFileSync(file, input);
          const problems: string[] = [];
          let graphs = 0;
          let failure: unknown;
          for await (const { graph } of requestedMolecules(file, undefined, { onSkipped: () => {} })) {
            try {
              const { topology } = graph(rdkit);
              graphs++;
              const positions = new Float64Array(3 * topology.atomicNumbers.length);
              const problem = unsound({ ...topology, positions });
              if (problem !== undefined) problems.push(problem);
            } catch (error) {
              if (!(error instanceof InputError && error.line !== undefined)) throw error;
              failure = error;
            }
          }
          if (graphs === 0 && failure !== undefined) throw failure;
          return problems;
        },
        check: ([problem]) => problem,
      },
      600,
    );
  });
});

/**
 * kill -9 at random moments of the verbs that take long: what goes on afterwards ends in the bytes of a straight run, and
 * nothing unfinished is left. EQUIMOL_KILLS says how many moments each; EQUIMOL_KILLS_SEED which.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stream } from "../../src/math/random.ts";
import { readSafetensors } from "../../src/platform/node/safetensors.ts";
import { compile } from "../cli/command-line.ts";
import { ENGINE, settings, TINY, writeSmallData } from "../cli/tiny-model.ts";
import { hidden, start } from "./processes.ts";

const KILLS = Number(process.env.EQUIMOL_KILLS ?? 2);
const SEED = Number(process.env.EQUIMOL_KILLS_SEED ?? 1);

let root: string;
const data: Record<string, string> = {};
beforeAll(async () => {
  compile();
  root = mkdtempSync(join(tmpdir(), "equimol-kills-"));
  for (const [name, count] of [
    ["few", 40],
    ["many", 4000],
  ] as const) {
    mkdirSync(join(root, name));
    data[name] = await writeSmallData(join(root, name), count);
  }
  writeFileSync(join(root, "argon.xyz"), "3\n\nAr 0 0 0\nAr 0 0 3.8\nAr 0 3.8 0\n");
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Verb {
  readonly name: string;
  readonly words: readonly string[];
  /** What is given when it goes on; the same words where there is nothing to say. */
  readonly resume: readonly string[] | undefined;
  /** What has to be the same, by name. */
  readonly result: (home: string) => Promise<Readonly<Record<string, unknown>>>;
}

const bytes = (path: string): string => readFileSync(path).toString("base64");
const lines = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { seconds: _, moleculesPerSecond: __, ...figures } = JSON.parse(line) as Record<string, unknown>;
      return figures;
    });

/** Of a run: weights, optimiser, samples and figures; only seconds may differ. */
async function run(home: string): Promise<Record<string, unknown>> {
  const folder = join(home, "run");
  const { tensors } = await readSafetensors(join(folder, "checkpoints/last/state.safetensors"));
  return {
    ...Object.fromEntries(
      ["last", "best"].map((name) => [name, bytes(join(folder, "checkpoints", name, "model.safetensors"))]),
    ),
    ...Object.fromEntries(
      Array.from(tensors, ([name, { data }]) => [name, Buffer.from(data.buffer).toString("base64")]),
    ),
    ...Object.fromEntries(
      readdirSync(join(folder, "samples")).map((name) => [name, bytes(join(folder, "samples", name))]),
    ),
    metrics: lines(join(folder, "metrics.jsonl")),
  };
}

const VERBS: readonly Verb[] = [
  {
    name: "train",
    words: [
      ...["train", "edm", "--data", "DATA", "--out", "run", ...TINY],
      ...settings({ "training.epochs": 30, "training.validateEvery": 10, "training.checkpointSeconds": 0.2 }),
    ],
    resume: ["--resume"],
    result: run,
  },
  {
    name: "lab train",
    words: [
      ...["lab", "train", "ddpm", "--data", "four-points", "--out", "run", "--samples", "50", "--quiet"],
      ...settings({
        "model.hidden": 8,
        "model.steps": 10,
        "model.sampleSteps": 5,
        "data.count": 400,
        "data.test": 100,
        "training.steps": 40,
        "training.validateEvery": 10,
        "training.checkpointSeconds": 0.2,
        "training.batchSize": 32,
      }),
    ],
    resume: ["--resume"],
    result: run,
  },
  {
    name: "sample",
    words: [
      ...["sample", "--model", "MODEL", "-n", "4000", "--steps", "20", "--batch-size", "16"],
      ...["--engine", ENGINE, "--out", "made.extxyz"],
    ],
    resume: undefined,
    result: async (home) => ({ made: bytes(join(home, "made.extxyz")) }),
  },
  {
    name: "data import",
    words: ["data", "import", "BIG", "--name", "mine"],
    resume: undefined,
    result: async (home) => ({
      arrays: bytes(join(home, "data/mine/data.safetensors")),
      info: JSON.parse(readFileSync(join(home, "data/mine/dataset.json"), "utf8")),
    }),
  },
  {
    name: "simulate",
    words: [
      ...["simulate", "ARGON", "--potential", "lennard-jones", "--replicas", "2"],
      ...["--steps", "200000", "--every", "200", "--out", "md"],
    ],
    resume: ["simulate", "--out", "md", "--resume"],
    result: async (home) =>
      Object.fromEntries(
        ["trajectory.extxyz", "observables.jsonl", "final.extxyz", "settings.json"].map((name) => [
          name,
          bytes(join(home, "md", name)),
        ]),
      ),
  },
];

/** Words of a verb with its files; the model of `sample` is that which `train` made. */
const filled = (words: readonly string[]): string[] => {
  const files: Readonly<Record<string, string>> = {
    DATA: data.few,
    BIG: data.many,
    ARGON: join(root, "argon.xyz"),
    MODEL: join(root, "train-straight/run"),
  };
  return words.map((word) => files[word] ?? word);
};

test.each(VERBS)(
  "$name killed at any moment goes on to the bytes of a straight run",
  async ({ name, words, resume, result }) => {
    const home = (kind: string): string => {
      const folder = join(root, `${name.replace(" ", "-")}-${kind}`);
      mkdirSync(folder);
      return folder;
    };
    const straight = home("straight");
    const began = performance.now();
    const whole = await start(straight, filled(words)).ended;
    expect(whole.code, whole.stderr).toBe(0);
    const took = performance.now() - began;
    const expected = await result(straight);

    let cut = 0;
    for (let k = 0; k < KILLS; k++) {
      const folder = home(`killed-${k}`);
      const moment = stream({ seed: SEED, purpose: "test", index: k }).uniform() * took;
      const first = start(folder, filled(words));
      const timer = setTimeout(() => first.kill("SIGKILL"), moment);
      const { signal } = await first.ended;
      clearTimeout(timer);
      if (signal === "SIGKILL") cut++;
      const place = `killed after ${moment.toFixed(0)} of ${took.toFixed(0)} ms`;
      if (signal === "SIGKILL") {
        const again =
          resume === undefined
            ? filled(words)
            : resume[0].startsWith("--")
              ? [...filled(words), ...resume]
              : resume;
        let next = await start(folder, again).ended;
        // Killed before there was anything to go on with: it says that a start is wanted.
        if (next.code === 2 && /leave out --resume|no such folder to resume/.test(next.stderr))
          next = await start(folder, filled(words)).ended;
        // Killed when all was in its place.
        const complete = /has 200000 steps already|exists already/.test(next.stderr);
        expect(complete ? 0 : next.code, `${place}: ${next.stderr}`).toBe(0);
      }
      expect(await result(folder), place).toEqual(expected);
      expect(hidden(folder), place).toEqual([]);
      rmSync(folder, { recursive: true });
    }
    expect(cut).toBeGreaterThan(0);
  },
  60_000 + KILLS * 60_000,
);

test("sampling that was killed goes on with what it had, and says so; other options begin anew", async () => {
  const home = join(root, "sample-goes-on");
  mkdirSync(home);
  const [, , model] = filled(["sample", "--model", "MODEL"]);
  const words = [
    "sample",
    "--model",
    model,
    "-n",
    "6000",
    "--steps",
    "20",
    "--engine",
    ENGINE,
    "--out",
    "made.xyz",
    "--json",
  ];
  const first = start(home, words);
  await first.said("what is made is kept");
  first.kill("SIGKILL");
  await first.ended;
  expect(hidden(home)).toEqual([".made.xyz.lock", ".made.xyz.part", ".made.xyz.part.json"]);
  const { state } = JSON.parse(readFileSync(join(home, ".made.xyz.part.json"), "utf8")) as {
    state: { dealt: number };
  };

  const second = await start(home, words).ended;
  expect(second.stderr).toMatch(/^goes on with [\d,]+ of 6,000 molecules that an interrupted run left$/m);
  expect(JSON.parse(second.stdout)).toMatchObject({ molecules: 6000, first: 0, resumed: state.dealt });
  expect(readdirSync(home)).toEqual(["made.xyz"]);

  writeFileSync(join(home, ".made.xyz.part"), "x".repeat(9));
  writeFileSync(join(home, ".made.xyz.part.json"), JSON.stringify({ identity: "another", bytes: 9, state }));
  const other = await start(home, [...words, "--seed", "1", "-n", "8"]).ended;
  expect(other.stderr).toContain("an interrupted run with other options is there: it is given up");
  expect(JSON.parse(other.stdout)).not.toHaveProperty("resumed");
  expect(readdirSync(home)).toEqual(["made.xyz"]);
});

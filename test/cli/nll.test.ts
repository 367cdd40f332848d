import { appendFileSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, type Ended } from "./command-line.ts";
import { ENGINE, equimolIn, TINY, writeSmallData } from "./tiny-model.ts";

const TERMS = ["prior", "diffusion", "reconstruction", "volume", "size"];

interface Answer {
  readonly nll: {
    readonly mean: number;
    readonly sem: number;
    readonly terms: Readonly<Record<string, number>>;
    readonly termSems: Readonly<Record<string, number>>;
  };
  readonly molecules: number;
  readonly split: string;
}

let home: string;
let run: (...words: readonly string[]) => Promise<Ended>;
beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-nll-"));
  run = equimolIn(home);
  const data = await writeSmallData(home);
  copyFileSync(data, join(home, "valid.extxyz"));
  appendFileSync(join(home, "valid.extxyz"), "1\n\nH 0 0 0\n");
  const made = await run("data", "import", data, "--name", "split", "--valid", "valid.extxyz", "--quiet");
  expect(made.code, made.stderr).toBe(0);
  const trained = await run("train", "edm", "--data", data, "--out", "run", ...TINY, "--quiet");
  expect(trained.code, trained.stderr).toBe(0);
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const evaluate = (...words: readonly string[]): Promise<Ended> =>
  run("evaluate", "--model", "run", "--nll", ...words);
async function likelihood(...words: readonly string[]): Promise<Answer> {
  const { code, stdout, stderr } = await evaluate("--json", `--engine=${ENGINE}`, ...words);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Answer;
}

describe("evaluate --nll", () => {
  test("answers --json with one object of the promised keys", async () => {
    const { code, stdout } = await evaluate("--data", "small.extxyz", "--json", `--engine=${ENGINE}`);
    expect(code).toBe(0);
    expect(stdout.trimEnd().split("\n")).toHaveLength(1);
    const { nll, molecules } = JSON.parse(stdout) as Answer;
    expect(molecules).toBe(40);
    expect(Object.keys(nll).sort()).toEqual(["mean", "sem", "termSems", "terms"]);
    expect(Object.keys(nll.termSems)).toEqual(TERMS);
    expect(Object.keys(nll.terms)).toEqual(TERMS);
    for (const value of [nll.mean, nll.sem, ...Object.values(nll.terms)])
      expect(value).toEqual(expect.any(Number));
    expect(nll.mean).toBeCloseTo(Object.values(nll.terms).reduce((a, b) => a + b));
    expect(nll.sem).toBeGreaterThan(0);
  });

  test("does not depend on the number of threads, and depends on the seed", async () => {
    const [one, two, other] = await Promise.all([
      likelihood("--data", "small.extxyz", "--threads", "1"),
      likelihood("--data", "small.extxyz", "--threads", "2"),
      likelihood("--data", "small.extxyz", "--seed", "1"),
    ]);
    expect(two.nll).toEqual(one.nll);
    expect(other.nll.mean).not.toBe(one.nll.mean);
  });

  test("is the same to 1e-5 by jax-js", async () => {
    const words = ["--data", "small.extxyz", "--limit", "8"];
    const [fast, jax] = await Promise.all([likelihood(...words), likelihood(...words, "--engine", "jax")]);
    expect(Math.abs(jax.nll.mean / fast.nll.mean - 1)).toBeLessThan(1e-5);
  });

  test("takes the last part of a data set that there is, or the one asked for, and its first molecules", async () => {
    const [last, asked] = await Promise.all([
      likelihood("--data", "split", "--limit", "5"),
      likelihood("--data", "split", "--split", "train", "--limit", "7"),
    ]);
    expect(last).toMatchObject({ split: "valid", molecules: 5 });
    expect(asked).toMatchObject({ split: "train", molecules: 7 });
  });

  test("tells a person the terms in nats per molecule", async () => {
    const { stdout, stderr } = await evaluate("--data", "small.extxyz", "--limit", "4", "--quiet");
    expect(stdout).toMatch(
      /^Negative log-likelihood of 4 molecules .* nats per molecule\n +−log p\(x, h, N\) +-?[\d.]+ ± [\d.]+\n/,
    );
    for (const term of TERMS) expect(stdout).toContain(`  ${term} `);
    expect(stderr).toBe("");
  });

  test.concurrent.each<[string, string[], RegExp]>([
    ["without data", [], /^the likelihood takes --model M --nll --data D together, and no files/],
    [
      "an option of molecule files",
      ["--data", "split", "--gallery", "look.html"],
      /^--reference, --gallery and --rule are for molecule files, not for --nll/,
    ],
    ["an unknown data set", ["--data", "nothing"], /^no data set or molecule file "nothing"/],
    [
      "an unknown part",
      ["--data", "split", "--split", "tset"],
      /^--split tset: the data set has train, valid$/m,
    ],
    [
      "molecules of elements that the model does not know",
      ["--data", "iodine.xyz"],
      /^iodine\.xyz: molecule 2: element I is not in the model's set \(H C N\)/,
    ],
  ])("%s is bad input", async (_, words, message) => {
    writeFileSync(join(home, "iodine.xyz"), "1\n\nH 0 0 0\n2\n\nH 0 0 0\nI 0 0 1.6\n");
    const { code, stdout, stderr } = await evaluate(...words);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

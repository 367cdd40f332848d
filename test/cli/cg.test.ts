/** The verbs of coarse-grained models, run as processes on a chain of five beads. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { readMolecules, writeMolecules } from "../../src/platform/node/molecules.ts";
import { configurations } from "../cg/chains.ts";
import { compile, type Ended, equimol } from "./command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "equimol-cg-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const run = (...words: string[]): Promise<Ended> => equimol(words, { cwd: folder });
async function framesIn(file: string): Promise<Molecule[]> {
  const found = [];
  for await (const molecule of readMolecules(path(file))) found.push(molecule);
  return found;
}
const atomicNumbers = Uint8Array.of(6, 7, 6, 6, 7);
const SETTINGS = [
  "network.hidden=8",
  "network.layers=1",
  "training.epochs=25",
  "training.learningRate=0.01",
  "training.warmupSteps=0",
  "training.emaDecay=0.9",
  "training.batchSize=50",
  "validation.samples=10",
  "validation.sampleSteps=5",
].flatMap((setting) => ["--set", setting]);

beforeAll(async () => {
  compile();
  const positions = configurations(200, 5);
  const forces = configurations(200, 5, 2);
  const frames = Array.from({ length: 200 }, (_, k) => ({
    atomicNumbers,
    positions: positions.slice(15 * k, 15 * k + 15),
    forces: forces.slice(15 * k, 15 * k + 15),
  }));
  await writeMolecules(path("frames.extxyz"), frames);
  const four = frames.map((frame) => ({
    atomicNumbers: atomicNumbers.slice(0, 4),
    positions: frame.positions.slice(0, 12),
  }));
  await writeMolecules(path("four.extxyz"), four);
  const trained = await run("train", "cg", "--data", "frames.extxyz", "--out", "made", ...SETTINGS, "--json");
  expect(trained.code, trained.stderr).toBe(0);
  expect(JSON.parse(trained.stdout)).toMatchObject({ run: "made", epoch: 25, steps: 100, finished: true });
  expect(trained.stderr).toMatch(/parameters, 190 frames \(10 for validation\), 100 steps, engine jax/);
  expect(trained.stderr).toMatch(/step 100 \(epoch 25\): loss [\d.]+ {2}torsionDivergence [\d.]+/);
}, 180_000);

/** One line on stderr, exit 2, nothing on stdout. */
function expectBadInput(ended: Ended, line: RegExp): void {
  expect(ended.stderr).toMatch(line);
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  expect(ended.stdout).toBe("");
  expect(ended.code).toBe(2);
}

describe("equimol sample with a coarse-grained model", () => {
  test("writes frames with seed and index, the same whatever else is drawn", async () => {
    const { code, stdout, stderr } = await run(
      ...[
        "sample",
        "--model",
        "made",
        "-n",
        "6",
        "--steps",
        "20",
        "--seed",
        "3",
        "--out",
        "s.extxyz",
        "--json",
      ],
    );
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      frames: 6,
      steps: 20,
      sampler: "ancestral",
      seed: 3,
      lost: 0,
    });
    const all = await framesIn("s.extxyz");
    expect(all.map(({ properties }) => properties?.index)).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...all[0].atomicNumbers]).toEqual([...atomicNumbers]);
    const shard = ["--first", "4", "-n", "2", "--steps", "20", "--seed", "3", "--out", "t.extxyz", "--quiet"];
    await run("sample", "--model", "made", ...shard);
    const tail = await framesIn("t.extxyz");
    expect(tail.map(({ positions }) => positions)).toEqual(all.slice(4).map(({ positions }) => positions));
  });

  test("refuses options of molecules, and more steps than there are", async () => {
    const sample = ["sample", "--model", "made", "--out", "never.extxyz"];
    expectBadInput(await run(...sample, "--temperature", "0.9"), /^--temperature is for models of molecules/);
    expectBadInput(await run(...sample, "--electrons", "even"), /^--electrons is for models of molecules/);
    expectBadInput(
      await run(...sample, "--steps", "5000"),
      /^--steps must be an integer from 1 to 1000, the steps of the model/,
    );
    expect(existsSync(path("never.extxyz"))).toBe(false);
  });
});

describe("equimol simulate with a coarse-grained model", () => {
  const simulate = ["simulate", "--model", "made"];
  test("starts from samples of its own, and its trajectory is compared as such", async () => {
    const words = ["--replicas", "3", "--steps", "20", "--every", "10", "--timestep", "0.5", "--out", "d"];
    const { code, stdout, stderr } = await run(...simulate, ...words, "--json");
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      replicas: 3,
      steps: 20,
      finished: true,
      potential: "cg (noise 0.08 Å)",
      engine: "plain arrays",
    });
    const [first] = await framesIn("d/trajectory.extxyz");
    await run("sample", "--model", "made", "-n", "1", "--out", "first.extxyz", "--quiet");
    expect(first.positions).toEqual((await framesIn("first.extxyz"))[0].positions);
    const compared = await run(
      ...["evaluate", "cg", "d/trajectory.extxyz", "--data", "frames.extxyz", "--json"],
    );
    const { sets, basins } = JSON.parse(compared.stdout);
    expect(sets[0].frames).toBe(9);
    expect(sets[0].transitions).toHaveLength(basins.length);
  });

  test("starts from frames of a file, and says when they are of other beads", async () => {
    const words = ["--steps", "2", "--every", "1", "--replicas", "2", "--noise", "0.2"];
    const good = await run(...simulate, "frames.extxyz", ...words, "--out", "e", "--json");
    expect(JSON.parse(good.stdout), good.stderr).toMatchObject({ potential: "cg (noise 0.2 Å)" });
    expectBadInput(
      await run(...simulate, "four.extxyz", ...words, "--out", "f"),
      /^four\.extxyz: the model knows the beads C N C C N, got C N C C$/m,
    );
    expect(existsSync(path("f"))).toBe(false);
  });

  test("stops with one line when forces are not finite", async () => {
    const { code, stdout, stderr } = await run(
      ...simulate,
      ...["--steps", "40000", "--timestep", "2000", "--replicas", "2", "--out", "g", "--quiet"],
    );
    expect(stderr).toMatch(/^g: the trajectory exploded before step \d+ .*\n$/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("refuses a noise that is none, and one for what has none", async () => {
    expectBadInput(await run(...simulate, "--noise", "-1", "--out", "h"), /^--noise takes a number/);
    expectBadInput(
      await run("simulate", "frames.extxyz", "--potential", "harmonic", "--noise", "0.1", "--out", "h"),
      /^--noise is the level of a coarse-grained model's force/,
    );
  });
});

describe("equimol evaluate cg", () => {
  test("compares files and forces with data, and draws them", async () => {
    const { code, stdout, stderr } = await run(
      ...["evaluate", "cg", "frames.extxyz", "--data", "frames.extxyz", "--model", "made"],
      ...["--figure", "picture", "--json"],
    );
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer.sets).toHaveLength(1);
    expect(answer.sets[0]).toMatchObject({ frames: 200, freeEnergyError: 0 });
    expect(answer.sets[0].divergence).toEqual({ phiPsi: 0, phi: 0, psi: 0 });
    expect(answer.sets[0].basins).toEqual(answer.basins.map(({ share }: { share: number }) => share));
    expect(answer.forces).toMatchObject({ components: 3000, noise: 0.08 });
    expect(readFileSync(path("picture.svg"), "utf8")).toMatch(/^<svg/);
    expect(readFileSync(path("picture.png")).subarray(1, 4).toString()).toBe("PNG");
  });

  test("says what does not fit", async () => {
    const words = ["evaluate", "cg", "--data", "frames.extxyz"];
    expectBadInput(await run(...words, "four.extxyz"), /frame 1: beads C N C C, expected C N C C N/);
    expectBadInput(await run("evaluate", "cg", "--data", "four.extxyz"), /^φ and ψ need 5 beads; .* 4$/m);
    expectBadInput(await run(...words, "--noise", "0.1"), /add --model$/m);
    expectBadInput(await run("evaluate", "cg"), /^--data is required/);
  });

  test("leaves the verb above it as it was: a word that is no verb is a file", async () => {
    expectBadInput(await run("evaluate", "missing.sdf"), /missing\.sdf/);
    const help = await run("evaluate", "--help");
    expect(help.stdout).toMatch(/FILES…/);
    expect(help.stdout).toMatch(/^ {2}cg {2}/m);
  });
});

describe("equimol train cg", () => {
  test("names the wrong key", async () => {
    const words = ["train", "cg", "--data", "frames.extxyz", "--out", "never"];
    expectBadInput(await run(...words, "--set", "network.hiden=8"), /did you mean "hidden"\?/);
    expectBadInput(
      await run(...words, "--set", "schedule.kind=learned"),
      /a predefined schedule is expected/,
    );
  });
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { moleculesOf } from "../../src/data/molecule-set.ts";
import { type GeometricModelConfig, networkOf } from "../../src/models/geometric/config.ts";
import { saveGeometric } from "../../src/models/geometric/folder.ts";
import { geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { readMolecules, writeMolecules } from "../../src/platform/node/molecules.ts";
import { collect } from "../formats/molecules.ts";
import { smallDataset } from "../train/small-data.ts";
import { compile, type Ended } from "./command-line.ts";
import { ENGINE, equimolIn, settings, TINY } from "./tiny-model.ts";

let home: string;
let run: (...words: readonly string[]) => Promise<Ended>;
const path = (name: string): string => join(home, name);

/** A property network of the atoms' references alone: 10 a0³ for each atom. */
async function saveJudge(folder: string, property: string): Promise<void> {
  const config: GeometricModelConfig = {
    kind: "property",
    format: 1,
    network: { kind: "painn", hidden: 8, layers: 1, radial: { kind: "bessel", count: 4, cutoff: 3 } },
    output: { property, unit: "a0³", pooling: "sum", scale: 1e-6, references: [10, 10, 10], offset: 0 },
    elements: [1, 6, 7],
    provenance: {},
  };
  await saveGeometric(folder, {
    config,
    parameters: initialParameters(geometricLayout(networkOf(config)), 1),
  });
}

beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-condition-"));
  run = equimolIn(home);
  const molecules = [...moleculesOf(smallDataset(60).train)].map((molecule, index) =>
    index % 3 === 0
      ? molecule
      : { ...molecule, properties: { alpha: 10 * molecule.atomicNumbers.length + (index % 5) } },
  );
  await writeMolecules(path("labelled.extxyz"), molecules);
  await writeMolecules(path("plain.extxyz"), moleculesOf(smallDataset(20).train));
  const words = ["train", "edm", "--data", "labelled.extxyz", "--quiet", ...TINY];
  const plain = await run(...words, "--out", "plain");
  expect(plain.code, plain.stderr).toBe(0);
  const trained = await run(
    ...words,
    "--init",
    "plain",
    "--out",
    "run",
    ...settings({ "condition.properties": "[alpha]" }),
  );
  expect(trained.code, trained.stderr).toBe(0);
  await saveJudge(path("judge"), "alpha");
  await saveJudge(path("other"), "gap");
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const FEW = [`--engine=${ENGINE}`, "--steps=4", "--quiet"];
async function answered(...words: readonly string[]): Promise<Ended> {
  const ended = await run(...words, ...FEW);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}
const molecules = (name: string) => collect(readMolecules(path(name)));

describe("sample --condition", () => {
  test("asks every molecule for the value, and writes it beside the molecule", async () => {
    for (const out of ["a.extxyz", "a.sdf"]) {
      await answered("sample", "--model", "run", "--condition", "alpha=44", "-n", "3", "--out", out);
      const targets = (await molecules(out)).map(({ properties }) => Number(properties?.target_alpha));
      expect(targets).toEqual([44, 44, 44]);
    }
  });

  test("without a value draws it with the size; none asks for nothing", async () => {
    await answered("sample", "--model", "run", "-n", "4", "--out", "drawn.extxyz");
    const drawn = await molecules("drawn.extxyz");
    for (const { properties, atomicNumbers } of drawn)
      expect(Math.abs(Number(properties?.target_alpha) - 10 * atomicNumbers.length - 2)).toBeLessThan(3);
    await answered("sample", "--model", "run", "-n", "2", "--condition", "none", "--out", "none.extxyz");
    expect((await molecules("none.extxyz")).map(({ properties }) => properties?.target_alpha)).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("sweeps a range at fixed noise in one command, with its picture", async () => {
    const { stdout } = await answered(
      "sample",
      "--model",
      "run",
      "--condition",
      "alpha=40..52",
      "--frames",
      "3",
      "--fixed-noise",
      "--json",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      out: "sweep-alpha.sdf",
      picture: "sweep-alpha.svg",
      molecules: 3,
      condition: { alpha: { from: 40, to: 52, frames: 3, fixedNoise: true } },
      guidance: 0,
    });
    const frames = await molecules("sweep-alpha.sdf");
    expect(frames.map(({ properties }) => Number(properties?.target_alpha))).toEqual([40, 46, 52]);
    expect(new Set(frames.map(({ atomicNumbers }) => atomicNumbers.length)).size).toBe(1);
    const picture = readFileSync(path("sweep-alpha.svg"), "utf8");
    expect(picture.match(/<circle /g)).toHaveLength(3 * frames[0].atomicNumbers.length);
    for (const value of [40, 46, 52]) expect(picture).toContain(`alpha ${value}</text>`);
    await answered(
      "sample",
      "--model",
      "run",
      "--condition",
      "alpha=40..52",
      "--frames",
      "2",
      "-n",
      "2",
      "--guidance",
      "1",
      "--out",
      "s.xyz",
      "--picture",
      "s.png",
    );
    expect(await molecules("s.xyz")).toHaveLength(4);
    expect([...readFileSync(path("s.png")).subarray(1, 4)]).toEqual([...Buffer.from("PNG")]);
  });

  test("warns of a value far from the training data with their range, and goes on", async () => {
    const { stderr } = await answered(
      "sample",
      "--model",
      "run",
      "--condition",
      "alpha=400",
      "-n",
      "1",
      "--out",
      "far.sdf",
    );
    expect(stderr).toMatch(
      /^warning: alpha=400 is far from what the model was trained on: 99 % of those molecules have alpha from 4\d\S* to 5\d\S*, all from 4\d to 5\d\n$/,
    );
  });
});

describe("evaluate --condition", () => {
  const words = ["evaluate", "--model", "run", "--judge", "judge", "--data", "labelled.extxyz"];

  test("prints the judge's error on generated molecules beside the yardsticks", async () => {
    const { stdout } = await answered(...words, "--condition", "alpha", "--limit", "5", "--json");
    const { yardsticks, generated, ...facts } = JSON.parse(stdout);
    expect(facts).toMatchObject({
      property: "alpha",
      judge: "judge (painn)",
      guidance: 0,
      steps: 4,
      seed: 0,
    });
    // The judge says 10 N; labels are 10 N + 0 … 4, shuffled ones those of either size.
    expect(yardsticks.real.mae).toBeGreaterThan(1);
    expect(yardsticks.real.mae).toBeLessThan(3);
    expect(yardsticks.sizeOnly.mae).toBeLessThan(yardsticks.shuffled.mae);
    expect(yardsticks.real.molecules).toBe(20);
    expect(generated.all.molecules).toBe(5);
    const text = await answered(...words, "--condition", "alpha", "--limit", "5");
    for (const row of ["labels shuffled", "#atoms only", "generated", "real molecules"])
      expect(text.stdout).toContain(row);
  });

  test("of a range measures the response to a sweep", async () => {
    const { stdout } = await answered(
      ...words,
      "--condition",
      "alpha=40..52",
      "--frames",
      "3",
      "--limit",
      "2",
      "--json",
    );
    const { sweep } = JSON.parse(stdout);
    expect(
      sweep.frames.map(({ asked, molecules }: { asked: number; molecules: number }) => [asked, molecules]),
    ).toEqual([
      [40, 2],
      [46, 2],
      [52, 2],
    ]);
    expect(typeof sweep.monotone).toBe("boolean");
    const text = await answered(...words, "--condition", "alpha=40..52", "--frames", "3", "--limit", "2");
    expect(text.stdout).toContain("rank correlation of the means");
  });
});

describe("bad input ends with 2 and one line:", () => {
  const sampling = ["sample", "--out", "OWN.sdf", "--model"];
  const evaluating = ["evaluate", "--data", "labelled.extxyz", "--judge", "judge", "--model"];
  const training = ["train", "edm", "--out", "OWN", ...TINY];
  test.concurrent.each<[string, string[], string | RegExp]>([
    [
      "an unknown property",
      [...sampling, "run", "--condition", "alfa=80"],
      'the model is not conditioned on "alfa" (did you mean alpha?); it is on alpha',
    ],
    [
      "an unconditional model",
      [...sampling, "plain", "--condition", "alpha=80"],
      "the model is not conditioned on anything, so it cannot be asked for alpha",
    ],
    [
      "guidance of an unconditional model",
      [...sampling, "plain", "--guidance", "1"],
      "--guidance needs a conditional model; this one is not",
    ],
    [
      "guidance without a condition",
      [...sampling, "run", "--condition", "none", "--guidance", "1"],
      "--guidance strengthens a condition",
    ],
    [
      "no value",
      [...sampling, "run", "--condition", "alpha"],
      "--condition alpha: expected PROPERTY=VALUE, PROPERTY=FROM..TO or none",
    ],
    [
      "a value that is no number",
      [...sampling, "run", "--condition", "alpha=x"],
      '--condition alpha takes a number; got "x"',
    ],
    [
      "a property twice",
      [...sampling, "run", "--condition", "alpha=1", "--condition", "alpha=2"],
      "alpha was given already",
    ],
    [
      "frames without a sweep",
      [...sampling, "run", "--condition", "alpha=80", "--frames", "3"],
      "--frames and --fixed-noise belong to a sweep",
    ],
    ["a picture without a sweep", [...sampling, "run", "--picture", "a.svg"], "--picture draws a sweep"],
    [
      "a picture of another format",
      [...sampling, "run", "--condition", "alpha=40..50", "--picture", "a.gif"],
      "ends in .svg or .png",
    ],
    ["no place to write to", ["sample", "--model", "run"], "--out is required"],
    [
      "a property that the data lacks",
      [...training, "--data", "labelled.extxyz", "--set=condition.properties=[gap]"],
      /no training molecule of "labelled\.extxyz" has the property "gap".*; it has alpha/,
    ],
    [
      "data without labels",
      [...training, "--data", "plain.extxyz", "--set=condition.properties=alpha"],
      'the molecules of "plain.extxyz" have no properties; a condition needs labelled data',
    ],
    [
      "a half that there is not",
      [...training, "--data", "labelled.extxyz", "--set=condition.half=third"],
      "condition.half",
    ],
    [
      "a judge of another property",
      ["evaluate", "--model", "run", "--condition", "alpha", "--judge", "other"],
      "the judge other predicts gap, not alpha",
    ],
    [
      "a judge that is none",
      ["evaluate", "--model", "run", "--condition", "alpha", "--judge", "plain"],
      /this model generates molecules: equimol sample/,
    ],
    [
      "a condition of evaluate that is one value",
      [...evaluating, "run", "--condition", "alpha=80"],
      "expected a property, whose values are drawn from the training data, or a range",
    ],
    [
      "a condition of evaluate without a model",
      ["evaluate", "--condition", "alpha"],
      "--condition takes --model M, and no files",
    ],
    [
      "a judge without a condition",
      ["evaluate", "a.sdf", "--judge", "judge"],
      "--judge is for --model M --condition P",
    ],
  ])("%s", async (name, words, message) => {
    // They run at once, and what is being written is held by a lock.
    const own = name.replaceAll(" ", "-");
    const { code, stdout, stderr } = await run(...words.map((word) => word.replace(/^OWN/, own)));
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });
});

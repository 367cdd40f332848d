import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readEnsembles } from "../../src/data/ensembles.ts";
import { geoDiffConfigSchema, geoDiffNetwork } from "../../src/models/geodiff/config.ts";
import { saveConformerModel } from "../../src/models/geodiff/folder.ts";
import { geoDiffLayout } from "../../src/nets/geodiff/geodiff.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { compile, type Ended, equimol } from "./command-line.ts";

const folder = mkdtempSync(join(tmpdir(), "equimol-conformers-"));
const model = join(folder, "model");
const file = (name: string, text = ""): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const out = join(folder, "out.sdf");
const conformers = (input: string, ...more: readonly string[]): Promise<Ended> =>
  equimol([
    "conformers",
    input,
    "--model",
    model,
    "--out",
    out,
    "-n",
    "2",
    "--steps",
    "3",
    "--any-stereo",
    ...more,
  ]);

beforeAll(async () => {
  compile();
  const config = geoDiffConfigSchema.parse({
    kind: "conformers",
    format: 1,
    network: { hidden: 32, localLayers: 1, globalLayers: 1 },
    schedule: { kind: "polynomial", steps: 50 },
    parameterisation: "alignment",
    elements: [1, 6, 7, 8],
  });
  const parameters = initialParameters(geoDiffLayout(geoDiffNetwork(config)), 1);
  await saveConformerModel(model, config, parameters);
}, 240_000);

test("a SMILES becomes as many records as asked for, with bonds, the same for the same seed", async () => {
  const { code, stdout } = await conformers("CCO", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ molecules: 1, conformers: 2, seed: 0, steps: 3, failed: [] });
  const [ensemble] = await readEnsembles(out);
  expect(ensemble.conformers).toHaveLength(2);
  expect(ensemble.bonds).toHaveLength(8);
  const first = readFileSync(out, "utf8");
  await conformers("CCO");
  expect(readFileSync(out, "utf8")).toBe(first);
  await conformers("CCO", "--seed", "1");
  expect(readFileSync(out, "utf8")).not.toBe(first);
});

test("a temperature takes noise away, and samplers without noise refuse it", async () => {
  expect((await conformers("CCO", "--temperature", "0")).code).toBe(0);
  const cold = readFileSync(out, "utf8");
  await conformers("CCO");
  expect(readFileSync(out, "utf8")).not.toBe(cold);
  const { code, stderr } = await conformers("CCO", "--temperature", "0.5", "--sampler", "ddim");
  expect([code, stderr.trim().split("\n").length]).toEqual([2, 1]);
  expect(stderr).toContain("ddim adds none here");
});

test("a model of another kind says which command takes it", async () => {
  const words = [
    ["sample", "--model", model, "--out", out],
    ["conformers", "CCO", "--model", "qm9-fast", "--out", out],
    ["conformers", "CCO", "--model", "ala2-cg", "--out", out],
  ];
  const ends = await Promise.all(words.map((each) => equimol(each)));
  expect(ends.map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(ends[0].stderr).toContain("makes conformers of a given molecule: equimol conformers SMILES");
  expect(ends[1].stderr).toContain("generates molecules: equimol sample");
  expect(ends[2].stderr).toContain("coarse-grained molecule: equimol sample or simulate");
});

test("in a file of many, the good ones come out and the exit code says that some failed", async () => {
  const input = file("many.smi", "CCO ethanol\n\n# a comment\nCC(=O broken\nCN amine\nC.C two\n");
  const { code, stdout, stderr } = await conformers(input, "--json");
  expect(code).toBe(2);
  expect(stderr).toContain("many.smi:4: ");
  expect(stderr).toContain("2 fragments");
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({ molecules: 2, conformers: 4 });
  expect(result.failed).toHaveLength(2);
  expect((await readEnsembles(out)).map(({ name }) => name)).toEqual(["ethanol", "amine"]);
});

test("what was made can be measured and made again from the file, as many as it has times two", async () => {
  await conformers("CCO");
  const reference = file("reference.sdf", readFileSync(out, "utf8"));
  expect((await conformers(reference, "-n", "2x")).code).toBe(0);
  const [ensemble] = await readEnsembles(out);
  expect(ensemble.conformers).toHaveLength(4);
  const { code, stdout } = await equimol(["evaluate", "conformers", out, reference, "--json"]);
  expect(code).toBe(0);
  const { generated, rules, noise, missing } = JSON.parse(stdout);
  expect(generated).toMatchObject({ molecules: 1, generated: 4 });
  expect([rules.molecules, noise.molecules, missing]).toEqual([1, 1, []]);
});

test("processing says what was there before and after", async () => {
  const { code, stdout } = await conformers("CCO", "--relax", "--prune", "0.5", "--rank");
  expect(code).toBe(0);
  for (const step of ["generated", "relaxed", "pruned", "ranked"]) expect(stdout).toContain(step);
});

describe("bad input is one line and exit code 2", () => {
  test.each([
    ["CC(=O)Oc1ccccc1C(=O)O)", /position 22/],
    ["CCO.CC", /2 fragments/],
    ["C[CH2]", /radical/],
    ["C[Si](C)(C)C", /Si is not in the model's set \(H C N O\)/],
    ["C".repeat(60), /182 atoms with hydrogens; at most 150/],
    ["", /nothing is there/],
  ])("%s", async (smiles, reason) => {
    const { code, stdout, stderr } = await conformers(smiles);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).toMatch(reason);
  });

  const sdf =
    "x\n\n\n  2  0  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 O   0  0\n    1.0000    0.0000    0.0000 H   0  0\nM  END\n$$$$\n";
  const mismatch = JSON.stringify({
    smiles: "CO",
    symbols: ["O", "H", "H"],
    bonds: [
      [0, 1, 1],
      [0, 2, 1],
    ],
    conformers: [[0, 0, 0, 1, 0, 0, 0, 1, 0]],
  });
  test.each([
    ["empty.smi", "", /holds no SMILES/],
    ["empty.sdf", "", /is empty/],
    ["bare.sdf", sdf, /record 1 has no bonds/],
    ["wrong.jsonl", `${mismatch}\n`, /atoms \(H2O\) are not those of the SMILES \(CH4O\)/],
    ["nan.jsonl", mismatch.replace("[[0,0,0", "[[null,0,0"), /finite numbers/],
  ])("%s", async (name, text, reason) => {
    const { code, stderr } = await conformers(file(name, text));
    expect(code).toBe(2);
    expect(stderr).toMatch(reason);
  });
});

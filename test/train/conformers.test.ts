import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readEnsembles } from "../../src/data/ensembles.ts";
import { fromMolecules } from "../../src/data/molecule-set.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { bondedMolecules } from "../../src/train/conformers/data.ts";
import { conformerSettingsSchema } from "../../src/train/conformers/settings.ts";
import { HELD_OUT, heldOutEnsembles, trainConformers } from "../../src/train/conformers/train.ts";
import { methane, molecule } from "../chem/molecules.ts";
import { smallDataset } from "./small-data.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "equimol-train-conformers-"));
const settings = conformerSettingsSchema.parse({
  network: { hidden: 32, localLayers: 1, globalLayers: 1 },
  schedule: { kind: "polynomial", steps: 100 },
  data: { perEnsemble: 4, heldOut: 0.5 },
  training: { epochs: 6, batchSize: 20, learningRate: 3e-3, emaDecay: 0.9, logEvery: 5 },
  validation: 10,
});
const losses = (out: string): number[] =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter((line) => line.validation !== undefined)
    .map((line) => line.validation.loss);
const parameters = async (out: string): Promise<Float32Array> =>
  (await loadConformerModel(join(out, "checkpoints", "last"))).parameters;

describe.each(["alignment", "chain-rule"] as const)("%s", (parameterisation) => {
  test("training lowers the loss of molecules that were not seen", async () => {
    const training = { ...settings.training, epochs: 30, learningRate: 6e-3 };
    const options = { settings: { ...settings, parameterisation, training }, data: smallDataset(120) };
    const [out, barely] = [folder(), folder()];
    await trainConformers({ ...options, out: barely, maxSeconds: 0 }); // stops after its first step
    await trainConformers({ ...options, out });
    expect(losses(out).at(-1)).toBeLessThan(0.7 * losses(barely)[0]);
  });
});

test("a run that was interrupted goes on as if it had not been", async () => {
  const [whole, parted] = [folder(), folder()];
  const options = { settings, data: smallDataset(80) };
  await trainConformers({ ...options, out: whole });
  const abort = new AbortController();
  await trainConformers({
    ...options,
    out: parted,
    signal: abort.signal,
    onProgress: ({ step }) => step === 7 && abort.abort(),
  });
  expect(await parameters(parted)).not.toEqual(await parameters(whole));
  await trainConformers({ ...options, out: parted, resume: true });
  expect(await parameters(parted)).toEqual(await parameters(whole));
});

test("ensembles that are held out lie in the run's folder, and are those of the seed", async () => {
  const out = folder();
  const water = molecule("O 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0");
  const bonds = [1, 2].map((j) => ({ i: 0, j, order: 1 as const }));
  const ensembles = ["a", "b"].map((name) => ({
    ...water,
    name,
    bonds,
    conformers: [water.positions, water.positions],
  }));
  const short = { ...settings, training: { ...settings.training, epochs: 1 } };
  await trainConformers({ settings: short, data: smallDataset(40), ensembles, out });
  const [held] = heldOutEnsembles(2, 0.5, 0);
  const [found, ...more] = await readEnsembles(join(out, HELD_OUT));
  expect([found.name, found.conformers.length, more.length]).toEqual([ensembles[held].name, 2, 0]);
});

test("molecules whose bonds fit no valence, and those in pieces, are dropped and counted", () => {
  const twice = molecule("O 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\nO 9 0 0\nH 9.96 0 0\nH 8.76 0.93 0");
  const bare = molecule("C 0 0 0\nC 1.5 0 0");
  const { molecules, dropped } = bondedMolecules(fromMolecules([methane(), twice, bare]), 100);
  expect(molecules).toHaveLength(1);
  expect(dropped).toEqual({ inconsistent: 1, fragmented: 1, tooLarge: 0 });
  expect(bondedMolecules(fromMolecules([methane()]), 4).dropped.tooLarge).toBe(1);
});

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { datasetInfo } from "../../src/data/dataset-info.ts";
import { halfOf, labelled } from "../../src/data/halves.ts";
import { fromMolecules, type MoleculeSet, moleculesOf, setSize } from "../../src/data/molecule-set.ts";
import type { Dataset } from "../../src/data/store.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { loadEdm } from "../../src/models/edm/folder.ts";
import { checkSettings, mergeSettings, parseAssignment } from "../../src/train/config-file.ts";
import {
  conditionOf,
  generatorsPart,
  labelledByAll,
  trainingItems,
} from "../../src/train/edm/conditional-data.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { type TrainEdmOptions, trainEdm } from "../../src/train/edm/train.ts";
import { maxDifference } from "../shared.ts";
import { smallDataset } from "./small-data.ts";

/** The small data, every second pair of molecules with a label: 60 + index. */
function labelledDataset(count: number): Dataset {
  const molecules = [...moleculesOf(smallDataset(count).train)].map((molecule, index) =>
    index % 4 < 2
      ? { ...molecule, properties: { alpha: 60 + index, mu: index % 4 === 0 ? 1 + index / 10 : Number.NaN } }
      : molecule,
  );
  const train = fromMolecules(molecules);
  const provenance = { command: "test", sources: [], options: {}, dropped: {} };
  const info = datasetInfo({
    name: "small",
    train,
    sha256: "0".repeat(64),
    units: { alpha: "a0³" },
    provenance,
  });
  return { info, train, valid: undefined, test: undefined };
}
const data = labelledDataset(100);

const settingsWith = (...assignments: string[]) =>
  checkSettings(
    edmSettingsSchema,
    mergeSettings(...assignments.map((each) => parseAssignment(each))),
    "test",
  );
const condition = (...assignments: string[]) =>
  settingsWith("condition.properties=[alpha]", ...assignments.map((each) => `condition.${each}`)).condition;
const alphas = (set: MoleculeSet): number[] =>
  [...(set.properties.alpha ?? [])].filter((value) => !Number.isNaN(value));

describe("the generator's part of the data", () => {
  const judges = halfOf(labelled(data.train, "alpha"), "first");
  const judged = new Set([...judges].map((i) => data.train.properties.alpha[i]));

  test("has no molecule of the judge's half, the other half, and all that have no label", () => {
    const part = generatorsPart(data.train, condition(), "small");
    expect(setSize(part)).toBe(75);
    expect(alphas(part)).toHaveLength(25);
    expect(alphas(part).some((alpha) => judged.has(alpha))).toBe(false);
  });

  test("is the other half with half=first, everything with half=all, only the labelled without unlabelled", () => {
    expect(
      alphas(generatorsPart(data.train, condition("half=first"), "small")).every((a) => judged.has(a)),
    ).toBe(true);
    expect(setSize(generatorsPart(data.train, condition("half=all"), "small"))).toBe(100);
    expect(setSize(generatorsPart(data.train, condition("unlabelled=false"), "small"))).toBe(25);
    expect(generatorsPart(data.train, settingsWith().condition, "small")).toBe(data.train);
  });

  test("gives labelled molecules as often as repeat says, all others once", () => {
    const part = generatorsPart(data.train, condition(), "small");
    const counts = new Map<number, number>();
    for (const i of trainingItems(part, condition("repeat=3"))) counts.set(i, (counts.get(i) ?? 0) + 1);
    const own = new Set(labelledByAll(part, ["alpha"]));
    expect([...counts].every(([i, count]) => count === (own.has(i) ? 3 : 1))).toBe(true);
    expect(counts.size).toBe(75);
  });

  test("with two properties has its labels from the molecules that have both, and leaves out either judge's half", () => {
    const both = settingsWith("condition.properties=[alpha, mu]").condition;
    const part = generatorsPart(data.train, both, "small");
    expect([...labelledByAll(part, both.properties)].every((i) => part.properties.mu[i] > 0)).toBe(true);
    const judgesOfMu = halfOf(labelled(data.train, "mu"), "first");
    const theirs = new Set([...judgesOfMu].map((i) => data.train.properties.alpha[i]));
    expect(alphas(part).some((alpha) => theirs.has(alpha) || judged.has(alpha))).toBe(false);
  });

  test.each([
    [
      condition("half=second"),
      fromMolecules([...moleculesOf(smallDataset(4).train)]),
      'the molecules of "x" have no properties',
    ],
    [
      settingsWith("condition.properties=[alfa]").condition,
      data.train,
      'no training molecule of "x" has the property "alfa" (did you mean alpha?); it has alpha, mu',
    ],
    [
      condition(),
      labelledDataset(2).train,
      'a single molecule of "x" is left with alpha; with few labels use them all: set condition.half to all',
    ],
  ])("that cannot be is an error", (settings, set, message) => {
    expect(() => generatorsPart(set, settings, "x")).toThrow(message);
  });
});

describe("what the model knows of its condition", () => {
  const part = generatorsPart(data.train, condition(), "small");
  const found = conditionOf(part, condition(), data.info);

  test("are mean, mean absolute deviation and range of the generator's labels, and their counts by size", () => {
    const values = alphas(part);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const mad = values.reduce((sum, value) => sum + Math.abs(value - mean), 0) / values.length;
    expect(found.properties[0]).toMatchObject({
      name: "alpha",
      unit: "a0³",
      min: Math.min(...values),
      max: Math.max(...values),
    });
    expect(found.properties[0].mean).toBeCloseTo(mean, 10);
    expect(found.properties[0].mad).toBeCloseTo(mad, 10);
    expect(found.joint.reduce((sum, row) => sum + row[2], 0)).toBe(25);
    expect(new Set(found.joint.map(([size]) => size))).toEqual(new Set([4, 5]));
  });

  test("keeps the normalisation of the model that training starts from, which must be of the same properties", () => {
    const before = {
      ...found,
      properties: [{ ...found.properties[0], mean: 1, mad: 2 }] as typeof found.properties,
    };
    expect(conditionOf(part, condition(), data.info, before).properties[0]).toMatchObject({
      mean: 1,
      mad: 2,
    });
    const other = settingsWith("condition.properties=[mu]").condition;
    expect(() => conditionOf(part, other, data.info, before)).toThrow(
      "the model to start from is conditioned on alpha, the settings on mu; they must agree",
    );
  });
});

describe("training a conditional model", () => {
  const root = mkdtempSync(join(tmpdir(), "equimol-conditional-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const tiny = [
    "network={hidden: 16, layers: 1, coordsRange: 3, normalizationFactor: 4}",
    "schedule.steps=100",
    "training={batchSize: 16, epochs: 2, learningRate: 0.005, emaDecay: 0.9, logEvery: 4}",
    "validation={molecules: 8, samples: 2, sampleSteps: 3}",
  ];
  const settings = settingsWith(...tiny, "condition={properties: [alpha], repeat: 2, dropout: 0.3}");
  const options = (out: string): TrainEdmOptions => ({
    settings,
    data,
    out: join(root, out),
    openEngine: (config) => openEngine({ denoiser: config }),
  });
  const bytes = (out: string): Buffer => readFileSync(join(root, out, "checkpoints/last/model.safetensors"));

  test("goes on bit for bit after an interruption", async () => {
    await trainEdm(options("straight"));
    const abort = new AbortController();
    const onProgress = ({ step }: { readonly step: number }): void => {
      if (step === 5) abort.abort();
    };
    await trainEdm({ ...options("broken"), signal: abort.signal, onProgress });
    await trainEdm({ ...options("broken"), resume: true });
    expect(bytes("broken").equals(bytes("straight"))).toBe(true);
    const { config } = await loadEdm(join(root, "straight/checkpoints/best"));
    expect(config.condition?.properties[0].name).toBe("alpha");
    const { half, labelled: count } = config.provenance.condition as { half: string; labelled: number };
    expect(half).toBe("second");
    expect(count).toBe(config.condition?.joint.reduce((sum, row) => sum + row[2], 0));
  });

  test("learns something else when labels are hidden more often", async () => {
    const hidden = { ...settings, condition: { ...settings.condition, dropout: 1 } };
    await trainEdm({ ...options("hidden"), settings: hidden });
    const { network } = await loadEdm(join(root, "hidden/checkpoints/last"));
    const straight = await loadEdm(join(root, "straight/checkpoints/last"));
    expect(network).not.toEqual(straight.network);
  });

  test("starts from an unconditional model, and goes on from a conditional one", async () => {
    const plain = { ...settings, condition: settingsWith().condition };
    await trainEdm({ ...options("plain"), settings: plain, maxSeconds: 0 });
    const teacher = await loadEdm(join(root, "plain/checkpoints/last"));
    const still = { ...settings, training: { ...settings.training, learningRate: 1e-30, weightDecay: 0 } };
    await trainEdm({ ...options("pupil"), settings: still, init: teacher, maxSeconds: 0 });
    const pupil = await loadEdm(join(root, "pupil/checkpoints/last"));
    const width = 3 + 1 + 1; // types of H C N, charge, time
    for (let row = 0; row < 16; row++) {
      const [before, after] = [
        teacher.network.subarray(row * width),
        pupil.network.subarray(row * (width + 2)),
      ];
      expect(after.subarray(0, width)).toEqual(before.subarray(0, width));
      for (const channel of [width, width + 1]) expect(Math.abs(after[channel])).toBeLessThan(1e-20);
    }
    await trainEdm({ ...options("next"), settings: still, init: pupil, maxSeconds: 0 });
    const next = await loadEdm(join(root, "next/checkpoints/last"));
    expect(maxDifference(next.network, pupil.network)).toBeLessThan(1e-20);
    await expect(trainEdm({ ...options("back"), settings: plain, init: pupil })).rejects.toThrow(
      "the model to start from is conditioned on alpha, the settings on nothing",
    );
  });
});

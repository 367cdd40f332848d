import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import { loadLabModel } from "../../src/lab/models/lab-folder.ts";
import { labPreset, labSettingsSchema } from "../../src/lab/train/settings.ts";
import { type TrainLabOptions, trainLab } from "../../src/lab/train/train.ts";
import { mergeSettings } from "../../src/train/config-file.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-lab-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const kind = labKind("ddpm");
const settings = labSettingsSchema(kind).parse(
  mergeSettings(labPreset(kind, "two-moons", "points"), {
    model: { hidden: 32, blocks: 1, timeFeatures: 16, sampler: "ddim", sampleSteps: 10, likelihoodTimes: 10 },
    training: { batchSize: 128, epochs: 4, logEvery: 10, validateEvery: 20 },
    data: { count: 2000, test: 500 },
  }),
);
const data = await loadLabData("two-moons", labDataSchema.parse({ count: 2000, test: 500 }));
const options = (out: string, changes: Partial<TrainLabOptions> = {}): TrainLabOptions => ({
  model: "ddpm",
  settings,
  data,
  out: join(root, out),
  ...changes,
});
const weights = (out: string): Buffer => readFileSync(join(root, out, "checkpoints/last/model.safetensors"));

describe("a model of the lab", () => {
  test("that is interrupted and resumed ends in the same bytes as a straight run", async () => {
    const straight = await trainLab(options("straight"));
    expect(straight).toMatchObject({ finished: true, steps: 60 });
    const abort = new AbortController();
    const stop = ({ step }: { readonly step: number }): void => {
      if (step === 23) abort.abort();
    };
    expect(await trainLab(options("broken", { signal: abort.signal, onProgress: stop }))).toMatchObject({
      interrupted: true,
      steps: 23,
    });
    await trainLab(options("broken", { resume: true }));
    expect(weights("broken").equals(weights("straight"))).toBe(true);
  });

  test("comes back from its folder and samples: row i is the same however many there are", async () => {
    const { model, parameters, config } = await loadLabModel(join(root, "straight/checkpoints/last"));
    expect(config).toMatchObject({ model: "ddpm", shape: { kind: "points", dimension: 2 } });
    const many = await model.sample(parameters, 20, 7);
    const few = await model.sample(parameters, 5, 7);
    expect(few).toEqual(many.slice(0, 10));
    expect(many.every(Number.isFinite)).toBe(true);
    expect(await model.sample(parameters, 5, 8)).not.toEqual(few);
  });

  test("is chosen on validation rows: test rows are not looked at", async () => {
    const nowhere = data.test.map(() => Number.NaN);
    await trainLab(options("blind", { data: { ...data, test: nowhere } }));
    const best = (out: string): Buffer => readFileSync(join(root, out, "checkpoints/best/model.safetensors"));
    expect(best("blind").equals(best("straight"))).toBe(true);
    const loss = (out: string): unknown =>
      JSON.parse(
        readFileSync(join(root, out, "metrics.jsonl"), "utf8")
          .trim()
          .split("\n")
          .at(-1) ?? "",
      ).validation;
    expect(loss("blind")).toEqual(loss("straight"));
    await trainLab(options("others", { data: { ...data, valid: data.test } }));
    expect(loss("others")).not.toEqual(loss("straight"));
    expect(weights("others").equals(weights("straight"))).toBe(true);
  });

  test("that diverges stops and says at which step", async () => {
    const wild = { ...settings, training: { ...settings.training, learningRate: 1e30 } };
    await expect(trainLab(options("wild", { settings: wild }))).rejects.toThrow(
      /^step \d+: the .* is not finite/,
    );
    expect(existsSync(join(root, "wild/failure.json"))).toBe(true);
  });

  test.each([
    [
      "a number that is none",
      (rows: Float32Array) => rows.fill(Number.NaN, 7, 8),
      "row 3 has NaN in column 1",
    ],
    ["one point again and again", (rows: Float32Array) => rows.fill(0.5), "all 2000 rows are the same"],
  ])("refuses %s", async (_, spoil, message) => {
    const train = spoil(data.train.slice());
    await expect(trainLab(options("refused", { data: { ...data, train } }))).rejects.toThrow(message);
  });
});

test("the reference recipe is the one of the literature, whatever the starting settings are", () => {
  const {
    model,
    training,
    data: rows,
  } = labSettingsSchema(kind).parse(labPreset(kind, "two-moons", "points", "reference"));
  expect(model).toMatchObject({ hidden: 256, steps: 1000, schedule: "linear", loss: "simple" });
  expect(training).toMatchObject({ batchSize: 256, learningRate: 1e-3, decay: "none", epochs: 100 });
  expect(Math.floor((rows.count ?? 0) / training.batchSize) * training.epochs).toBe(19_500);
  expect(() => labPreset(labKind("maf"), "two-moons", "points", "reference")).toThrow(
    'unknown preset "reference"; maf has none',
  );
});

test("unknown models and data are told what there is", async () => {
  expect(() => labKind("ddmp")).toThrow(
    /^unknown model "ddmp"; did you mean ddpm\? there are .*energy, ddpm/,
  );
  await expect(loadLabData("two-mons", labDataSchema.parse({}))).rejects.toThrow(
    'unknown data "two-mons"; did you mean two-moons? there are two-moons, eight-gaussians',
  );
});

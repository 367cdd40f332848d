import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  checkSettings,
  mergeSettings,
  parseAssignment,
  readConfigFile,
  readSettings,
  type Settings,
} from "../../src/train/config-file.ts";
import { edmSettingsSchema, PRESETS } from "../../src/train/edm/settings.ts";
import { forceFieldSettingsSchema } from "../../src/train/geometric/settings.ts";
import { learningRateAt, trainingSchema } from "../../src/train/schema.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-config-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const check = (settings: Settings): unknown => checkSettings(edmSettingsSchema, settings, "run.yaml");

describe("settings", () => {
  test("defaults are the paper's QM9 model", () => {
    const settings = checkSettings(edmSettingsSchema, {}, "none");
    expect(settings.network).toMatchObject({
      kind: "egnn",
      hidden: 256,
      layers: 9,
      attention: true,
      tanh: true,
      coordsRange: 15,
      normConstant: 1,
      aggregation: "sum",
    });
    expect(settings.schedule).toEqual({ kind: "polynomial", power: 2, precision: 1e-5, steps: 1000 });
    expect(settings.features.normalization).toEqual([1, 4, 10]);
    expect(settings.training).toMatchObject({
      batchSize: 64,
      learningRate: 1e-4,
      emaDecay: 0.9999,
      weightDecay: 1e-12,
      amsgrad: true,
      clipping: "adaptive",
    });
  });

  test("every preset is valid", () => {
    for (const { settings } of Object.values(PRESETS)) expect(() => check(settings)).not.toThrow();
  });

  test("a typo names the key and the nearest known one", () => {
    expect(() => check({ training: { batchsize: 3 } })).toThrow(
      'run.yaml: unknown key "training.batchsize"; did you mean "batchSize"?',
    );
    expect(() => check({ netwrok: {} })).toThrow('unknown key "netwrok"; did you mean "network"?');
    expect(() => check({ schedule: { kind: "polynomial", powr: 2 } })).toThrow(
      'unknown key "schedule.powr"; did you mean "power"?',
    );
  });

  test("a wrong type names the key", () => {
    expect(() => check({ network: { hidden: "wide" } })).toThrow("run.yaml: network.hidden: ");
    expect(() => check({ training: { clipping: "sometimes" } })).toThrow("training.clipping");
    expect(() => check({ features: { normalization: [1, 2] } })).toThrow("features.normalization");
  });

  test("later settings go over earlier ones, key by key; another kind of schedule replaces", () => {
    const merged = mergeSettings(
      { network: { hidden: 8, layers: 2 }, schedule: { kind: "polynomial", power: 3 } },
      parseAssignment("network.hidden=16"),
      { schedule: { kind: "cosine" } },
    );
    expect(merged).toEqual({ network: { hidden: 16, layers: 2 }, schedule: { kind: "cosine" } });
  });

  test("another kind of network replaces the settings of the network", () => {
    const settings = { network: { kind: "schnet", filters: 8, radial: { kind: "gaussian" } } };
    const merged = mergeSettings(settings, parseAssignment("network.kind=dimenet++"));
    expect(merged).toEqual({ network: { kind: "dimenet++" } });
    expect(forceFieldSettingsSchema.parse(merged).network.radial.kind).toBe("bessel");
  });

  test("a kind of network that takes the same settings keeps them", () => {
    const settings = { network: { kind: "egnn", hidden: 8 } };
    expect(mergeSettings(settings, parseAssignment("network.kind=gnn"))).toEqual({
      network: { kind: "gnn", hidden: 8 },
    });
  });

  test("a schedule without its kind is the paper's; settings given before the kind stay", () => {
    const schedule = (...assignments: string[]): unknown =>
      readSettings(edmSettingsSchema, { assignments }).schedule;
    const paper = { kind: "polynomial", power: 2, precision: 1e-5 };
    expect(schedule("schedule.steps=500")).toEqual({ ...paper, steps: 500 });
    expect(schedule("schedule.steps=500", "schedule.kind=cosine")).toEqual({ kind: "cosine", steps: 500 });
  });

  test("of several sources the one at fault is named, with its line", () => {
    const [good, bad] = ["good.yaml", "fault.yaml"].map((name) => join(root, name));
    writeFileSync(good, "training:\n  epochs: 3\n");
    writeFileSync(bad, "# here\ntraining:\n  seed: 1\n  epochs: soon\n");
    const read = (files: string[], assignments: string[] = []): unknown =>
      readSettings(edmSettingsSchema, { files, assignments, named: (option) => `<${option}>` });
    expect(() => read([good, bad])).toThrow(`${bad}:4: training.epochs: `);
    expect(() => read([good], ["training.seed=1", "training.sead=1"])).toThrow(
      '<set> training.sead=1: unknown key "training.sead"; did you mean "seed"?',
    );
    expect(() => read([], ["training.seed=[1"])).toThrow("<set> training.seed=[1: ");
    expect(read([good], ["training.epochs=4"])).toMatchObject({ training: { epochs: 4 } });
  });

  test("broken YAML is an error with its line", () => {
    const file = join(root, "bad.yaml");
    writeFileSync(file, "training:\n  epochs: 3\n  seed: [1, 2\n");
    expect(() => readConfigFile(file)).toThrow(/bad\.yaml:\d+: /);
    expect(() => readConfigFile(join(root, "none.yaml"))).toThrow("none.yaml: cannot be read");
    expect(() => parseAssignment("epochs")).toThrow("expected key=value");
  });
});

test("the learning rate warms up linearly and decays to nothing", () => {
  const config = trainingSchema.parse({ learningRate: 1, warmupSteps: 10, decay: "cosine" });
  expect(learningRateAt(config, 0, 110)).toBeCloseTo(0.1);
  expect(learningRateAt(config, 9, 110)).toBeCloseTo(1);
  expect(learningRateAt(config, 60, 110)).toBeCloseTo(0.5);
  expect(learningRateAt(config, 110, 110)).toBeCloseTo(0);
  expect(learningRateAt({ ...config, decay: "linear" }, 35, 110)).toBeCloseTo(0.75);
});

/** Folders and configurations that are damaged or ask for too much are refused in one line, at once, before memory is taken. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { parseSafetensors, type Tensor } from "../../src/formats/safetensors.ts";
import { loadCg } from "../../src/models/cg/folder.ts";
import { findModel, loadEdm } from "../../src/models/edm/folder.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { loadGeometric } from "../../src/models/geometric/folder.ts";
import { readSafetensors, writeSafetensors } from "../../src/platform/node/safetensors.ts";
import { mergeSettings, parseAssignment, parseConfig, readSettings } from "../../src/train/config-file.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { describeModel } from "../../src/workflows/node/info.ts";
import { simulateToFolder } from "../../src/workflows/node/simulate-to-folder.ts";
import { trainEdmRun } from "../../src/workflows/node/train.ts";
import { ROOT } from "../cli/command-line.ts";
import { writeSmallData } from "../cli/tiny-model.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-damaged-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The message, which comes within two seconds of processor time and 300 MB. */
async function refusal(work: () => unknown): Promise<string> {
  const [began, before] = [process.cpuUsage(), process.memoryUsage.rss()];
  const error: unknown = await (async () => work())().then(
    () => new Error("it was accepted"),
    (reason: unknown) => reason,
  );
  const { user, system } = process.cpuUsage(began);
  expect(error).toBeInstanceOf(InputError);
  expect((error as Error).message).not.toContain("\n");
  expect((user + system) / 1e6).toBeLessThan(2);
  expect(process.memoryUsage.rss() - before).toBeLessThan(300e6);
  return (error as Error).message;
}

type Config = Record<string, unknown> & { network: Record<string, unknown> };
/** A copy of a shipped model with another configuration. */
function altered(model: string, change: (config: Config) => void): string {
  const folder = join(root, `${model}-${Math.random().toString(36).slice(2)}`);
  cpSync(join(ROOT, "models", model), folder, { recursive: true });
  const file = join(folder, "config.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as Config;
  change(config);
  writeFileSync(file, JSON.stringify(config));
  return folder;
}

describe("a configuration that asks for too much", () => {
  const models: [string, (folder: string) => unknown, string[]][] = [
    [
      "qm9-fast",
      loadEdm,
      ["network.layers", "network.hidden", "network.sublayers", "schedule.steps", "sampling.steps"],
    ],
    ["rmd17-ethanol-painn", loadGeometric, ["network.layers", "network.hidden", "network.radial.count"]],
    [
      "conformers",
      loadConformerModel,
      ["network.localLayers", "network.globalLayers", "network.hidden", "schedule.steps"],
    ],
    ["ala2-cg", loadCg, ["network.layers", "network.hidden", "schedule.steps"]],
  ];
  const cases = models.flatMap(([model, load, keys]) => keys.map((key) => [model, key, load] as const));
  test.each(cases)(
    "%s: %s is refused by its name, also by info; one that fits the limits, by the tensors",
    async (model, key, load) => {
      const set = (value: number) => (config: Config) => {
        const path = key.split(".");
        let node = config as Record<string, unknown>;
        for (const name of path.slice(0, -1)) {
          node[name] ??= { sampler: "churn" };
          node = node[name] as Record<string, unknown>;
        }
        node[path[path.length - 1]] = value;
      };
      for (const value of [1e9, 1e15, -1, 0.5]) {
        const folder = altered(model, set(value));
        expect(await refusal(() => load(folder))).toContain(`config.json: ${key}: `);
      }
      if (!key.startsWith("network.") || key === "network.radial.count") return;
      const folder = altered(model, set(key.includes("ayers") ? 200 : 16_000));
      expect(await refusal(() => load(folder))).toMatch(/model\.safetensors: tensor "[\w.]+" is/);
    },
  );

  test("nested without end, with a key twice, without sizes, of a kind that objects have anyway", async () => {
    const deep = join(root, "deep");
    mkdirSync(deep);
    const write = (text: string): void => writeFileSync(join(deep, "config.json"), text);
    for (const [text, message] of [
      [
        `{"kind":"edm","provenance":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
        /nested deeper than 64 levels/,
      ],
      [`${"[".repeat(1_000_000)}`, /cannot be read/],
      ['{"kind":"edm","kind":"cg"}', /the key "kind" is given twice/],
      ['{"kind":"toString"}', /config\.json: /],
      ['{"kind":"__proto__"}', /config\.json: /],
      ['{"kind":["edm"]}', /config\.json: /],
      ["null", /config\.json: /],
      ["", /cannot be read/],
    ] as const) {
      write(text);
      expect(await refusal(() => loadEdm(deep))).toMatch(message);
      expect(await refusal(() => describeModel(deep))).toMatch(/config\.json: |safetensors/);
    }
    expect(
      await refusal(() => loadEdm(altered("qm9-fast", (config) => Object.assign(config, { sizes: {} })))),
    ).toContain("sizes: no size of a molecule is given");
    expect(
      await refusal(() =>
        loadEdm(altered("qm9-fast", (config) => Object.assign(config, { sizes: { 99999999: 1 } }))),
      ),
    ).toContain("sizes: molecules of more than 100000 atoms");
    expect(
      await refusal(() =>
        loadEdm(altered("qm9-fast", (config) => Object.assign(config, { elements: [1, 6, 6] }))),
      ),
    ).toContain("elements: an element is named twice");
  });

  test("names that every object has are names like any other", async () => {
    for (const name of ["toString", "constructor", "__proto__", "hasOwnProperty"]) {
      expect(await refusal(() => findModel(name))).toContain(`model "${name}" not found`);
      expect(await refusal(() => readSettings(edmSettingsSchema, { assignments: [`${name}=1`] }))).toContain(
        `unknown key "${name}"`,
      );
      expect(
        await refusal(() =>
          readSettings(edmSettingsSchema, {
            files: [{ file: "in", text: `network: {${name}: {layers: 1}}\n` }],
          }),
        ),
      ).toContain(`unknown key "network.${name}"`);
    }
    const merged = mergeSettings(
      { network: {} },
      parseAssignment("__proto__.polluted=1"),
      parseConfig({ file: "in", text: "__proto__: {polluted: 1}\n" }),
    );
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect((merged as Record<string, unknown>).polluted).toBeUndefined();
  });

  test("YAML nested without end, or with aliases of aliases", async () => {
    for (const text of [
      `${"[".repeat(20_000)}${"]".repeat(20_000)}`,
      `a: ${"{b: ".repeat(5000)}1${"}".repeat(5000)}`,
      "- ".repeat(3000),
      `a: &a [x]\n${Array.from({ length: 26 }, (_, k) => `b${k}: &b${k} [*${k === 0 ? "a" : `b${k - 1}`}, *${k === 0 ? "a" : `b${k - 1}`}]`).join("\n")}`,
    ])
      await refusal(() => parseConfig({ file: "in", text }));
  });
});

describe("a run whose files are damaged", () => {
  let data: string;
  const run = join(root, "run");
  const set = [
    {
      network: { hidden: 8, layers: 1 },
      schedule: { steps: 20 },
      training: { epochs: 1, batchSize: 16 },
      validation: { molecules: 4, samples: 0 },
    },
  ];
  beforeAll(async () => {
    data = await writeSmallData(root);
    await trainEdmRun({ data, out: run, set });
  });
  const copy = (): string => {
    const out = join(root, `run-${Math.random().toString(36).slice(2)}`);
    cpSync(run, out, { recursive: true });
    return out;
  };
  const resume = (out: string) => () =>
    trainEdmRun({ data, out, resume: true, set: [{ training: { epochs: 2 } }] });

  test("names the tensor that holds NaN", async () => {
    for (const name of ["parameters", "ema", "secondMoment", "clipQueue"]) {
      const out = copy();
      const file = join(out, "checkpoints/last/state.safetensors");
      const { tensors, metadata } = await readSafetensors(file);
      const changed = new Map<string, Tensor>(tensors);
      const tensor = changed.get(name) as Tensor & { readonly data: Float32Array };
      changed.set(name, { ...tensor, data: tensor.data.map((x, k) => (k === 0 ? Number.NaN : x)) } as Tensor);
      await writeSafetensors(file, changed, metadata);
      expect(await refusal(resume(out))).toContain(
        `${file}: tensor "${name}" has values that are not finite; the checkpoint is damaged`,
      );
    }
  });

  test("says which file is a folder, or no JSON", async () => {
    const metrics = copy();
    rmSync(join(metrics, "metrics.jsonl"));
    mkdirSync(join(metrics, "metrics.jsonl"));
    expect(await refusal(resume(metrics))).toContain("metrics.jsonl: is a folder");
    const config = copy();
    writeFileSync(join(config, "checkpoints/last/config.json"), "{");
    expect(await refusal(resume(config))).toContain("last/config.json: cannot be read");
    const yaml = copy();
    writeFileSync(join(yaml, "config.yaml"), "network: [");
    expect(await refusal(resume(yaml))).toMatch(/config\.yaml:\d+: /);
  });
});

describe("a simulation whose files are damaged", () => {
  const md = join(root, "md");
  beforeAll(async () => {
    const file = join(root, "argon.xyz");
    writeFileSync(file, "2\n\nAr 0 0 0\nAr 0 0 3.8\n");
    await simulateToFolder({ start: file, potential: "lennard-jones", steps: 40, every: 10, out: md });
  });
  const resume = (change: (folder: string) => unknown) => async () => {
    const out = join(root, `md-${Math.random().toString(36).slice(2)}`);
    cpSync(md, out, { recursive: true });
    await change(out);
    await simulateToFolder({ out, resume: true, steps: 80 });
  };
  const write = (name: string, change: (text: string) => string) => (folder: string) =>
    writeFileSync(join(folder, name), change(readFileSync(join(folder, name), "utf8")));

  test.each<[string, (folder: string) => unknown, RegExp]>([
    [
      "settings that are no JSON",
      write("settings.json", (text) => text.slice(0, 30)),
      /settings\.json: is not JSON/,
    ],
    [
      "settings of more atoms than the start",
      write("settings.json", (text) => text.replace('"replicas":1', '"replicas":3')),
      /settings\.json: start: /,
    ],
    [
      "settings of too many replicas",
      write("settings.json", (text) => text.replace('"replicas":1', '"replicas":1000000000')),
      /settings\.json: replicas: /,
    ],
    [
      "observables that are no JSON",
      write("observables.jsonl", (text) => text.replace("{", "<")),
      /observables\.jsonl:1: is not JSON/,
    ],
    [
      "observables with a key too few",
      write("observables.jsonl", (text) => text.replace('"kinetic"', '"kinetik"')),
      /observables\.jsonl:1: kinetic: /,
    ],
    [
      "observables of other replicas",
      write("observables.jsonl", (text) =>
        text.replace(/"potential":\[[^\]]*\]/, '"potential":[1.000000000000000000000,2.0]'),
      ),
      /observables\.jsonl:1: potential: /,
    ],
    [
      "positions that are NaN",
      async (folder) => {
        const file = join(folder, "state.safetensors");
        const { tensors, metadata } = parseSafetensors(readFileSync(file));
        (tensors.get("positions") as { data: Float64Array }).data[0] = Number.NaN;
        await writeSafetensors(file, tensors, metadata);
      },
      /state\.safetensors: tensor "positions" has values that are not finite; the checkpoint is damaged/,
    ],
  ])("%s: one line with the file", async (_, change, message) => {
    expect(await refusal(resume(change))).toMatch(message);
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fromMolecules, moleculeAt, moleculesOf, setSize } from "../../src/data/molecule-set.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { geometricConfigSchema, networkOf } from "../../src/models/geometric/config.ts";
import { saveGeometric } from "../../src/models/geometric/folder.ts";
import { type GeometricModel, predictProperty } from "../../src/models/geometric/model.ts";
import { geometricLayout } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { withPredictedLabels } from "../../src/train/edm/labeller.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { smallDataset } from "./small-data.ts";

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "equimol-labeller-"));
  await saveGeometric(join(folder, "second"), network("alpha", "second"));
  await saveGeometric(join(folder, "first"), network("alpha", "first"));
  await saveGeometric(join(folder, "mu"), network("mu", "second"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function network(property: string, half: string): GeometricModel {
  const config = geometricConfigSchema.parse({
    kind: "property",
    format: 1,
    network: { kind: "painn", hidden: 16, layers: 1 },
    output: { property, unit: "a0³", pooling: "sum", scale: 2, references: [1, 7, 8], offset: 0.5 },
    elements: [1, 6, 7],
    provenance: { data: { name: "small", half } },
  });
  return { config, parameters: initialParameters(geometricLayout(networkOf(config)), 1) };
}

const train = fromMolecules(
  [...moleculesOf(smallDataset(20).train)].map((molecule, index) =>
    index % 5 === 0 ? { ...molecule, properties: { alpha: 60 + index } } : molecule,
  ),
);
const condition = (labeller: string, rest = {}) =>
  edmSettingsSchema.parse({
    condition: { properties: ["alpha"], labeller: join(folder, labeller), ...rest },
  }).condition;

describe("labels by a network", () => {
  test("are its values where nothing was known; own labels and the set that was given stay", async () => {
    const labelled = await withPredictedLabels(train, condition("second"));
    const model = network("alpha", "second");
    const engine = await openEngine({ atomwise: networkOf(model.config) }, { device: "auto" });
    for (let i = 0; i < setSize(train); i++) {
      const [value] = await predictProperty(model, engine, [moleculeAt(train, i)]);
      expect(labelled.properties.alpha[i]).toBeCloseTo(i % 5 === 0 ? 60 + i : value, 4);
      expect(Number.isNaN(train.properties.alpha[i])).toBe(i % 5 !== 0);
    }
    engine.dispose();
  });

  test("are not taken from a network that saw those of the judge, unless nobody will judge", async () => {
    await expect(withPredictedLabels(train, condition("first"))).rejects.toThrow(
      "was trained on the first half of the labels",
    );
    const labelled = await withPredictedLabels(train, condition("first", { half: "all" }));
    expect(labelled.properties.alpha.some(Number.isNaN)).toBe(false);
  });

  test("of another property are an error", async () => {
    await expect(withPredictedLabels(train, condition("mu"))).rejects.toThrow("predicts mu, not alpha");
  });

  test("without a network change nothing", async () => {
    const { labeller: _, ...rest } = condition("second");
    expect(await withPredictedLabels(train, rest)).toBe(train);
  });
});

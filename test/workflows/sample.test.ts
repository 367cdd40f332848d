import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withBonds } from "../../src/chem/bond-orders.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { InputError } from "../../src/errors.ts";
import { dynamicsConfig } from "../../src/models/edm/config.ts";
import { findModel, loadEdm } from "../../src/models/edm/folder.ts";
import { generate } from "../../src/models/edm/generate.ts";
import type { EdmModel } from "../../src/models/edm/model.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { sampleToFiles } from "../../src/workflows/node/sample-to-files.ts";
import { sample, sampling } from "../../src/workflows/sample.ts";
import type { WorkflowEvent } from "../../src/workflows/workflow.ts";
import { collect } from "../formats/molecules.ts";

let model: EdmModel;
let folder: string;
beforeAll(async () => {
  model = await loadEdm(findModel("qm9-fast"));
  folder = mkdtempSync(join(tmpdir(), "equimol-workflow-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const few = { count: 3, seed: 5, steps: 12 } as const;

describe("what no model can do", () => {
  const named = (option: string): string => `--${option}`;
  test("is blamed, where nothing whole comes of it: exit code 2 and not the model's fault", async () => {
    const conditional = await loadEdm(findModel("qm9-alpha-edm"));
    const wrong: [Parameters<typeof sample>[0], RegExp][] = [
      [{ model, sizes: [70] }, /^--sizes 70, where the training molecules have 3 to 29 atoms: /],
      [{ model: conditional, condition: { alpha: 900 } }, /^--condition alpha=900, where 99 % of those/],
      [{ model: conditional, condition: { alpha: -200 } }, /^--condition alpha=-200, where 99 % of those/],
      [{ model, temperature: 2 }, /^--temperature 2, where 1 is the noise/],
    ];
    for (const [options, message] of wrong) {
      const failure = sample({ ...options, count: 2, seed: 0, steps: 20, named });
      await expect(failure).rejects.toThrow(message);
      await expect(failure).rejects.toBeInstanceOf(InputError);
    }
  });

  test("is not blamed where the model itself is broken", async () => {
    const broken = { ...model, network: model.network.map(() => 1e30) };
    await expect(sample({ model: broken, count: 2, steps: 5, named })).rejects.toThrow(
      /the model is not trained, or broken$/,
    );
  });
});

describe("sampling as a workflow", () => {
  test("makes the molecules of `generate`, sampled as the model recommends", async () => {
    const report = await sample({ model, ...few });
    const engine = await openEngine({ denoiser: dynamicsConfig(model.config) });
    const expected = (await collect(generate(model, engine, few))).flat();
    engine.dispose();
    expect(report.molecules.map(({ molecule }) => molecule)).toEqual(
      expected.map(({ molecule }) => molecule),
    );
    const { sampler, temperature } = model.config.sampling ?? {};
    expect(report).toMatchObject({ count: 3, first: 0, seed: 5, broken: 0 });
    expect(report.sampling).toMatchObject({ sampler, temperature, steps: 12 });
    expect(report.seconds).toBeGreaterThan(0);
  });

  test("says how far it is, from nothing to all", async () => {
    const events: WorkflowEvent[] = [];
    await sample({ model, ...few, onEvent: (event) => events.push(event) });
    const progress = events.filter((event) => event.kind === "progress");
    expect(new Set(progress.map(({ task }) => task))).toEqual(new Set(["sampling"]));
    expect(progress[0].done).toBe(0);
    expect(progress.at(-1)).toMatchObject({ done: 36, total: 36, detail: "3 of 3 molecules" });
    const done = progress.map((event) => event.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  test("leaves an engine that was handed in open, and closes its own", async () => {
    const engine = await openEngine({ denoiser: dynamicsConfig(model.config) });
    const one = await sample({ model, ...few, engine });
    const again = await sample({ model, ...few, engine });
    engine.dispose();
    expect(again.molecules).toEqual(one.molecules);
    await expect(sample({ model, ...few, engine })).rejects.toThrow();
  });

  test("yields a molecule as soon as its batch is done, and can be left early", async () => {
    let last = 0;
    const onEvent = (event: WorkflowEvent): void => {
      if (event.kind === "progress") last = event.done;
    };
    for await (const { index } of sampling({ model, ...few, batchSize: 1, onEvent })) {
      expect(index).toBe(0);
      break;
    }
    expect(last).toBe(12);
  });

  test("stops between two steps when its signal is aborted, with the signal's reason and no file", async () => {
    const abort = new AbortController();
    const reason = new Error("enough");
    let steps = 0;
    const stopped = sampleToFiles({
      model: "qm9-fast",
      ...few,
      out: join(folder, "stopped.sdf"),
      signal: abort.signal,
      onEvent: (event) => {
        if (event.kind === "progress" && event.done > 0 && ++steps === 2) abort.abort(reason);
      },
    });
    await expect(stopped).rejects.toBe(reason);
    expect(steps).toBe(2);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("into files gives the same molecules, with bonds in SDF", async () => {
    const out = join(folder, "molecules.sdf");
    const report = await sampleToFiles({ model: "qm9-fast", ...few, out });
    expect(report).toMatchObject({
      model: "qm9-fast",
      out,
      molecules: 3,
      seed: 5,
      first: 0,
      lost: 0,
      broken: 0,
    });
    const { molecules } = await sample({ model, ...few });
    const read = await collect(readMolecules(out));
    read.forEach((molecule, i) => {
      const { bonds = [] } = withBonds(molecules[i].molecule, "qm9");
      expect(molecule.atomicNumbers).toEqual(molecules[i].molecule.atomicNumbers);
      expect(molecule.bonds?.length).toBe(bonds.length);
    });
  });

  test("names options as its caller writes them", async () => {
    const named = (option: string): string => `<${option}>`;
    const wrong = sample({ model, sampler: "ancestral", churnFrom: 1, named });
    await expect(wrong).rejects.toThrow(InputError);
    await expect(wrong).rejects.toThrow(/^<churnFrom> is an option of/);
    await expect(sample({ model, fixedNoise: true })).rejects.toThrow(
      /^frames and fixedNoise belong to a sweep/,
    );
    await expect(sample({ model, condition: { alpha: 80 } })).rejects.toThrow(InputError);
    expect(existsSync(join(folder, "no.sdf"))).toBe(false);
  });

  test("warns of sizes that the model has not learned", async () => {
    const warnings: string[] = [];
    const onEvent = (event: WorkflowEvent): void => {
      if (event.kind === "warning") warnings.push(event.text);
    };
    await sample({ model, count: 1, steps: 2, sizes: [2], onEvent });
    expect(warnings.join("\n")).toMatch(/^sizes 2: the model was trained on molecules of \d+ to \d+ atoms/);
  });
});

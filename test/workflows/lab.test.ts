import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { compareLabModels } from "../../src/workflows/node/lab/compare.ts";
import { measureLabModel } from "../../src/workflows/node/lab/evaluate.ts";
import { drawLabFigure } from "../../src/workflows/node/lab/figure.ts";
import { sampleLabModel } from "../../src/workflows/node/lab/sample.ts";
import { trainLabModel } from "../../src/workflows/node/lab/train.ts";
import { isWhole, recorder, stopping } from "./events.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "equimol-lab-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);

const tiny = {
  model: "ddpm",
  set: [{ data: { count: 1000, test: 200 }, model: { hidden: 16, blocks: 1 } }, "training.epochs=2"],
  samples: 50,
  likelihoodRows: 20,
} as const;

describe("models of the lab", () => {
  test("are trained and measured, sampled and measured again with other settings", async () => {
    const { onEvent, texts, progress } = recorder();
    const trained = await trainLabModel({ ...tiny, out: at("run"), onEvent });
    expect(trained).toMatchObject({ run: at("run"), steps: 6, finished: true, interrupted: false });
    expect(trained.evaluation).toMatchObject({ samples: 50, logLikelihood: { rows: 20 } });
    expect(trained.pictures?.every(existsSync)).toBe(true);
    expect(texts("notice")[0]).toMatch(/parameters, 1,000 rows .*, engine jax/);
    expect(isWhole(progress(), "training")).toBe(true);

    const measuring = { model: at("run"), samples: 50, likelihoodRows: 20 };
    const again = await measureLabModel(measuring);
    expect(again).toMatchObject({ model: at("run"), kind: "ddpm", data: "two-moons", pictures: [] });
    expect(again.evaluation.logLikelihood).toEqual(trained.evaluation?.logLikelihood);
    const other = await measureLabModel({ ...measuring, set: ["model.sampler=ddim", { sampleSteps: 3 }] });
    expect(other.evaluation.slicedWasserstein).not.toEqual(again.evaluation.slicedWasserstein);

    const drawn = recorder();
    const out = at("rows.csv");
    const rows = await sampleLabModel({ model: at("run"), out, count: 7, onEvent: drawn.onEvent });
    expect(rows).toMatchObject({ model: at("run"), kind: "ddpm", out, rows: 7, columns: 2, seed: 0 });
    expect(readFileSync(out, "utf8").trim().split("\n")).toHaveLength(7);
    expect(isWhole(drawn.progress(), "sampling")).toBe(true);
  });

  test("save when training is stopped, without a measurement, and go on", async () => {
    const { reason: _, ...options } = stopping(({ done }) => done === 2);
    const part = await trainLabModel({ ...tiny, out: at("part"), ...options });
    expect(part).toMatchObject({ steps: 2, finished: false, interrupted: true });
    expect(part).not.toHaveProperty("evaluation");
    const rest = await trainLabModel({ ...tiny, set: [], out: at("part"), resume: true });
    expect(rest).toMatchObject({ steps: 6, finished: true });
    expect(rest.evaluation).toBeDefined();
  });

  test("that are sampled or measured stop with the signal's reason and no file", async () => {
    for (const name of ["rows.svg", "rows2.csv"]) {
      const { reason, ...options } = stopping(({ task }) => task === "sampling");
      const stopped = sampleLabModel({ model: at("run"), out: at(name), ...options });
      await expect(stopped).rejects.toBe(reason);
      expect(existsSync(at(name))).toBe(false);
    }
    const { reason, ...options } = stopping(({ task }) => task === "measuring");
    const stopped = measureLabModel({ model: at("run"), picture: at("pictures"), ...options });
    await expect(stopped).rejects.toBe(reason);
    expect(existsSync(at("pictures"))).toBe(false);
  });

  test("are compared; a comparison that is stopped writes none", async () => {
    const words = { models: ["real-nvp", "cold"], seconds: 1, set: ["count=1000", { test: 200 }] };
    const few = { samples: 50, likelihoodRows: 20 };
    const { onEvent, texts, progress } = recorder();
    const report = await compareLabModels({ ...words, ...few, out: at("compare"), onEvent });
    expect(report).toMatchObject({ data: "two-moons", seconds: 1, clock: "wall" });
    expect(report.rows.map(({ model }) => model)).toEqual(words.models);
    expect(report.rows[0]).toMatchObject({ evaluation: { samples: 50 } });
    expect(report.rows[1]).toMatchObject({ problem: expect.stringContaining("cold blurs images") });
    expect(report.kernel?.mean).toBeLessThan(0);
    expect(texts("notice")[0]).toBe("real-nvp: done");
    expect(isWhole(progress(), "comparing")).toBe(true);
    expect(JSON.parse(readFileSync(at("compare/compare.json"), "utf8"))).toEqual(report);

    const { reason, ...options } = stopping(({ detail }) => detail === "real-nvp");
    const stopped = compareLabModels({ ...words, ...few, out: at("stopped"), ...options });
    await expect(stopped).rejects.toBe(reason);
    expect(existsSync(at("stopped/compare.json"))).toBe(false);
  });

  test("a figure that is stopped is not written", async () => {
    const { reason, ...options } = stopping(({ done }) => done === 1);
    const stopped = drawLabFigure({ figure: "divergences", out: at("figure.svg"), ...options });
    await expect(stopped).rejects.toBe(reason);
    expect(existsSync(at("figure.svg"))).toBe(false);
    await expect(drawLabFigure({ figure: "moons", out: "x.svg" })).rejects.toThrow(InputError);
  });
});

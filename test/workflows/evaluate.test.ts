import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeMolecules } from "../../src/platform/node/molecules.ts";
import { conformersToFile } from "../../src/workflows/node/conformers-to-file.ts";
import { evaluateBeads } from "../../src/workflows/node/evaluate-beads.ts";
import { evaluateConformerFiles } from "../../src/workflows/node/evaluate-conformers.ts";
import { configurations } from "../cg/chains.ts";
import { isWhole, recorder, stopping } from "./events.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "equimol-evaluate-"));
  for (const [name, seed] of [
    ["data.extxyz", 1],
    ["other.extxyz", 2],
  ] as const) {
    const positions = configurations(200, 5, seed);
    const frames = Array.from({ length: 200 }, (_, k) => ({
      atomicNumbers: Uint8Array.of(6, 7, 6, 6, 7),
      positions: positions.slice(15 * k, 15 * k + 15),
      properties: { replica: k % 2 },
    }));
    await writeMolecules(at(name), frames);
  }
  await conformersToFile({ molecule: "CCO", count: 2, steps: 5, out: at("ethanol.sdf") });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("frames of beads are compared file by file: themselves are no distance away, others are", async () => {
  const { onEvent, progress } = recorder();
  const files = [at("data.extxyz"), at("other.extxyz")];
  const report = await evaluateBeads({ files, data: files[0], onEvent });
  expect(report.data).toMatchObject({ train: 200, valid: 0 });
  const [same, other] = report.sets;
  expect(same).toMatchObject({ file: files[0], frames: 200, freeEnergyError: 0 });
  expect(same.divergence).toEqual({ phiPsi: 0, phi: 0, psi: 0 });
  expect(other.divergence.phiPsi).toBeGreaterThan(0);
  expect(other.transitions).toHaveLength(report.basins.length);
  expect(report).not.toHaveProperty("floor");
  expect(isWhole(progress(), "comparing")).toBe(true);
});

test("a comparison of beads stops between two files, and draws nothing", async () => {
  const { reason, ...options } = stopping(({ done }) => done === 1);
  const files = [at("data.extxyz"), at("other.extxyz")];
  const stopped = evaluateBeads({ files, data: files[0], figure: at("figure"), ...options });
  await expect(stopped).rejects.toBe(reason);
  expect(existsSync(at("figure.svg"))).toBe(false);
});

test("options of beads are named as their caller writes them", async () => {
  const wrong = evaluateBeads({ data: "x", noise: 0.1, named: (option) => `<${option}>` });
  await expect(wrong).rejects.toThrow(/^<noise> is the level .* add <model>$/);
});

test("conformers of a file cover themselves, and the comparison is reported and can be stopped", async () => {
  const words = { generated: at("ethanol.sdf"), reference: at("ethanol.sdf"), baselines: false };
  const { onEvent, texts, progress } = recorder();
  const report = await evaluateConformerFiles({ ...words, onEvent });
  expect(report.generated).toMatchObject({ molecules: 1, generated: 2 });
  expect(report.generated.matching.recall?.mean).toBeCloseTo(0, 6);
  expect(texts("warning")).toEqual([]);
  expect(isWhole(progress(), "comparing")).toBe(true);
  const { reason, ...options } = stopping(({ done }) => done === 0);
  await expect(evaluateConformerFiles({ ...words, ...options })).rejects.toBe(reason);
});

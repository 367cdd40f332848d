/** `--device webgpu` from the command line, on the GPU or on Chromium's software adapter. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { collect } from "../formats/molecules.ts";
import { webgpu } from "../nets/webgpu.ts";
import { maxDifference } from "../shared.ts";
import { compile, type Ended } from "./command-line.ts";
import { equimolIn, settings, TINY, writeSmallData } from "./tiny-model.ts";

describe.skipIf(!webgpu.available)(`--device webgpu (${webgpu.reason})`, () => {
  let home: string;
  let trained: Ended;
  let run: (...words: readonly string[]) => Promise<Ended>;
  beforeAll(async () => {
    compile();
    home = mkdtempSync(join(tmpdir(), "equimol-webgpu-"));
    run = equimolIn(home);
    const few = settings({ "training.epochs": 1, "validation.samples": 0, "validation.molecules": 1 });
    const data = await writeSmallData(home, 16);
    const words = ["--device=webgpu", "--engine=auto", "--out", "run", "--json"];
    trained = await run("train", "edm", "--data", data, ...TINY, ...few, ...words);
  }, 120_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test("trains, says on what, and exits by itself", async () => {
    expect(trained.code, trained.stderr).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({ finished: true, epoch: 1 });
    expect(trained.stderr).toContain("engine jax (webgpu)");
  });

  test("samples what the CPU samples", async () => {
    const positions = [];
    for (const [name, ...words] of [
      ["gpu.xyz", "--device", "webgpu"],
      ["cpu.xyz", "--engine", "wasm"],
    ]) {
      const common = ["--model", "run", "-n", "2", "--sizes", "4", "--steps", "4", "--seed", "3"];
      const ended = await run("sample", ...common, "--out", name, ...words);
      expect(ended.code, ended.stderr).toBe(0);
      const molecules = await collect(readMolecules(join(home, name)));
      expect(molecules).toHaveLength(2);
      positions.push(molecules.flatMap((molecule) => [...molecule.positions]));
    }
    const largest = Math.max(...positions[1].map(Math.abs));
    expect(maxDifference(positions[0], positions[1])).toBeLessThan(1e-4 * largest);
  });
});

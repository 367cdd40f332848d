/** Training gives the same model, bit for bit, on any number of threads. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nativeStatus } from "../../src/engines/native-addon.ts";
import { compile, equimol } from "./command-line.ts";
import { settings, TINY, writeSmallData } from "./tiny-model.ts";

let home: string;
let data: string;
beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-threads-"));
  data = await writeSmallData(home, 20);
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const engines = [...(nativeStatus().available ? ["native"] : []), "wasm", "jax"];

test.each(engines)("by the engine %s", async (engine) => {
  const models = [];
  for (const threads of engine === "jax" ? ["1", "2"] : ["1", "2", "3"]) {
    const few = settings({ "training.epochs": 1, "validation.samples": 0, "validation.molecules": 1 });
    const words = ["train", "edm", "--data", data, "--out", `${engine}-${threads}`, ...TINY, ...few];
    const ended = await equimol([...words, "--engine", engine, "--threads", threads], {
      cwd: home,
      env: { ...process.env, EQUIMOL_HOME: home },
    });
    expect(ended.code, ended.stderr).toBe(0);
    models.push(readFileSync(join(home, `${engine}-${threads}`, "checkpoints/last/model.safetensors")));
  }
  expect(models[0].length).toBeGreaterThan(1000);
  for (const model of models) expect(model.equals(models[0])).toBe(true);
});

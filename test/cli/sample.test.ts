import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { DEFAULT_MODEL, findModel } from "../../src/models/edm/folder.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { webgpuStatus } from "../../src/platform/prepare.ts";
import { collect } from "../formats/molecules.ts";
import { BIN, compile, type Ended } from "./command-line.ts";
import { ENGINE, equimolIn, TINY, writeSmallData } from "./tiny-model.ts";

let home: string;
let run: (...words: readonly string[]) => Promise<Ended>;
beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-sample-"));
  run = equimolIn(home);
  const data = await writeSmallData(home);
  const trained = await run("train", "edm", "--data", data, "--out", "run", ...TINY, "--quiet");
  expect(trained.code, trained.stderr).toBe(0);
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const path = (name: string): string => join(home, name);
const bytes = (name: string): Buffer => readFileSync(path(name));
const molecules = (name: string): Promise<Molecule[]> => collect(readMolecules(path(name)));
const FEW = [`--engine=${ENGINE}`, "--steps=8", "--quiet"];

/** Samples into a file with the fastest engine in a few steps; later words win. */
async function sampled(out: string, ...words: readonly string[]): Promise<Ended> {
  const ended = await run("sample", "--model", "run", "--out", out, ...FEW, ...words);
  expect(ended.code, ended.stderr).toBe(0);
  return ended;
}

describe("sample", () => {
  beforeAll(() => sampled("whole.extxyz", "-n", "6"));

  test("gives the same bytes for the same seed, and other molecules for another", async () => {
    await Promise.all([
      sampled("again.extxyz", "-n", "6"),
      sampled("other.extxyz", "-n", "6", "--seed", "1"),
    ]);
    expect(bytes("again.extxyz").equals(bytes("whole.extxyz"))).toBe(true);
    const [whole, other] = await Promise.all(["whole.extxyz", "other.extxyz"].map(molecules));
    whole.forEach((molecule, i) => {
      expect(molecule.positions).not.toEqual(other[i].positions);
    });
  });

  test("gives the same bytes with any batch size and number of threads, and in shards", async () => {
    await Promise.all([
      sampled("batches.extxyz", "-n", "6", "--batch-size", "4", "--threads", "1"),
      sampled("a.extxyz", "-n", "1", "--threads", "2"),
      sampled("b.extxyz", "-n", "5", "--first", "1", "--batch-size", "2"),
    ]);
    expect(bytes("batches.extxyz").equals(bytes("whole.extxyz"))).toBe(true);
    expect(Buffer.concat([bytes("a.extxyz"), bytes("b.extxyz")]).equals(bytes("whole.extxyz"))).toBe(true);
  });

  test("takes the sizes in turn, by the index of the molecule", async () => {
    await Promise.all([
      sampled("sizes.xyz", "-n", "4", "--sizes", "4,6,3"),
      sampled("rest.xyz", "-n", "2", "--sizes", "4,6,3", "--first", "2"),
    ]);
    const atoms = (all: Molecule[]): number[] => all.map(({ atomicNumbers }) => atomicNumbers.length);
    expect(atoms(await molecules("sizes.xyz"))).toEqual([4, 6, 3, 4]);
    expect(atoms(await molecules("rest.xyz"))).toEqual([3, 4]);
  });

  test("samples as the model recommends where no sampler is asked for, and as the paper where it does not", async () => {
    cpSync(path("run/checkpoints/best"), path("advised"), { recursive: true });
    const config = JSON.parse(bytes("advised/config.json").toString());
    const sampling = { sampler: "sde-dpm-solver", steps: 9, temperature: 0.5 };
    writeFileSync(path("advised/config.json"), JSON.stringify({ ...config, sampling }));
    const settings = async (...words: string[]): Promise<unknown> => {
      const words_ = ["--model", "advised", "-n", "1", "--out", "advised.xyz", "--json", "--quiet"];
      const { stdout } = await run("sample", `--engine=${ENGINE}`, ...words_, ...words);
      const { sampler, steps, temperature } = JSON.parse(stdout);
      return { sampler, steps, temperature };
    };
    expect(await settings()).toEqual(sampling);
    expect(await settings("--temperature", "1", "--steps", "5")).toEqual({
      sampler: "sde-dpm-solver",
      steps: 5,
      temperature: 1,
    });
    expect(await settings("--sampler", "ancestral")).toEqual({
      sampler: "ancestral",
      steps: 50,
      temperature: 1,
    });
  });

  test("--temperature 0 takes the noise out of the steps and leaves that of the start", async () => {
    await sampled("cold.extxyz", "-n", "2", "--sizes", "4", "--temperature", "0");
    await sampled("cold-other.extxyz", "-n", "2", "--sizes", "4", "--temperature", "0", "--seed", "1");
    await sampled("warm.extxyz", "-n", "2", "--sizes", "4");
    const [cold, other, warm] = await Promise.all(
      ["cold", "cold-other", "warm"].map((name) => molecules(`${name}.extxyz`)),
    );
    expect(cold[0].positions).not.toEqual(warm[0].positions);
    expect(cold[0].positions).not.toEqual(other[0].positions);
    const refused = await run(
      "sample",
      "--model",
      "run",
      "--out",
      "no.xyz",
      "--sampler",
      "ddim",
      "--temperature",
      "0.5",
    );
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--temperature multiplies the noise of the steps; ddim adds none here");
  });

  test.each(["xyz", "sdf", "sdf.gz", "extxyz.gz"])("writes the same molecules as .%s", async (ending) => {
    await sampled(`as.${ending}`, "-n", "6");
    const written = await molecules(`as.${ending}`);
    const whole = await molecules("whole.extxyz");
    const digits = ending.startsWith("sdf") ? 3 : 12;
    expect(written.map(({ name }) => name)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `equimol run seed 0 molecule ${i}`),
    );
    written.forEach((molecule, i) => {
      expect(molecule.atomicNumbers).toEqual(whole[i].atomicNumbers);
      molecule.positions.forEach((x, k) => {
        expect(x).toBeCloseTo(whole[i].positions[k], digits);
      });
      expect(molecule.bonds !== undefined).toBe(ending.startsWith("sdf"));
    });
  });

  test("writes the denoising of the first molecule, whose last frame is that molecule", async () => {
    await sampled("with-chain.extxyz", "-n", "2", "--chain", "chain.extxyz");
    const chain = await molecules("chain.extxyz");
    const [first] = await molecules("whole.extxyz");
    expect(chain).toHaveLength(8 + 1);
    expect(chain.at(-1)?.positions).toEqual(first.positions);
    expect(chain[0].positions).not.toEqual(first.positions);
  });

  test("answers --json with one object and a person with what to do next; --quiet leaves stderr empty", async () => {
    const json = await sampled("json.sdf", "-n", "2", "--sampler", "ddim", "--json");
    expect(json.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      model: "run",
      out: "json.sdf",
      molecules: 2,
      seed: 0,
      sampler: "ddim",
      steps: 8,
      broken: 0,
    });
    const text = await sampled("text.sdf", "-n", "2");
    expect(text.stdout).toMatch(
      /^2 molecules in .* → text\.sdf\nMeasure them with: node \S+equimol\.js evaluate text\.sdf\n$/,
    );
    expect([json.stderr, text.stderr]).toEqual(["", ""]);
  });

  test("gives the same molecules to 1e-3 Å with every engine, with --device cpu and auto", async () => {
    const words = ["-n", "2", "--steps", "4", "--sizes", "4"];
    await Promise.all([
      sampled(`by-${ENGINE}.xyz`, ...words),
      sampled("by-wasm.xyz", ...words, "--engine", "wasm"),
      sampled("by-jax.xyz", ...words, "--engine", "jax", "--device", "cpu"),
      sampled("by-jax-auto.xyz", ...words, "--engine", "jax", "--device", "auto"),
    ]);
    const reference = await molecules("by-jax.xyz");
    for (const other of await Promise.all(
      [`by-${ENGINE}`, "by-wasm", "by-jax-auto"].map((name) => molecules(`${name}.xyz`)),
    )) {
      reference.forEach((molecule, i) => {
        expect(other[i].atomicNumbers).toEqual(molecule.atomicNumbers);
        const apart = molecule.positions.map((x, k) => Math.abs(x - other[i].positions[k]));
        expect(Math.max(...apart)).toBeLessThan(1e-3);
      });
    }
  });

  test("says which sizes the model has not seen, and samples them all the same", async () => {
    const { code, stderr } = await run(
      ...["sample", "--model", "run", "--out", "large.xyz", "-n", "2", "--steps", "2", "--sizes", "4,40"],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/--sizes 40: the model was trained on molecules of \d+ to \d+ atoms/);
    expect((await molecules("large.xyz")).map(({ atomicNumbers }) => atomicNumbers.length)).toEqual([4, 40]);
  });

  test("of a distilled model takes its few steps, and distillation goes on where it stopped", async () => {
    const distill = ["train", "distill", "--teacher", "run", "--json", "--engine", ENGINE];
    const small = ["steps=3", "epochMolecules=32", "training.batchSize=16", "validation.samples=4"];
    const settings = small.flatMap((setting) => ["--set", setting]);
    const whole = await run(...distill, "--out", "few", ...settings, "--set", "training.epochs=2");
    expect(whole.code, whole.stderr).toBe(0);
    expect(JSON.parse(whole.stdout)).toMatchObject({ steps: 4, molecules: 64, finished: true });
    await run(...distill, "--out", "halves", ...settings, "--set", "training.epochs=1");
    const rest = await run(...distill, "--out", "halves", "--resume", "--set", "training.epochs=2");
    expect(rest.code, rest.stderr).toBe(0);
    const weights = (folder: string): Buffer => bytes(`${folder}/checkpoints/last/model.safetensors`);
    expect(weights("halves").equals(weights("few"))).toBe(true);
    const { code, stdout } = await run("sample", "--model", "few", "-n", "3", "--out", "few.xyz", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ sampler: "renoise", steps: 3, temperature: 1, molecules: 3 });
    const conditional = await run("train", "distill", "--teacher", "qm9-alpha-edm", "--out", "never");
    expect(conditional.stderr).toMatch(/^only unconditional models with a fixed schedule can be distilled/);
    expect(conditional.code).toBe(2);
  });

  test("the old name of the shipped model finds the one that took its place", () => {
    expect(findModel("qm9-small")).toBe(findModel(DEFAULT_MODEL));
    expect(findModel("qm9-small")).toMatch(/qm9-fast$/);
  });

  test("that is interrupted leaves the old file, and what it has made to go on from", async () => {
    writeFileSync(path("old.xyz"), "old");
    const words = ["sample", "--model", path("run"), "-n", "1000000", "--out", path("old.xyz")];
    const child = spawn(process.execPath, [BIN, ...words, `--engine=${ENGINE}`], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.on("close", resolve));
    const beside = (): string[] => readdirSync(home).filter((name) => name.startsWith(".old.xyz"));
    await expect.poll(beside, { timeout: 60_000 }).toContain(".old.xyz.part");
    child.kill("SIGTERM");
    expect(await ended).toBe(143);
    expect(bytes("old.xyz").toString()).toBe("old");
    expect([".old.xyz.part", ".old.xyz.part.json"]).toEqual(expect.arrayContaining(beside()));
  }, 90_000);
});

describe("bad input ends sampling with 2, one line on stderr, and no file:", () => {
  beforeAll(() => {
    for (const name of ["cut", "wide", "odd"])
      cpSync(path("run/checkpoints/last"), path(name), { recursive: true });
    truncateSync(path("cut/model.safetensors"), 4000);
    const edited = (name: string, from: string, to: string): void =>
      writeFileSync(path(name), bytes(name).toString().replace(from, to));
    edited("wide/config.json", '"hidden": 16', '"hidden": 32');
    edited("odd/config.json", '"elements": [', '"elements": [200,');
  });

  test.concurrent.each<[string, string[], RegExp]>([
    ["an unknown sampler", ["--sampler", "dimm"], /^--sampler dimm: expected one of ancestral, ddim/],
    [
      "electrons of no parity",
      ["--electrons", "some"],
      /^--electrons some: expected one of even, odd, any$/m,
    ],
    ["an unknown engine", ["--engine", "cuda"], /^--engine cuda: expected one of auto, native, wasm, jax$/m],
    ["an unknown device", ["--device", "gpu"], /^--device gpu: expected one of auto, cpu, webgpu$/m],
    [
      "more steps than the model has",
      ["--sampler", "ancestral", "--steps", "51"],
      /^--steps must be an integer from 1 to 50, the steps of the model's schedule; got 51/,
    ],
    ["no steps", ["--steps", "0"], /^--steps takes an integer from 1 to 100000; got "0"/],
    ["η for a sampler without", ["--eta", "0.5"], /^--eta is an option of ddim, not of churn/],
    [
      "a level outside the schedule",
      ["--sigma-max", "1000"],
      /^--sigma-max must lie above 0.00316 and be at most \d+, the ends of the model's schedule; got 1000/,
    ],
    [
      "churn over levels in the wrong order",
      ["--churn-from", "2", "--churn-to", "1"],
      /^--churn-from must not lie above --churn-to; got 2 and 1/,
    ],
    [
      "a quality that does not exist",
      ["--quality", "great"],
      /^--quality great: expected one of draft, normal, best/,
    ],
    [
      "a quality that was not measured",
      ["--quality", "best"],
      /^no setting of quality "best" was measured for this model; choose --sampler and --steps/,
    ],
    [
      "a quality and a sampler",
      ["--quality", "best", "--sampler", "ddim"],
      /^--quality is a whole setting; leave out --sampler/,
    ],
    ["a size of nothing", ["--sizes", "4,0"], /^--sizes takes an integer from 1 to 1000; got "0"/],
    ["no threads", ["--threads", "0"], /^--threads takes an integer of at least 1; got "0"/],
    ["an unknown model", ["--model", "qm8"], /^model "qm8" not found \(did you mean "qm9"\?\)/],
    ["a truncated model", ["--model", "cut"], /^cut\/model\.safetensors: truncated/],
    [
      "a model with tensors of other shapes",
      ["--model", "wide"],
      /^wide\/model\.safetensors: tensor ".*" is F32 \[16.*\], expected F32 \[32/,
    ],
    ["a model with a broken config.json", ["--model", "odd"], /^odd\/config\.json: elements\.0: /],
    [
      "a name without a format",
      ["--out", "a.pdb"],
      /^a\.pdb: the name does not tell the format; name it .*\.sdf/,
    ],
    ["a format that is only read", ["--out", "a.mol"], /^a\.mol: this format is only read/],
    [
      "a folder that is not there",
      ["--out", "no/a.sdf"],
      /^no\/a\.sdf: cannot be written: its folder does not exist/,
    ],
    [
      "a folder that is a file",
      ["--out", "small.extxyz/a.sdf"],
      /^small\.extxyz\/a\.sdf: cannot be written: a file is in the way/,
    ],
    [
      "a chain that cannot be written",
      ["--chain", "no/chain.xyz"],
      /^no\/chain\.xyz: cannot be written: its folder does not exist/,
    ],
    ["a chain without a format", ["--chain", "chain.gif"], /^chain\.gif: the name does not tell the format/],
  ])("%s", async (name, words, message) => {
    const out = words.includes("--out") ? [] : ["--out", `${name}.sdf`.replaceAll(" ", "-")];
    const model = words.includes("--model") ? [] : ["--model", "run"];
    const { code, stdout, stderr } = await run("sample", ...model, ...out, ...words);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(out.slice(1).filter((target) => existsSync(path(target)))).toEqual([]);
  });

  test("and no temporary file, once all of them have ended", () => {
    expect(readdirSync(home).filter((entry) => entry.endsWith(".tmp"))).toEqual([]);
  });

  test("--device webgpu where there is none", async ({ skip }) => {
    if ((await webgpuStatus()).available) skip("this machine has a WebGPU adapter");
    const { code, stdout, stderr } = await run(
      "sample",
      "--model",
      "run",
      "--out",
      "gpu.sdf",
      "--device",
      "webgpu",
    );
    // Dawn, where it is installed, tells on stderr which drivers it misses.
    const ours = stderr.replace(/^(Warning: .*| +at .*|)\n/gm, "");
    expect(ours).toMatch(/^--device webgpu: .*(npm install webgpu|no WebGPU adapter).*; use --device cpu\n$/);
    expect(ours).not.toMatch(/[\\/]/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(path("gpu.sdf"))).toBe(false);
  });

  test("info of a truncated model", async () => {
    const { code, stderr } = await run("info", "cut");
    expect(stderr).toMatch(/^cut\/model\.safetensors: truncated .*\n$/);
    expect(code).toBe(2);
  });
});

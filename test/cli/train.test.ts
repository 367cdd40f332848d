import { execFileSync, spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { loadEdm } from "../../src/models/edm/folder.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { collect } from "../formats/molecules.ts";
import { BIN, compile, type Ended } from "./command-line.ts";
import { equimolIn, settings, TINY, writeSmallData } from "./tiny-model.ts";

let home: string;
let data: string;
let run: (...words: readonly string[]) => Promise<Ended>;
beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-train-"));
  run = equimolIn(home);
  data = await writeSmallData(home);
}, 60_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

const path = (name: string): string => join(home, name);
const file = (name: string, content: string): string => {
  writeFileSync(path(name), content);
  return path(name);
};
const bytes = (name: string): Buffer => readFileSync(path(name));
const model = (out: string): Buffer => bytes(`${out}/checkpoints/last/model.safetensors`);
const metrics = (out: string): Record<string, unknown>[] =>
  bytes(`${out}/metrics.jsonl`)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const leftovers = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));

describe("train edm", () => {
  let ended: Ended;
  beforeAll(async () => {
    await run("data", "make", "minimol", "--count", "20", "--name", "tiny", "--quiet");
    ended = await run("train", "edm", "--data", "tiny", "--out", "made", ...TINY, "--json");
  }, 60_000);

  test("answers --json with one object; notices are on stderr", () => {
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout.trimEnd().split("\n")).toHaveLength(1);
    const steps = metrics("made").at(-1)?.step;
    expect(JSON.parse(ended.stdout)).toMatchObject({ run: "made", epoch: 2, steps, finished: true });
    expect(ended.stderr).toMatch(/^[\d,]+ parameters, 16 molecules \(2 for validation\), \d+ steps, engine /);
  });

  test("keeps the resolved settings, every key of them, in config.yaml", () => {
    const resolved: unknown = parse(bytes("made/config.yaml").toString());
    expect(resolved).toMatchObject({
      network: { kind: "egnn", hidden: 16, layers: 1, attention: true },
      schedule: { kind: "polynomial", power: 2, steps: 50 },
      training: { epochs: 2, learningRate: 0.003, amsgrad: true },
    });
    expect(edmSettingsSchema.parse(resolved)).toEqual(resolved);
  });

  test("writes metrics with step, epoch, seconds, molecules and loss, and validations among them", () => {
    const lines = metrics("made");
    for (const line of lines) {
      for (const key of ["step", "epoch", "seconds", "molecules", "loss"]) {
        expect(line[key], `${key} of ${JSON.stringify(line)}`).toEqual(expect.any(Number));
      }
    }
    const validations = lines.filter((line) => "validation" in line);
    expect(validations.map(({ epoch }) => epoch)).toEqual([1, 2]);
    for (const { validation } of validations) {
      expect(validation).toMatchObject({ nll: expect.any(Number), samples: 3, sampleSteps: 5 });
    }
    const steps = lines.map(({ step }) => step as number);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(lines.at(-1)?.molecules).toBe(2 * 16);
  });

  test("leaves checkpoints that load as models and say where they come from", async () => {
    for (const name of ["last", "best"]) {
      const { config, parameters } = await loadEdm(path(`made/checkpoints/${name}`));
      expect(parameters.every(Number.isFinite)).toBe(true);
      expect(config.provenance).toMatchObject({ data: { name: "tiny", molecules: 16 } });
      expect(existsSync(path(`made/checkpoints/${name}/README.md`))).toBe(true);
    }
    const { code, stdout } = await run("info", "made", "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "edm", network: { hidden: 16 } });
  });

  test("writes the molecules of every validation to samples", async () => {
    const names = metrics("made")
      .filter((line) => "validation" in line)
      .map(({ step }) => `step-${String(step).padStart(6, "0")}.extxyz`);
    expect(readdirSync(path("made/samples")).sort()).toEqual(names);
    const molecules = await collect(readMolecules(path(`made/samples/${names[1]}`)));
    expect(molecules.map(({ properties }) => properties?.index)).toEqual([0, 1, 2]);
  });

  test("in the folder of a run is refused without --resume and leaves the run as it was", async () => {
    const before = model("made");
    const { code, stderr } = await run("train", "edm", "--data", "tiny", "--out", "made", ...TINY);
    expect(stderr).toMatch(/^made: holds a run already; use --resume .*\n$/);
    expect(code).toBe(2);
    expect(model("made").equals(before)).toBe(true);
  });

  test("does not go on with other data, nor with a network of another size, and the run survives both", async () => {
    const before = bytes("made/config.yaml");
    const resume = ["train", "edm", "--out", "made", "--resume", "--quiet"];
    const other = await run(...resume, "--data", data);
    expect(other.stderr).toMatch(/^the run was trained on "tiny" .*, not on this "small.extxyz"/);
    const wider = await run(...resume, "--data", "tiny", "--set", "network.hidden=32");
    expect(wider.stderr).toMatch(/state\.safetensors: expected \d+ values in "parameters", found \d+/);
    expect([other.code, wider.code]).toEqual([2, 2]);
    expect(bytes("made/config.yaml").equals(before)).toBe(true);
  });
});

describe("an interrupted run", () => {
  const LONG = [
    ...TINY,
    ...settings({ "training.epochs": 60, "validation.samples": 0, "training.validateEvery": 21 }),
  ];
  const edm = (out: string, ...words: string[]): string[] => [
    ...["train", "edm", "--data", data, "--out", path(out)],
    ...words,
  ];

  /** Starts training and sends the signal when the stderr matches. */
  async function interrupted(signal: NodeJS.Signals, when: RegExp, words: string[]): Promise<Ended> {
    const child = spawn(process.execPath, [BIN, ...words], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr, sent] = ["", "", false];
    child.stdout.on("data", (piece) => (stdout += piece));
    child.stderr.on("data", (piece) => {
      stderr += piece;
      if (sent || !when.test(stderr)) return;
      sent = true;
      child.kill(signal);
    });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr })));
  }

  test("saves at SIGINT with 130 and at SIGTERM with 143, and ends in the same bytes as a straight one", async () => {
    const straight = await run(...edm("straight", ...LONG, "--quiet"));
    expect(straight.code, straight.stderr).toBe(0);

    const first = await interrupted("SIGINT", /step 21 /, edm("broken", ...LONG, "--json"));
    expect(first.stderr).toContain("SIGINT: finishing the step and saving");
    expect(first.code).toBe(130);
    const { steps, finished } = JSON.parse(first.stdout) as { steps: number; finished: boolean };
    expect(steps).toBeGreaterThanOrEqual(21);
    expect(finished).toBe(false);

    const second = await interrupted("SIGTERM", /step \d+ /, edm("broken", "--resume"));
    expect(second.stdout).toMatch(
      /^Saved at step \d+\. Go on with: node \S+equimol\.js train edm .* --resume\n$/,
    );
    expect(second.code).toBe(143);

    const third = await run(...edm("broken", "--resume", "--json"));
    expect(third.code, third.stderr).toBe(0);
    expect(JSON.parse(third.stdout)).toMatchObject({ epoch: 60, finished: true });
    for (const name of ["last", "best"]) {
      const weights = `checkpoints/${name}/model.safetensors`;
      expect(bytes(`broken/${weights}`).equals(bytes(`straight/${weights}`)), name).toBe(true);
    }
    const validations = (out: string): unknown[] =>
      metrics(out).flatMap(({ step, validation }) => (validation ? [{ step, validation }] : []));
    expect(validations("broken")).toEqual(validations("straight"));
    expect(leftovers(path("broken"))).toEqual([]);
  }, 120_000);

  test("does not wait for a long validation, which the resumed run does again", async () => {
    const endless = settings({ "schedule.steps": 1000, "validation.samples": 100_000, "training.epochs": 1 });
    const child = spawn(process.execPath, [BIN, ...edm("long", ...TINY, ...endless, "--quiet")]);
    const ended = new Promise((resolve) => child.on("close", resolve));
    const steps = (): number =>
      existsSync(path("long/metrics.jsonl")) ? bytes("long/metrics.jsonl").length : 0;
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 300)); // into the validation
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(metrics("long").some((line) => "validation" in line)).toBe(false);

    const resumed = await run(
      ...edm("long", "--resume", "--quiet", ...settings({ "validation.samples": 2 })),
    );
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(metrics("long").at(-1)).toMatchObject({ epoch: 1, validation: { samples: 2 } });
  }, 120_000);

  test("ends at once at a second signal", async () => {
    // One step over all of these takes seconds.
    const atoms = Array.from({ length: 29 }, (_, a) => `C ${a} ${a % 3} ${a % 5}\n`).join("");
    const large = file("large.xyz", `29\n\n${atoms}`.repeat(300));
    const slow = settings({ "network.hidden": 128, "network.layers": 6, "training.batchSize": 300 });
    const words = ["train", "edm", "--data", large, "--out", path("twice"), ...TINY, ...slow];
    const child = spawn(process.execPath, [BIN, ...words], { stdio: ["ignore", "ignore", "pipe"] });
    const ended = new Promise((resolve) => child.on("close", resolve));
    let stderr = "";
    const said = (phrase: string) =>
      expect.poll(() => stderr, { timeout: 60_000, interval: 10 }).toContain(phrase);
    child.stderr.on("data", (piece) => (stderr += piece));
    await said(" steps, engine");
    child.kill("SIGINT");
    await said("finishing the step");
    child.kill("SIGINT");
    expect(await ended).toBe(130);
    expect(bytes("twice/metrics.jsonl")).toHaveLength(0);
    expect(leftovers(path("twice"))).toEqual([]);
  }, 120_000);

  test("by --max-seconds ends with 0 and can go on", async () => {
    const stopped = await run(...edm("timed", ...TINY, "--max-seconds", "0", "--json"));
    expect(stopped.code, stopped.stderr).toBe(0);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ steps: 1, finished: false, interrupted: false });
    const resumed = await run(...edm("timed", "--resume", "--json"));
    expect(JSON.parse(resumed.stdout)).toMatchObject({ epoch: 2, finished: true });
  });
});

describe("bad input ends training with 2, one line on stderr, and no run folder:", () => {
  const small = (): string => data;
  test.concurrent.each<[string, () => string[], RegExp]>([
    [
      "a typo in YAML",
      () => [small(), "--config", file("typo.yaml", "network:\n  hidden: 8\n  layrs: 2\n")],
      /typo\.yaml:3: unknown key "network\.layrs"; did you mean "layers"\?/,
    ],
    [
      "a typo in YAML where --set is right",
      () => [small(), "--config", file("top.yaml", "netwrok: {}\n"), "--set", "network.hidden=8"],
      /top\.yaml:1: unknown key "netwrok"; did you mean "network"\?/,
    ],
    [
      "a word where YAML needs a number",
      () => [small(), "--config", file("wide.yaml", "# width\nnetwork:\n  hidden: wide\n")],
      /wide\.yaml:3: network\.hidden: .*expected number/,
    ],
    [
      "YAML that is none",
      () => [small(), "--config", file("broken.yaml", "training:\n  epochs: [3\n")],
      /broken\.yaml:\d: /,
    ],
    [
      "an alias to nothing",
      () => [small(), "--config", file("alias.yaml", "training: *missing\n")],
      /alias\.yaml: .*missing/,
    ],
    [
      "a list for settings",
      () => [small(), "--config", file("list.yaml", "- 1\n")],
      /list\.yaml: expected a mapping/,
    ],
    ["a missing configuration", () => [small(), "--config", path("no.yaml")], /no\.yaml: cannot be read/],
    [
      "a typo in --set",
      () => [small(), "--set", "network.hidden=8", "--set", "training.batchsize=3"],
      /^--set training\.batchsize=3: unknown key "training\.batchsize"; did you mean "batchSize"\?/,
    ],
    [
      "a wrong value in --set",
      () => [small(), "--set", "schedule.kind=cosin"],
      /^--set schedule\.kind=cosin: schedule\.kind: .*'cosine'/,
    ],
    ["--set without a value", () => [small(), "--set", "epochs"], /^--set epochs: expected key=value/],
    [
      "an unknown preset",
      () => [small(), "--preset", "qm9-fas"],
      /^unknown preset "qm9-fas"; did you mean qm9-fast\?/,
    ],
    [
      "an unknown data set",
      () => ["no-such-data"],
      /^no data set or molecule file "no-such-data".*equimol data make minimol/,
    ],
    [
      "a data set of one molecule",
      () => [file("one.xyz", "1\n\nHe 0 0 0\n")],
      /data set "one\.xyz" has 1 molecule; training needs at least 2/,
    ],
    [
      "data without molecules that are small enough",
      () => [small(), "--set", "data.maxAtoms=3"],
      /no molecule has at most data\.maxAtoms = 3 atoms/,
    ],
    [
      "a learned schedule without its bound",
      () => [small(), "--set", "schedule.kind=learned"],
      /a learned schedule is trained by the bound alone/,
    ],
    [
      "an unknown engine",
      () => [small(), "--engine", "natve"],
      /^--engine natve: expected one of auto, native/,
    ],
    ["a run to resume that is not there", () => [small(), "--resume"], /holds no run to resume/],
  ])("%s", async (name, words, message) => {
    const out = `bad ${name}`;
    const [source, ...rest] = words();
    const { code, stdout, stderr } = await run(
      "train",
      "edm",
      "--data",
      source,
      "--out",
      out,
      "--quiet",
      ...rest,
    );
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(existsSync(path(out))).toBe(false);
  });

  test("a file where the run folder should be", async () => {
    const { code, stderr } = await run("train", "edm", "--data", data, "--out", file("taken", ""), ...TINY);
    expect(stderr.trimEnd().split("\n").at(-1)).toMatch(/taken: cannot be written: a file is in the way/);
    expect(code).toBe(2);
  });
});

describe("a full disk (needs root to mount a small one, else skipped)", () => {
  test("ends training with 2 and one line, keeps the last checkpoint, and the run goes on once there is room", async ({
    skip,
  }) => {
    const disk = path("disk");
    mkdirSync(disk);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" });
    } catch {
      skip("no permission to mount a small disk");
    }
    try {
      const words = ["train", "edm", "--data", data, "--out", "disk/run", "--quiet"];
      expect((await run(...words, ...TINY, "--max-seconds", "0")).code).toBe(0);
      const files = ["state.safetensors", "model.safetensors", "config.json"];
      const last = (): Buffer[] => files.map((name) => bytes(`disk/run/checkpoints/last/${name}`));
      const before = last();
      fill(join(disk, "filler"), 24_000);

      const full = await run(...words, "--resume");
      expect(full.stderr).toMatch(
        /^disk\/run\/.*: cannot be written: the disk is full; nothing was replaced\. Make room.* go on with --resume.*\n$/,
      );
      expect({ code: full.code, stdout: full.stdout }).toEqual({ code: 2, stdout: "" });
      expect(last()).toEqual(before);
      expect(leftovers(disk)).toEqual([]);

      rmSync(join(disk, "filler"));
      const resumed = await run(...words, "--resume", "--json");
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(JSON.parse(resumed.stdout)).toMatchObject({ epoch: 2, finished: true });
      expect(metrics("disk/run").at(-1)).toHaveProperty("validation");
    } finally {
      execFileSync("umount", [disk]);
    }
  });

  /** Writes until the disk is full but for `room` bytes. */
  function fill(name: string, room: number): void {
    const handle = openSync(name, "w");
    let size = 0;
    try {
      for (;;) size += writeSync(handle, Buffer.alloc(4096));
    } catch {
      closeSync(handle);
    }
    truncateSync(name, size - room);
  }
});

/** What comes from outside while a verb works: signals, a reader that goes away, a clock that goes backwards. */
import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BIN, compile } from "../cli/command-line.ts";
import { settings, TINY, writeSmallData } from "../cli/tiny-model.ts";
import { hidden, pause, start } from "./processes.ts";

let home: string;
let data: string;
beforeAll(async () => {
  compile();
  home = mkdtempSync(join(tmpdir(), "equimol-signals-"));
  data = await writeSmallData(home);
  writeFileSync(join(home, "water.xyz"), "3\n\nO 0 0 0.1\nH 0 0.76 -0.48\nH 0 -0.76 -0.48\n");
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("a pipe with a name", () => {
  test.each([
    ["evaluate", (pipe: string) => ["evaluate", pipe]],
    [
      "train, its configuration",
      (pipe: string) => ["train", "edm", "--data", data, "--out", "r", "--config", pipe],
    ],
    ["sample, as its output", (pipe: string) => ["sample", "-n", "1", "--steps", "1", "--out", pipe]],
  ])("is waited for by %s, and SIGTERM ends it", async (name, words) => {
    const pipe = join(home, `${name.replace(/\W/g, "-")}.xyz`);
    execFileSync("mkfifo", [pipe]);
    const waiting = start(home, words(pipe));
    await Promise.race([waiting.ended, pause(4000)]);
    waiting.kill("SIGTERM");
    const { code, signal } = await Promise.race([
      waiting.ended,
      pause(20_000).then(() => ({ code: -1, signal: "hangs" })),
    ]);
    waiting.kill("SIGKILL");
    expect([code, signal]).toEqual([143, null]);
    expect(hidden(home)).toEqual([]);
  });

  test("is read to its end, whenever its writer comes", async () => {
    const pipe = join(home, "late.xyz");
    execFileSync("mkfifo", [pipe]);
    const reading = start(home, ["evaluate", pipe, "--json"]);
    await pause(500);
    const water = readFileSync(join(home, "water.xyz"), "utf8");
    const writer = openSync(pipe, "w");
    for (let k = 0; k < 3; k++) {
      writeFileSync(writer, water);
      await pause(50);
    }
    closeSync(writer);
    const { code, stdout, stderr } = await reading.ended;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ molecules: 3 });
  });

  test("of the shell is read, and an empty one is refused", async () => {
    const run = (command: string) =>
      new Promise<[number | null, string]>((resolve) => {
        const child = spawn("bash", ["-c", `"$0" "$1" evaluate <(${command}) 2>&1`, process.execPath, BIN], {
          cwd: home,
        });
        let output = "";
        child.stdout.on("data", (piece) => (output += piece));
        child.on("close", (code) => resolve([code, output]));
      });
    const [, empty] = await run("true");
    expect(empty).toMatch(/empty|does not tell the format/);
  });
});

test("closed stdout and stderr do not stop the work", async () => {
  const out = join(home, "quiet.xyz");
  const child = spawn(
    "bash",
    ["-c", '"$0" "$1" sample -n 2 --steps 2 --json --out "$2" >&- 2>&-', process.execPath, BIN, out],
    {
      cwd: home,
    },
  );
  expect(await new Promise((done) => child.on("close", done))).toBe(0);
  expect(readFileSync(out, "utf8").length).toBeGreaterThan(0);
});

test("a clock that goes backwards changes neither the weights nor the order of seconds", async () => {
  const backwards = join(home, "backwards.mjs");
  writeFileSync(
    backwards,
    "const real = Date.now; let calls = 0;\nDate.now = () => real() - 60_000 * ++calls;\nconst D = Date; globalThis.Date = class extends D { constructor(...a) { a.length ? super(...a) : super(D.now()); } };\nglobalThis.Date.now = D.now;\n",
  );
  const words = (out: string): string[] => [
    "train",
    "edm",
    "--data",
    data,
    "--out",
    out,
    ...TINY,
    ...settings({ "training.epochs": 3 }),
  ];
  mkdirSync(join(home, "clock"));
  const flags = ["--import", backwards];
  const straight = await start(home, words("clock/straight")).ended;
  const turned = await start(home, words("clock/turned"), { flags }).ended;
  expect([straight.code, turned.code], turned.stderr).toEqual([0, 0]);
  const weights = (out: string): Buffer =>
    readFileSync(join(home, out, "checkpoints/last/model.safetensors"));
  expect(weights("clock/turned").equals(weights("clock/straight"))).toBe(true);
  const seconds = readFileSync(join(home, "clock/turned/metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { seconds: number }).seconds);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  expect(seconds[0]).toBeGreaterThanOrEqual(0);
});

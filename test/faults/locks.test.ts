/** Locks and unfinished files belong to processes: those that live keep them, those that have ended hold nobody up. */
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFileAtomically } from "../../src/platform/node/atomic-write.ts";
import { takeLock } from "../../src/platform/node/lock.ts";
import { hasEnded, markHasEnded, ownerMark, thisProcess } from "../../src/platform/node/owner.ts";
import { sweep } from "../../src/platform/node/sweep.ts";
import { compile, ROOT } from "../cli/command-line.ts";
import { settings, TINY, writeSmallData } from "../cli/tiny-model.ts";
import { hidden, pause, start } from "./processes.ts";

let root: string;
beforeAll(() => {
  compile();
  root = mkdtempSync(join(tmpdir(), "equimol-locks-"));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const place = (name: string): string => {
  const folder = join(root, name);
  mkdirSync(folder);
  return folder;
};

/** The number of a process that has ended. */
const ended = (): number =>
  Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }));
const lockOf = (owner: object): string =>
  `${JSON.stringify({ equimol: "lock", ...thisProcess, ...owner })}\n`;

describe("an owner", () => {
  test("has ended when there is no such process, or another has its number by now", () => {
    expect(hasEnded(thisProcess)).toBe(false);
    expect(hasEnded({ ...thisProcess, pid: process.ppid, began: "0" })).toBe(false);
    expect(hasEnded({ ...thisProcess, pid: ended() })).toBe(true);
    expect(hasEnded({ ...thisProcess, began: "0123abcd" })).toBe(process.platform === "linux");
  });

  test("on another machine is not known to have ended", () => {
    const elsewhere = { ...thisProcess, host: "elsewhere", pid: ended() };
    expect(hasEnded(elsewhere)).toBe(false);
    expect(markHasEnded(ownerMark(elsewhere))).toBe(false);
    expect(markHasEnded(ownerMark({ ...elsewhere, host: hostname() }))).toBe(true);
  });
});

describe("a lock", () => {
  test("is held by one, and given back", async () => {
    const file = join(place("one"), ".lock");
    const release = await takeLock(file, "runs/a");
    await expect(takeLock(file, "runs/a")).rejects.toThrow(
      /^runs\/a: is in use by this process already; wait/,
    );
    release();
    (await takeLock(file, "runs/a"))();
    expect(readdirSync(join(root, "one"))).toEqual([]);
  });

  test("of a process that has ended is taken over, and so is one that says nothing", async () => {
    const folder = place("ended");
    for (const text of [lockOf({ pid: ended() }), "", "{"]) {
      writeFileSync(join(folder, ".lock"), text);
      (await takeLock(join(folder, ".lock"), "run"))();
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  test("of a living process, and of one on another machine, is not; the message says whose it is", async () => {
    const folder = place("alive");
    const file = join(folder, ".lock");
    for (const [owner, who] of [
      [{ pid: process.ppid, began: "0" }, `process ${process.ppid};`],
      [{ host: "elsewhere", pid: 7 }, "process 7 on elsewhere;"],
    ] as const) {
      writeFileSync(file, lockOf(owner));
      await expect(takeLock(file, "run")).rejects.toThrow(
        `run: is in use by ${who} wait until that ends, or choose another place. If it runs no more, remove ${file}`,
      );
      await sweep(folder);
      expect(readFileSync(file, "utf8")).toBe(lockOf(owner));
    }
  });

  test("of a process that was killed is held by one at a time, however many want it", async () => {
    const folder = place("many");
    const [file, log] = [join(folder, ".lock"), join(folder, "log")];
    writeFileSync(file, lockOf({ pid: ended() }));
    writeFileSync(log, "");
    const module = pathToFileURL(`${ROOT}dist/platform/node/lock.js`).href;
    const program = `
      import { appendFileSync } from "node:fs";
      import { takeLock } from ${JSON.stringify(module)};
      for (let had = 0; had < 5; ) {
        try {
          const release = await takeLock(${JSON.stringify(file)}, "run");
          appendFileSync(${JSON.stringify(log)}, "(");
          await new Promise((done) => setTimeout(done, 2));
          appendFileSync(${JSON.stringify(log)}, ")");
          had++;
          if (had === 5) process.kill(process.pid, "SIGKILL"); // the last time it is not given back
          release();
        } catch (error) {
          if (!/is in use/.test(error.message)) throw error;
          await new Promise((done) => setTimeout(done, 1));
        }
      }`;
    const children = Array.from({ length: 6 }, () =>
      spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: ["ignore", "ignore", 2] }),
    );
    await Promise.all(children.map((child) => new Promise((done) => child.on("close", done))));
    expect(readFileSync(log, "utf8")).toBe("()".repeat(30));
  });
});

describe("an unfinished file", () => {
  const mark = (owner: object): string => ownerMark({ ...thisProcess, ...owner });

  test("of a process that has ended is removed by the next who writes beside it; others stay", async () => {
    const folder = place("unfinished");
    const living = [
      `.a.xyz.${mark({})}-0123456789ab.tmp`,
      `.a.xyz.${mark({ host: "elsewhere" })}-0123456789ab.tmp`,
      ".a.xyz.0123456789ab.tmp",
      "a.tmp",
      ".notes.lock",
    ];
    for (const name of [...living, `.a\nb.${mark({ pid: ended() })}-0123456789ab.tmp`])
      appendFileSync(join(folder, name), "x");
    mkdirSync(join(folder, `.set.${mark({ pid: ended() })}-0123456789ab.tmp`));
    await writeFileAtomically(join(folder, "b.txt"), "y");
    expect(readdirSync(folder).sort()).toEqual([...living, "b.txt"].sort());
  });

  test("has room for names that are as long as names may be", async () => {
    const folder = place("long");
    const name = `${"ä".repeat(125)}.txt`;
    await writeFileAtomically(join(folder, name), "y");
    expect(readdirSync(folder)).toEqual([name]);
  });
});

describe("two processes in one folder", () => {
  const inUse = /is in use by process \d+; wait until that ends/;

  test("train: the second is refused, a resumed one as well, and the first is not disturbed", async () => {
    const home = place("train");
    const data = await writeSmallData(home);
    const words = [
      "train",
      "edm",
      "--data",
      data,
      "--out",
      "run",
      ...TINY,
      ...settings({ "training.epochs": 400 }),
    ];
    const first = start(home, words);
    await first.said("steps, engine");
    for (const also of [[], ["--resume"]]) {
      const second = await start(home, [...words, ...also]).ended;
      expect(second.stderr).toMatch(
        also.length > 0 ? inUse : /^run: (is in use by process|holds a run already)/,
      );
      expect(second.code).toBe(2);
    }
    first.kill("SIGTERM");
    expect((await first.ended).code).toBe(143);
    expect(hidden(home)).toEqual([]);
    const lines = readFileSync(join(home, "run/metrics.jsonl"), "utf8").trimEnd().split("\n");
    const steps = lines.map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  });

  test("simulate: the second is refused", async () => {
    const home = place("simulate");
    writeFileSync(join(home, "argon.xyz"), "2\n\nAr 0 0 0\nAr 0 0 3.8\n");
    const words = [
      "simulate",
      "argon.xyz",
      "--potential",
      "lennard-jones",
      "--out",
      "md",
      "--steps",
      "1000000000",
    ];
    const first = start(home, words);
    await first.said("steps of");
    while (!readdirSync(join(home, "md")).includes("state.safetensors")) await pause(5);
    const second = await start(home, ["simulate", "--out", "md", "--resume"]).ended;
    expect(second.stderr).toMatch(inUse);
    expect(second.code).toBe(2);
    first.kill("SIGKILL");
    await first.ended;
    expect(hidden(home)).toContain("md/.lock");
    const third = await start(home, ["simulate", "--out", "md", "--resume", "--steps", "40", "-q"]).ended;
    expect(third.stderr).not.toMatch(inUse);
    expect(hidden(home)).not.toContain("md/.lock");
  });

  test("import: the second is refused while the first waits for a pipe, and a signal ends the first", async () => {
    const home = place("import");
    execFileSync("mkfifo", [join(home, "pipe.xyz")]);
    const words = ["data", "import", "--name", "mine"];
    const first = start(home, [...words, "pipe.xyz"]);
    while (!hidden(home).includes("data/.mine.lock")) await pause(5);
    writeFileSync(join(home, "a.xyz"), "1\n\nHe 0 0 0\n");
    const second = await start(home, [...words, "a.xyz"]).ended;
    expect(second.stderr).toMatch(inUse);
    expect(second.code).toBe(2);
    first.kill("SIGTERM");
    expect((await first.ended).code).toBe(143);
    expect(hidden(home)).toEqual([]);
  });
});

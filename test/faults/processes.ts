/** Processes that are killed, and what they leave. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { BIN, type Ended } from "../cli/command-line.ts";

export interface Running {
  readonly pid: number;
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly ended: Promise<Ended & { readonly signal: NodeJS.Signals | null }>;
  /** Resolves once stderr says so, or the process has ended. */
  readonly said: (text: string | RegExp) => Promise<void>;
}

/** `equimol WORDS` in a folder, which is its data home as well. */
export function start(
  home: string,
  words: readonly string[],
  { flags = [] as readonly string[], env = {} as Readonly<Record<string, string>> } = {},
): Running {
  const child = spawn(process.execPath, [...flags, BIN, ...words], {
    cwd: home,
    env: { ...process.env, EQUIMOL_HOME: home, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (piece) => (stdout += piece));
  child.stderr.on("data", (piece) => (stderr += piece));
  const ended = new Promise<Ended & { readonly signal: NodeJS.Signals | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return {
    pid: child.pid as number,
    kill: (signal) => child.kill(signal),
    ended,
    said: async (text) => {
      let over = false;
      void ended.then(() => (over = true));
      while (!over && !(typeof text === "string" ? stderr.includes(text) : text.test(stderr))) await pause(5);
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Files below a folder whose names begin with a dot: locks, unfinished files, journals. */
export const hidden = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.split("/").some((name) => name.startsWith(".")))
    .sort();

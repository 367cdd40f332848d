/** Runs the real command line in a process of its own. */
import { execFileSync, type SpawnOptions, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BIN = `${ROOT}bin/equimol.js`;

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Compiles src where that is needed. */
export const compile = (): void => {
  execFileSync(process.execPath, [`${ROOT}scripts/setup.mjs`], { stdio: "ignore" });
};

/** `equimol WORDS`, to its end, by a Node with these flags. */
export function equimol(
  words: readonly string[],
  options: SpawnOptions = {},
  flags: readonly string[] = [],
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, BIN, ...words], {
      stdio: ["ignore", "pipe", "pipe"],
      ...options,
    });
    let [stdout, stderr] = ["", ""];
    child.stdout?.on("data", (piece) => (stdout += piece));
    child.stderr?.on("data", (piece) => (stderr += piece));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

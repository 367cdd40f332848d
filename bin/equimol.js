#!/usr/bin/env node
/**
 * The command line: hands over to dist/cli/main.js. In a clone that was not compiled yet it runs the set-up.
 * The number of threads must be known before the tensor library is imported, so it is read here.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

if (!existsSync(here("../dist/cli/main.js"))) {
  const setup = here("../scripts/setup.mjs");
  if (!existsSync(setup)) {
    console.error("equimol: dist/cli/main.js is missing from this installation. Install the package again.");
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [setup], { stdio: ["ignore", 2, 2] });
  if (status !== 0) process.exit(1);
}

const words = process.argv.slice(2);
const options = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
const threads = options.findLastIndex((word) => word === "--threads" || word.startsWith("--threads="));
if (threads >= 0) {
  process.env.EQUIMOL_THREADS = options[threads].split("=")[1] ?? options[threads + 1] ?? "";
}

const { main } = await import("../dist/cli/main.js");
await main(words);

/**
 * Fuzzes every reader at length: npm run fuzz -- [--count N] [--seed S] [--only WORD …]
 * The tests in test/fuzz with N inputs for each reader (100,000), in the order of the seed's numbers. A failure is told with
 * its number; `--first NUMBER --count 1` makes that input again.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    first: { type: "string", default: "0" },
    only: { type: "string", multiple: true, default: [] },
  },
});
for (const name of ["count", "seed", "first"])
  if (!/^\d+$/.test(values[name])) {
    console.error(`--${name} takes a whole number; got "${values[name]}"`);
    process.exit(2);
  }
// An input may take up to 2 s before it is a failure; a reader that hangs ends the whole by this time.
const patience = 60_000 + 20 * Number(values.count);
const words = ["run", "test/fuzz", "--disable-console-intercept", `--testTimeout=${patience}`];
if (values.only.length > 0) words.push("--testNamePattern", values.only.join("|"));
const { status } = spawnSync(process.execPath, [`${ROOT}node_modules/vitest/vitest.mjs`, ...words], {
  cwd: ROOT,
  stdio: "inherit",
  env: {
    ...process.env,
    EQUIMOL_FUZZ: values.count,
    EQUIMOL_FUZZ_SEED: values.seed,
    EQUIMOL_FUZZ_FIRST: values.first,
  },
});
process.exit(status ?? 1);

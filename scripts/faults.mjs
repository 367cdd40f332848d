/**
 * Kills at length: npm run faults -- [--kills N] [--seed S] [--only WORD …]
 * The tests of test/faults/kills.test.ts with N random moments for each verb (50).
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
    only: { type: "string", multiple: true, default: [] },
  },
});
for (const name of ["kills", "seed"])
  if (!/^\d+$/.test(values[name])) {
    console.error(`--${name} takes a whole number; got "${values[name]}"`);
    process.exit(2);
  }
const words = ["run", "test/faults/kills.test.ts", "--disable-console-intercept"];
if (values.only.length > 0) words.push("--testNamePattern", values.only.join("|"));
const { status } = spawnSync(process.execPath, [`${ROOT}node_modules/vitest/vitest.mjs`, ...words], {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, EQUIMOL_KILLS: values.kills, EQUIMOL_KILLS_SEED: values.seed },
});
process.exit(status ?? 1);

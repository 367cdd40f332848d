/**
 * Recipes of training, compared at equal time: every variant is trained for what an idle machine does in the same seconds,
 * with each seed, and judged by the same sampler at the same number of evaluations, temperature 1.
 *
 * node bench/recipes/recipes.mjs [--set recipes|paper] [--only "NAME; NAME"] [--seconds 600] [--seeds 3]
 *                                [--molecules 1000] [--steps 100] [--data qm9] [--out runs/recipes] [--report FILE.md]
 *
 * How many steps fit into the time is measured once for each variant, by the fastest 20 of some hundred steps, so that
 * other work on the machine changes little; then a run has that number of steps and its rate falls to their end. Everything
 * is kept in OUT: a run that is cut short is resumed, what is measured is not measured again, and the report is of
 * whatever is there.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { stringify } from "yaml";
import { mergeSettings } from "../../dist/train/config-file.js";
import { SETS } from "./variants.mjs";

const { values } = parseArgs({
  options: {
    set: { type: "string", default: "recipes" },
    only: { type: "string" },
    seconds: { type: "string", default: "600" },
    seeds: { type: "string", default: "3" },
    molecules: { type: "string", default: "1000" },
    steps: { type: "string", default: "100" },
    data: { type: "string", default: "qm9" },
    out: { type: "string" },
    report: { type: "string" },
  },
});
const set = SETS[values.set];
if (set === undefined) {
  console.error(`--set ${values.set}: expected one of ${Object.keys(SETS).join(", ")}`);
  process.exit(2);
}
const names = values.only?.split(";").map((name) => name.trim()) ?? Object.keys(set.variants);
const unknown = names.find((name) => !(name in set.variants));
if (unknown !== undefined) {
  console.error(`--only ${unknown}: expected some of ${Object.keys(set.variants).join("; ")}`);
  process.exit(2);
}
const out = values.out ?? join("runs", values.set);
const root = fileURLToPath(new URL("../..", import.meta.url));
const cli = join(root, "bin/equimol.js");
const seconds = Number(values.seconds);
const log = (text) => console.error(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const keep = (file, value) => {
  writeFileSync(`${file}.tmp`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${file}.tmp`, file);
};

function run(words) {
  const result = spawnSync(process.execPath, words, { encoding: "utf8" });
  if (result.signal !== null || (result.status !== 0 && result.status !== 130))
    throw new Error(`${words.join(" ")}: ${result.stderr.slice(-2000)}`);
}

/** The base with the variant's changes; a schedule and a distribution of levels are replaced whole. */
function settingsOf(name) {
  const variant = set.variants[name];
  const { schedule, levels, ...base } = set.base;
  return mergeSettings(
    base,
    { schedule, levels, ...variant },
    {
      training: { logEvery: 100, checkpointSeconds: 60 },
      validation: { molecules: 500, samples: 0 },
    },
  );
}

/** Steps that fit into the time: by the fastest of three short runs. */
function stepsOf(folder) {
  const file = join(folder, "plan.json");
  if (existsSync(file)) return json(file).steps;
  const rates = [0, 1, 2].map((k) => {
    const probe = join(folder, `probe-${k}`);
    const words = [cli, "train", "edm", "--data", values.data, "--config", join(folder, "settings.yaml")];
    const limits = [
      "--set",
      "training.steps=240",
      "--set",
      "training.logEvery=20",
      "--set",
      "validation.molecules=1",
    ];
    run([...words, ...limits, "--out", probe, "--quiet"]);
    const lines = readFileSync(join(probe, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const logged = lines.filter((line) => line.validation === undefined);
    // Between any two lines of the log, the fastest.
    return Math.max(...logged.slice(1).map((line, i) => 20 / (line.seconds - logged[i].seconds)));
  });
  const rate = Math.max(...rates);
  const steps = Math.round(rate * seconds);
  keep(file, { steps, stepsPerSecond: rate, seconds });
  return steps;
}

for (let seed = 0; seed < Number(values.seeds); seed++) {
  for (const name of names) {
    const folder = join(out, name.replace(/[^\w.-]+/g, "_"));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "settings.yaml"), stringify(settingsOf(name)));
    const steps = stepsOf(folder);
    const target = join(folder, `seed-${seed}`);
    const result = join(folder, `seed-${seed}.json`);
    if (existsSync(result)) continue;
    log(`${name}, seed ${seed}: ${steps} steps`);
    const state = join(target, "checkpoints/last/state.safetensors");
    const start = existsSync(state)
      ? ["--resume"]
      : [
          "--config",
          join(folder, "settings.yaml"),
          "--set",
          `training.steps=${steps}`,
          "--set",
          `training.seed=${seed}`,
        ];
    run([cli, "train", "edm", "--data", values.data, ...start, "--out", target, "--quiet"]);
    const model = join(target, "checkpoints/last");
    const measured = join(target, "measured");
    run([
      ...[join(root, "bench/measure.mjs"), model, "--out", measured, "--seeds", "1"],
      ...["--molecules", values.molecules, "--reference", values.data, "--nll", "1000"],
      ...["--settings", JSON.stringify({ sampler: "churn", steps: Number(values.steps), spread: 1.4 })],
    ]);
    const [found] = readdirSync(measured).filter((each) => existsSync(join(measured, each, "seed-0.json")));
    const { molecules } = json(join(model, "config.json")).provenance;
    keep(result, {
      name,
      seed,
      steps,
      molecules,
      evaluation: json(join(measured, found, "seed-0.json")).evaluation,
      nll: json(join(measured, "nll.json")).nll,
    });
  }
}

const rows = Object.keys(set.variants).flatMap((name) => {
  const folder = join(out, name.replace(/[^\w.-]+/g, "_"));
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => /^seed-\d+\.json$/.test(file)) : [];
  if (files.length === 0) return [];
  const seeds = files.map((file) => json(join(folder, file)));
  const spread = (value, digits) => {
    const all = seeds.map(value);
    const mean = all.reduce((sum, each) => sum + each, 0) / all.length;
    const deviation = Math.sqrt(
      all.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(all.length - 1, 1),
    );
    return `${mean.toFixed(digits)}${all.length > 1 ? ` ± ${deviation.toFixed(digits)}` : ""}`;
  };
  const cells = [
    spread(({ evaluation: e }) => 100 * e.atomStable.fraction, 2),
    spread(({ evaluation: e }) => 100 * e.moleculeStable.fraction, 1),
    spread(({ evaluation: e }) => 100 * e.valid.fraction, 1),
    spread(({ evaluation: e }) => 100 * (e.distances?.elementShares.O ?? Number.NaN), 2),
    spread(({ evaluation: e }) => 100 * (e.distances?.radiusOfGyration ?? Number.NaN), 2),
    spread(({ nll }) => nll.mean, 1),
  ];
  return [`| ${name} | ${(seeds[0].molecules / 1e6).toFixed(2)} | ${seeds.length} | ${cells.join(" | ")} |`];
});
const of = rows.length === 0 ? "nothing yet" : `${values.molecules} molecules of each run`;
const report = `| variant | million molecules seen | seeds | atoms stable, % | molecules stable, % | valid, % | oxygen, points | radius of gyration, % | NLL, nats |
|---|---|---|---|---|---|---|---|---|
${rows.join("\n")}

${of}, churn ${values.steps} steps, temperature 1; ± is the standard deviation between seeds. \`node bench/recipes/recipes.mjs --set ${values.set} --seconds ${seconds}\`
`;
if (values.report === undefined) console.log(report);
else writeFileSync(values.report, report);

/**
 * Writes the card of a trained EDM, README.md and learning-curve.svg, from its run and its measurements:
 *
 *   node scripts/model-card.mjs RUN|- FOLDER MEASURED
 *
 * RUN is the run folder (metrics.jsonl, config.yaml), FOLDER the model folder that the card goes to, MEASURED what
 * `node bench/measure.mjs FOLDER --out MEASURED` left there. "-" for RUN: the network is as it was, and was measured
 * again; what the card says of training, settings and likelihood stays.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const [run, folder, measured] = process.argv.slice(2);
if (measured === undefined) {
  console.error("usage: node scripts/model-card.mjs RUN|- FOLDER MEASURED");
  process.exit(2);
}

const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const config = json(join(folder, "config.json"));
const number = (value) => value.toLocaleString("en");
const percent = ({ count, of, fraction }) =>
  of === 0 ? "–" : `${(100 * fraction).toFixed(1)} % (${number(count)} of ${number(of)})`;

/** Counts of all seeds together, and ± the standard deviation of the seeds' fractions. */
function over(shares) {
  if (shares.some((share) => share === undefined)) return "–";
  const count = shares.reduce((sum, share) => sum + share.count, 0);
  const of = shares.reduce((sum, share) => sum + share.of, 0);
  const all = percent({ count, of, fraction: count / of });
  if (shares.length < 2) return all;
  const mean = shares.reduce((sum, { fraction }) => sum + fraction, 0) / shares.length;
  const variance =
    shares.reduce((sum, { fraction }) => sum + (fraction - mean) ** 2, 0) / (shares.length - 1);
  return all.replace(" %", ` ± ${(100 * Math.sqrt(variance)).toFixed(1)} %`);
}
/** A line through (x, y) points, scaled into the panel; y may be logarithmic. */
function panel({ title, points, top, height, log }) {
  const [left, width] = [64, 560];
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => (log ? Math.log10(y) : y));
  const [x1, y0, y1] = [Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const px = (x) => left + (width * x) / x1;
  const py = (y) => top + height - (height * (y - y0)) / (y1 - y0 || 1);
  const path = points
    .map(([x], k) => `${k === 0 ? "M" : "L"}${px(x).toFixed(1)} ${py(ys[k]).toFixed(1)}`)
    .join("");
  const label = (y) => (log ? 10 ** y : y).toPrecision(3);
  const ticks = [y0, (y0 + y1) / 2, y1].map(
    (y) =>
      `<line x1="${left}" x2="${left + width}" y1="${py(y)}" y2="${py(y)}" stroke="#8884"/>` +
      `<text x="${left - 6}" y="${py(y) + 4}" text-anchor="end">${label(y)}</text>`,
  );
  const marks = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${px(share * x1)}" y="${top + height + 16}" text-anchor="middle">${((share * x1) / 1e6).toFixed(2)}</text>`,
  );
  return `<text x="${left}" y="${top - 10}" font-weight="600">${title}</text>${ticks.join("")}${marks.join("")}
<path d="${path}" fill="none" stroke="#2a6fdb" stroke-width="1.8"/>`;
}

/** Settings as measured, each with its seeds: those of few steps first, the data last. */
const settings = readdirSync(measured)
  .filter((name) => existsSync(join(measured, name, "seed-0.json")))
  .map((name) => {
    const files = readdirSync(join(measured, name)).filter((file) => file.endsWith(".json"));
    const seeds = files.sort().map((file) => json(join(measured, name, file)));
    return { name, seeds, steps: seeds[0].sampling?.steps ?? Number.POSITIVE_INFINITY };
  })
  .sort(
    (a, b) =>
      a.steps - b.steps || (a.seeds[0].sampling?.temperature ?? 0) - (b.seeds[0].sampling?.temperature ?? 0),
  );
const data = settings.find(({ name }) => name === "data")?.seeds[0].evaluation.distances;
const [each] = settings.find(({ seeds }) => seeds[0].sampling !== undefined).seeds;
/** A setting in words, with its churn where that is not the sampler's own. */
const worded = (text, churn) => (churn === undefined ? text : text.replace(/^churn/, `churn (γ ${churn})`));
const title = ({ name, seeds: [{ text, sampling }] }) =>
  `${name === "recommended" ? "**recommended**: " : ""}${worded(text, sampling?.churn)}`;
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rows = settings.map((setting) => {
  const { seeds } = setting;
  const pick = (value) => over(seeds.map(({ evaluation }) => value(evaluation)));
  const both = mean(seeds.map(({ evaluation: e }) => e.unique.count / e.molecules));
  const rate = mean(seeds.map(({ seconds, evaluation }) => evaluation.molecules / (seconds ?? Number.NaN)));
  const cells = [
    pick((e) => e.atomStable),
    pick((e) => e.moleculeStable),
    pick((e) => e.valid),
    `${(100 * both).toFixed(1)} %`,
    pick((e) => e.novel),
    pick((e) => e.connected),
    pick((e) => e.geometry.passesAll),
    Number.isFinite(rate) ? rate.toFixed(0) : "",
  ];
  return `| ${title(setting)} | ${cells.join(" | ")} |`;
});
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(2)}`;
const distances = settings.map((setting) => {
  const all = setting.seeds.map(({ evaluation }) => evaluation.distances);
  const average = (value) => mean(all.map(value));
  const divergence = (key) => {
    const value = average((each) => each[key]);
    const times = data === undefined ? "" : ` (${(value / data[key]).toFixed(0)} ×)`;
    return `${value.toFixed(4)}${setting.name === "data" ? "" : times}`;
  };
  const shares = ["H", "C", "N", "O", "F"].map((symbol) =>
    signed(average((each) => each.elementShares[symbol] ?? 0)),
  );
  return `| ${title(setting)} | ${shares.join(" | ")} | ${signed(average((each) => each.radiusOfGyration))} % | ${divergence("smallestRingsJensenShannon")} | ${divergence("bondLengthsJensenShannon")} | ${divergence("bondAnglesJensenShannon")} | ${divergence("pairDistancesJensenShannon")} |`;
});
const { sampling, qualities } = config;
const text = ({ sampler, steps, temperature, churn }) =>
  worded(`${sampler}, ${steps} steps${temperature === 1 ? "" : `, temperature ${temperature}`}`, churn);
const nllFile = join(measured, "nll.json");
const nll = existsSync(nllFile) ? json(nllFile) : undefined;
const terms =
  nll &&
  Object.entries(nll.nll.terms)
    .map(([term, value]) => `${term} ${value.toFixed(2)}`)
    .join(", ");

/** "Measured", as the card tells it. */
const measurement = `By \`node bench/measure.mjs ${basename(folder)} --molecules ${each.evaluation.molecules}\`: counts of all seeds, 0 and up, together, ± the standard deviation between
seeds where there are several; valid × unique of all molecules; novelty of the unique ones, as in the papers. Seconds are
of two CPU cores, shared with other work. The last row is the validation split of the data.

| sampling | atoms stable | molecules stable | valid | valid × unique | novel of unique | connected | geometry passes | molecules/s |
|---|---|---|---|---|---|---|---|---|
${rows.join("\n")}
${
  config.electrons === undefined
    ? ""
    : `
"${config.electrons} electrons": the number of electrons of every molecule is made ${config.electrons}, as in all of the data, at no cost
([how](../../docs/sampling.md#an-even-number-of-electrons)); this is the default. Without, the network has to find that by itself.
`
}
How far the molecules are from the training data: shares of elements less the data's in points, mean radius of gyration,
Jensen–Shannon divergences in bits and how many times that of the validation split.

| sampling | H | C | N | O | F | radius of gyration | smallest rings | bond lengths | bond angles | pair distances |
|---|---|---|---|---|---|---|---|---|---|---|
${distances.join("\n")}
${sampling === undefined ? "" : `\nWithout options \`equimol sample\` takes ${text(sampling)}.`}${
  qualities === undefined
    ? ""
    : ` \`--quality\` takes ${Object.entries(qualities)
        .map(([name, each]) => `\`${name}\`: ${text(each)}`)
        .join("; ")}.`
}${sampling?.temperature !== undefined && sampling.temperature < 1 ? " Below temperature 1 more molecules are stable, and they vary less than those of the model's own distribution." : ""}
`;
const likelihood =
  nll &&
  `Negative log-likelihood of ${number(nll.molecules)} molecules of the validation split: ${nll.nll.mean.toFixed(2)} ± ${nll.nll.sem.toFixed(2)} nats per molecule (${terms}); EDM reports −110.7 for its test split.`;
const card = join(folder, "README.md");

if (run === "-") {
  const before = readFileSync(card, "utf8");
  const [first, end] = [before.indexOf("By `node bench/measure.mjs"), before.indexOf("Published, 10,000")];
  const known = likelihood ?? /^Negative log-likelihood.*$/m.exec(before)?.[0] ?? "";
  writeFileSync(
    card,
    `${before.slice(0, first)}${measurement}${known && `\n${known}\n`}\n${before.slice(end)}`,
  );
} else {
  const { training, settings: yaml, finer } = trained();
  writeFileSync(
    card,
    `# ${basename(folder)}

An E(3)-equivariant diffusion model of small organic molecules (EDM, Hoogeboom et al. 2022), trained by this project
on a CPU. ${config.network.layers} layers × ${config.network.hidden}, elements with nuclear charges ${config.elements.join(", ")}, ${config.schedule.kind} schedule with T = ${number(config.schedule.steps)}.${finer}

## Training
| | |
|---|---|
${training}

![Learning curves](learning-curve.svg)

## Measured
${measurement}${
  likelihood === undefined
    ? ""
    : `
${likelihood}
`
}
Published, 10,000 molecules by the same rule (molecules stable): EDM 82.0 % in 1000 steps, EquiFM 88.3, GeoLDM 89.4, UniGEM
89.8, GeoBFN 93.3 (2000 steps), VEDA 93.7 (50 steps), FlashMol 94.9 (8 steps); all with 5 million parameters or more.

Known limits: molecules of H, C, N, O and F with up to 29 atoms; fluorine is rarer in the data than in full QM9.

## Settings
\`\`\`yaml
${yaml}
\`\`\`
`,
  );
}

/** What the run tells: its training and its settings; draws its learning curves. */
function trained() {
  const lines = readFileSync(join(run, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const training = lines.filter((line) => line.validation === undefined);
  const validations = lines.filter((line) => line.validation !== undefined);
  const validation = (key) => validations.map((line) => [line.molecules, line.validation[key]]);
  const losses = training.map((line) => line.loss).sort((a, b) => a - b);
  /** Where the curve of the loss is cut off, so that single wild batches do not flatten it. */
  const ceiling = 2 * losses[Math.floor(losses.length / 2)];
  const panels = [
    {
      title: `Training loss (mean since the line before; cut at ${ceiling.toPrecision(2)})`,
      points: training.map((line) => [line.molecules, Math.min(line.loss, ceiling)]),
      log: true,
    },
    { title: "Validation NLL, nats per molecule", points: validation("nll") },
  ];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 380" font-family="system-ui, sans-serif" font-size="11" fill="#777">
  ${panels.map((each, k) => panel({ ...each, top: 30 + 180 * k, height: 120 })).join("\n")}
  <text x="344" y="376" text-anchor="middle">million molecules seen</text>
  </svg>
  `;
  writeFileSync(join(folder, "learning-curve.svg"), svg);
  const { schedule, provenance } = config;
  const last = validations.at(-1);
  /** Molecules seen by the models that this one began from. */
  const seenBefore = (init) => (init === undefined ? 0 : (init.molecules ?? 0) + seenBefore(init.init));
  const before = seenBefore(provenance.init);
  const yaml = readFileSync(join(run, "config.yaml"), "utf8").trim();
  const trainedSteps = Number(/^schedule:\n(?: {2}.*\n)*? {2}steps: (\d+)/m.exec(yaml)?.[1]);
  const finer =
    trainedSteps === schedule.steps
      ? ""
      : ` Trained with ${number(trainedSteps)} of the steps of its schedule, which is the same function of t however many there are.`;
  return {
    finer,
    settings: yaml,
    training: `| data | QM9 training split as described in [docs/data.md](../../docs/data.md): ${number(provenance.data.molecules)} molecules |
${before > 0 ? `| begun from | earlier and smaller models, which had seen ${number(before)} molecules |\n` : ""}| molecules seen | ${number(provenance.molecules)} in ${number(provenance.steps)} steps (${(provenance.molecules / provenance.data.molecules).toFixed(1)} epochs) |
| wall time | ${(provenance.seconds / 60).toFixed(0)} minutes on 2 CPU cores shared with other work, engine ${provenance.engine} |
| last validation | NLL ${last.validation.nll.toFixed(1)} ± ${last.validation.nllSem.toFixed(1)} nats |`,
  };
}

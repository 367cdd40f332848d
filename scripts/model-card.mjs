/**
 * Writes the card of a trained EDM, README.md and learning-curve.svg, from its run and its measurements:
 *
 *   node scripts/model-card.mjs RUN FOLDER [LABEL=report.json,report.json… …] [--nll nll.json]
 *
 * RUN is the run folder (metrics.jsonl, config.yaml), FOLDER the model folder that the card goes to, each report.json
 * what `equimol evaluate … --json` printed of samples drawn as LABEL says, one for each seed.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

const words = process.argv.slice(2);
const nllAt = words.indexOf("--nll");
const nllFile = nllAt < 0 ? undefined : words.splice(nllAt, 2)[1];
const [run, folder, ...reports] = words;
if (folder === undefined) {
  console.error("usage: node scripts/model-card.mjs RUN FOLDER [LABEL=report.json …] [--nll nll.json]");
  process.exit(2);
}

const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const config = json(join(folder, "config.json"));
const lines = readFileSync(join(run, "metrics.jsonl"), "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const training = lines.filter((line) => line.validation === undefined);
const validations = lines.filter((line) => line.validation !== undefined);
const number = (value) => value.toLocaleString("en");
const percent = ({ count, of, fraction }) =>
  of === 0 ? "–" : `${(100 * fraction).toFixed(1)} % (${number(count)} of ${number(of)})`;

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
  { title: "Atoms stable in validation samples", points: validation("atomStable") },
];
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 560" font-family="system-ui, sans-serif" font-size="11" fill="#777">
${panels.map((each, k) => panel({ ...each, top: 30 + 180 * k, height: 120 })).join("\n")}
<text x="344" y="556" text-anchor="middle">million molecules seen</text>
</svg>
`;
writeFileSync(join(folder, "learning-curve.svg"), svg);

const { network, schedule, provenance, elements } = config;
const last = validations.at(-1);
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
const rows = reports.map((word) => {
  const at = word.indexOf("=");
  const seeds = word
    .slice(at + 1)
    .split(",")
    .map(json);
  const pick = (value) => over(seeds.map(value));
  const cells = [
    pick((e) => e.atomStable),
    pick((e) => e.moleculeStable),
    pick((e) => e.valid),
    pick((e) => e.unique),
    pick((e) => e.novel),
    pick((e) => e.connected),
    pick((e) => e.geometry.passesAll),
  ];
  return `| ${word.slice(0, at)} | ${cells.join(" | ")} |`;
});
/** Molecules seen by the models that this one began from. */
const seenBefore = (init) => (init === undefined ? 0 : (init.molecules ?? 0) + seenBefore(init.init));
const before = seenBefore(provenance.init);
const { sampling } = config;
const settings = readFileSync(join(run, "config.yaml"), "utf8").trim();
const validated = Number(/^validation:\n(?: {2}.*\n)*? {2}molecules: (\d+)/m.exec(settings)?.[1]);
const nll = nllFile === undefined ? undefined : json(nllFile);
const terms =
  nll &&
  Object.entries(nll.nll.terms)
    .map(([term, value]) => `${term} ${value.toFixed(2)}`)
    .join(", ");

writeFileSync(
  join(folder, "README.md"),
  `# ${basename(folder)}

An E(3)-equivariant diffusion model of small organic molecules (EDM, Hoogeboom et al. 2022), trained by this project
on a CPU. ${network.layers} layers × ${network.hidden}, elements with nuclear charges ${elements.join(", ")}, ${schedule.kind} schedule with T = ${schedule.steps}.

**It is a small model, trained briefly.** The paper's model (9 layers × 256, weeks on a GPU) reaches 98.7 % of atoms
and 82.0 % of molecules stable; compare with the table below before you rely on it.

## Training
| | |
|---|---|
| data | QM9 training split as described in [docs/data.md](../../docs/data.md): ${number(provenance.data.molecules)} molecules |
${before > 0 ? `| begun from | earlier versions of this model, which had seen ${number(before)} molecules |\n` : ""}| molecules seen | ${number(provenance.molecules)} in ${number(provenance.steps)} steps (${(provenance.molecules / provenance.data.molecules).toFixed(1)} epochs) |
| wall time | ${(provenance.seconds / 60).toFixed(0)} minutes on 2 CPU cores shared with other work, engine ${provenance.engine} |
| last training loss | ${training.at(-1).loss.toFixed(4)} |
| last validation | NLL ${last.validation.nll.toFixed(1)} ± ${last.validation.nllSem.toFixed(1)} nats on ${number(validated)} molecules |

![Learning curves](learning-curve.svg)

## Measured
Measured by \`equimol evaluate --reference qm9 --json\`: counts of all seeds, 0 and up, together, ± the standard deviation
between seeds where there are several; novelty and uniqueness as in the papers (of valid, of unique). Data for comparison: [docs/chemistry.md](../../docs/chemistry.md).

| samples | atoms stable | molecules stable | valid | unique of valid | novel of unique | connected | geometry passes |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}
${sampling === undefined ? "" : `\nWithout \`--sampler\`, \`equimol sample\` takes ${sampling.sampler}, ${sampling.steps} steps, temperature ${sampling.temperature ?? 1}: more of the molecules are stable, and they vary less than those of the model's own distribution (temperature 1).\n`}${nll === undefined ? "" : `\nNegative log-likelihood of the validation split (${number(nll.molecules)} molecules): ${nll.nll.mean.toFixed(2)} ± ${nll.nll.sem.toFixed(2)} nats per molecule (${terms}).\n`}
Known limits: molecules of H, C, N, O and F with up to 29 atoms; fluorine is rarer in the data than in full QM9.

## Settings
\`\`\`yaml
${settings}
\`\`\`
`,
);

/**
 * What a model's molecules are worth at each setting: the figures of its card, in one command.
 *
 * node bench/measure.mjs MODEL [--molecules 10000] [--seeds 3] [--settings 50,100,250,recommended]
 *                        [--reference qm9] [--nll 0] [--out runs/measure/MODEL]
 *
 * A setting is a number of steps at temperature 1 with the model's sampler, a quality by name (draft, normal, best),
 * "recommended", or options of the sampler as JSON. Every seed of every setting is a file, OUT/SETTING/seed-S.json, and
 * is not measured again: an interrupted run goes on where it stopped, and more seeds add to those that are there.
 * "data" measures the validation split of the reference, the yardstick of all distances.
 */
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { moleculesOf, setSize } from "../dist/data/molecule-set.js";
import { loadDataset } from "../dist/data/store.js";
import { openEngine } from "../dist/engines/open-engine.js";
import { buildReference, evaluateMolecules } from "../dist/evaluate/metrics.js";
import { dynamicsConfig } from "../dist/models/edm/config.js";
import { findModel, loadEdm } from "../dist/models/edm/folder.js";
import { generate } from "../dist/models/edm/generate.js";
import { negativeLogLikelihood } from "../dist/models/edm/likelihood.js";
import { bondRuleOf } from "../dist/models/edm/model.js";
import { QUALITIES, resolveSampling, samplingText } from "../dist/models/edm/sampling.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    molecules: { type: "string", default: "10000" },
    seeds: { type: "string", default: "3" },
    settings: { type: "string", default: "data,50,100,250,recommended" },
    reference: { type: "string", default: "qm9" },
    nll: { type: "string", default: "0" },
    out: { type: "string" },
  },
});
const [name] = positionals;
if (name === undefined) {
  console.error(
    "usage: node bench/measure.mjs MODEL [--molecules N] [--seeds S] [--settings A,B,…] [--out DIR]",
  );
  process.exit(2);
}
const out = values.out ?? join("runs", "measure", basename(resolve(name)));
const began = performance.now();
const log = (text) =>
  console.error(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${text}`);
/** Settings are separated by commas; those in braces have commas of their own. */
const settings = values.settings.match(/\{[^}]*\}|[^,]+/g) ?? [];

const model = await loadEdm(findModel(name));
const rule = bondRuleOf(model.config);
const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, { onNotice: log });
const data = await loadDataset(values.reference);
let built;
const reference = () => {
  built ??= buildReference(moleculesOf(data.train), { rule });
  return built;
};

function requestOf(setting) {
  if (setting === "recommended") return {};
  if (QUALITIES.includes(setting)) return { quality: setting };
  if (setting.startsWith("{")) return { temperature: 1, ...JSON.parse(setting) };
  return { steps: Number(setting), temperature: 1 };
}

async function once(file, measure) {
  if (existsSync(file)) return;
  mkdirSync(join(file, ".."), { recursive: true });
  const result = await measure();
  writeFileSync(`${file}.tmp`, `${JSON.stringify(result)}\n`);
  renameSync(`${file}.tmp`, file);
}

for (let seed = 0; seed < Number(values.seeds); seed++) {
  for (const setting of settings) {
    const folder = join(out, setting.replace(/[^\w.-]+/g, "_"));
    if (setting === "data") {
      await once(join(folder, "seed-0.json"), async () => ({
        setting,
        text: `validation split of ${values.reference}`,
        evaluation: await evaluateMolecules(moleculesOf(data.valid), { rule, reference: await reference() }),
      }));
      continue;
    }
    const sampling = resolveSampling(model, requestOf(setting));
    await once(join(folder, `seed-${seed}.json`), async () => {
      const count = Number(values.molecules);
      const molecules = [];
      const start = performance.now();
      for await (const batch of generate(model, engine, { count, seed, ...sampling }))
        for (const { molecule } of batch) molecules.push(molecule);
      const seconds = (performance.now() - start) / 1000;
      const evaluation = await evaluateMolecules(molecules, { rule, reference: await reference() });
      const { count: stable, of } = evaluation.moleculeStable;
      log(
        `${setting}, seed ${seed}: ${((100 * stable) / of).toFixed(2)} % of ${of} stable, ${seconds.toFixed(0)} s`,
      );
      return { setting, text: samplingText(sampling), sampling, seed, seconds, evaluation };
    });
  }
}
if (Number(values.nll) > 0) {
  await once(join(out, "nll.json"), async () => {
    const all = [...moleculesOf(data.valid)];
    const every = all.length / Math.min(Number(values.nll), all.length);
    const molecules = Array.from(
      { length: Math.floor(all.length / every) },
      (_, k) => all[Math.floor(k * every)],
    );
    const nll = await negativeLogLikelihood(model, engine, molecules, { seed: 0 });
    log(
      `NLL ${nll.mean.toFixed(2)} ± ${nll.sem.toFixed(2)} on ${molecules.length} of ${setSize(data.valid)}`,
    );
    return { molecules: molecules.length, nll };
  });
}
engine.dispose();
log(`all in ${out}`);

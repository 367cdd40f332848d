/**
 * What `npm start` does after the set-up: 64 new molecules from the shipped model into out/first, measured, with a
 * page to look at them.
 */

import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { follow } from "../dist/cli/follow.js";
import { section } from "../dist/cli/help.js";
import { createOutput, duration } from "../dist/cli/output.js";
import { reportError } from "../dist/cli/report-error.js";
import { reportCard } from "../dist/evaluate/report.js";
import { findModel, loadEdm, DEFAULT_MODEL as MODEL } from "../dist/models/edm/folder.js";
import { bondRuleOf } from "../dist/models/edm/model.js";
import { samplingText } from "../dist/models/edm/sampling.js";
import { writeShowcase } from "../dist/views/showcase.js";
import { sample } from "../dist/workflows/sample.js";

const COUNT = 64;
const SEED = 0;
const FOLDER = fileURLToPath(new URL("../out/first", import.meta.url));

try {
  await firstMolecules();
} catch (error) {
  process.exitCode = reportError(error);
}

async function firstMolecules() {
  const output = createOutput({});
  const model = await loadEdm(findModel(MODEL));
  const { molecules, sampling, engine, seconds } = await follow(output, (events) =>
    sample({ ...events, model, count: COUNT, seed: SEED, chainOf: 0, chainFrames: 120 }),
  );
  const { evaluation, notInSdf } = await writeShowcase(FOLDER, {
    molecules: molecules.map(({ molecule, index }) => ({
      ...molecule,
      name: `${MODEL} seed ${SEED} molecule ${index}`,
    })),
    chain: molecules[0].chain,
    rule: bondRuleOf(model.config),
    title: `${COUNT} molecules from ${MODEL}`,
    summary:
      "Generated from noise by an E(3)-equivariant diffusion model. All that it made is here, none was picked.",
    chainCaption: `The first molecule, from noise to its end in ${sampling.steps} steps.`,
    training: { sizes: model.config.sizes },
    provenance: {
      Model: MODEL,
      Sampler: `${samplingText(sampling)}, seed ${SEED}`,
      Computed: `in ${duration(seconds)} by ${engine}`,
      "Again with": `equimol sample --model ${MODEL} -n ${COUNT} --seed ${SEED} --out molecules.sdf`,
    },
  });

  if (notInSdf > 0)
    output.warn(`${notInSdf} molecules do not fit an SDF record; they are in molecules.extxyz`);

  const { colours } = output;
  output.print(`${COUNT} molecules in ${duration(seconds)} (${engine})\n`);
  output.print(reportCard(evaluation, { colour: colours.isColorSupported }));
  const files = [
    ["gallery.html", `look at them: ${pathToFileURL(FOLDER)}/gallery.html`],
    ["molecules.sdf", "with bonds, for other chemistry programs"],
    ["molecules.extxyz", "positions with every digit"],
    ["report.json", "the numbers above"],
  ];
  const next = [
    ["sample -n 1000 --seed 1 --out more.sdf", "more of them"],
    ["evaluate more.sdf --gallery more.html", "measured, and to look at"],
    ["data make minimol", "data to train on, without network"],
    ["train edm --data minimol --preset mini-qm9 --out runs/mini", "a model of your own"],
    ["--help", "all verbs"],
  ];
  output.print(`\n${section(`In ${relative(process.cwd(), FOLDER) || "."}`, files, colours)}`);
  output.print(`\n${section("Next: node bin/equimol.js …", next, colours)}`);
}

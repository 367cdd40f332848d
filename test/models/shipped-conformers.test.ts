import { expect, test } from "vitest";
import { loadRdkit } from "../../src/chem/rdkit.ts";
import { graphOfMolblock } from "../../src/chem/rdkit-graph.ts";
import { type Ensemble, readEnsembles } from "../../src/data/ensembles.ts";
import { evaluateConformers } from "../../src/evaluate/conformers.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { generateConformers, recommendedConformerSampling } from "../../src/models/geodiff/generate.ts";
import { createConformerNetwork } from "../../src/models/geodiff/network.ts";
import { hasShared, sharedPath } from "../shared.ts";

test.runIf(hasShared)("the shipped model finds most held-out geometries of QM9 in two samples", async () => {
  const model = await loadConformerModel(findModel("conformers"));
  const network = await createConformerNetwork(model.config);
  const rdkit = await loadRdkit();
  const references = (await readEnsembles(sharedPath("data/qm9/valid-00.extxyz.gz"), 100)).slice(60);
  const generated: Ensemble[] = [];
  for (const reference of references) {
    const graph = graphOfMolblock(rdkit, formatSdf({ ...reference, positions: reference.conformers[0] }));
    const options = { count: 2, seed: 0, ...recommendedConformerSampling(model.config) };
    const { conformers } = await generateConformers(model, network, graph, options);
    generated.push({ ...reference, conformers: conformers.map(({ positions }) => positions) });
  }
  network.dispose();
  const { generated: found } = await evaluateConformers(generated, references, { baselines: false });
  expect(found.coverage[0].threshold).toBe(0.5);
  expect(found.coverage[0].recall.mean).toBeGreaterThan(0.75); // 0.8 to 0.9 of several hundred, ± 0.06 of 40
  expect(found.soundBonds).toBeGreaterThan(0.82); // 0.90 of these 80
});

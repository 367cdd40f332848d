/** Whatever the network does with a molecule: conformers are finite and whole, or are missing with the reason. */
import { beforeAll, expect, test } from "vitest";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { type GraphWithStereo, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { stereoIsRight } from "../../src/chem/stereo.ts";
import { InputError } from "../../src/errors.ts";
import { stream } from "../../src/math/random.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { loadConformerModel } from "../../src/models/geodiff/folder.ts";
import { isIntact } from "../../src/models/geodiff/mend.ts";
import type { ConformerModel } from "../../src/models/geodiff/model.ts";
import { type ConformerNetwork, createConformerNetwork } from "../../src/models/geodiff/network.ts";
import { bondLengths } from "../../src/models/geodiff/shape.ts";
import { conformersOf } from "../../src/workflows/conformers.ts";
import { variedSmiles } from "./varied.ts";

/** Molecules that are drawn; EQUIMOL_MANY=1000 draws so many. */
const MANY = Number(process.env.EQUIMOL_MANY ?? 40);

let rdkit: Rdkit;
let model: ConformerModel;
let engine: ConformerNetwork;
beforeAll(async () => {
  rdkit = await loadRdkit();
  model = await loadConformerModel(findModel("conformers"));
  engine = await createConformerNetwork(model.config);
  return () => engine.dispose();
});

const graphOf = (smiles: string): GraphWithStereo | undefined => {
  try {
    return graphOfSmiles(rdkit, smiles);
  } catch (error) {
    if (error instanceof InputError) return undefined; // no molecule
    throw error;
  }
};

/** Makes two conformers and checks them; returns how many there are. */
async function checked(smiles: string, graph: GraphWithStereo): Promise<number> {
  const { topology, stereo } = graph;
  const report = await conformersOf({ model, engine, molecule: graph, name: smiles, count: 2 });
  const { rejected, lost } = report.stereo;
  expect(report.conformers.length + rejected + lost, smiles).toBe(2);
  for (const { molecule } of report.conformers) {
    expect(molecule.positions.every(Number.isFinite), smiles).toBe(true);
    expect(isIntact(topology, molecule.positions, bondLengths(topology)), smiles).toBe(true);
    expect(stereoIsRight(stereo, molecule.positions), smiles).toBe(true);
  }
  return report.conformers.length;
}

test(
  `conformers of ${MANY} drawn molecules are finite, whole and right; nearly none is missing`,
  async () => {
    let [molecules, made] = [0, 0];
    const missing: string[] = [];
    for (let index = 0; molecules < MANY; index++) {
      const smiles = variedSmiles(stream({ seed: 14, purpose: "test", index }));
      const graph = graphOf(smiles);
      if (graph === undefined || graph.topology.atomicNumbers.length > 100) continue;
      molecules++;
      const conformers = await checked(smiles, graph);
      made += conformers;
      if (conformers < 2) missing.push(smiles);
    }
    if (process.env.EQUIMOL_MANY !== undefined)
      console.log(
        `${made} conformers of ${molecules} molecules${missing.length > 0 ? `; too few of ${missing.join(" ")}` : ""}`,
      );
    expect(made).toBeGreaterThanOrEqual(0.98 * 2 * molecules);
  },
  120_000 + 2_000 * MANY,
);

test.each([
  "CCCCCCCCCCCCCCCCCC",
  "ClC(Cl)Cl",
  "C[Si](Cl)(Cl)Cl",
  "Cl[Si](Cl)(Cl)Cl",
  "FS(F)(F)(F)(F)F",
  "FP(F)(F)(F)F",
  "BrC(Br)(Br)Br",
])("%s, on which the network goes astray", async (smiles) => {
  expect(await checked(smiles, graphOf(smiles) as GraphWithStereo)).toBe(2);
});

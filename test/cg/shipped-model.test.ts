import { describe, expect, test } from "vitest";
import { loadDataset } from "../../src/data/store.ts";
import { findBasins } from "../../src/evaluate/basins.ts";
import { compareForces, compareTorsions } from "../../src/evaluate/bead-report.ts";
import { torsionsOf } from "../../src/evaluate/ramachandran.ts";
import { loadCg } from "../../src/models/cg/folder.ts";
import { cgPotential } from "../../src/models/cg/force-field.ts";
import { sampleBeads } from "../../src/models/cg/generate.ts";
import { findModel } from "../../src/models/edm/folder.ts";
import { hasShared, sharedPath } from "../shared.ts";

describe.runIf(hasShared).each([
  ["ala2-cg", 0.045], // 0.007 bits of 10,000 samples; the noise of 2,000 adds to it
  ["ala2-cg-perceptron", 0.06],
])("the shipped model %s of alanine dipeptide, beside the data", (name, divergence) => {
  const load = async () => ({
    model: await loadCg(findModel(name)),
    train: (await loadDataset(sharedPath("data/ala2_cg/train.extxyz.gz"))).train,
    valid: (await loadDataset(sharedPath("data/ala2_cg/valid.extxyz.gz"))).train,
  });

  test("samples have its free energies of φ and ψ", async () => {
    const { model, train } = await load();
    const positions = await sampleBeads(model, {
      count: 2000,
      seed: 1,
      sampler: "sde-dpm-solver",
      steps: 50,
    });
    const reference = torsionsOf(train.positions, 5);
    const compared = compareTorsions(torsionsOf(positions, 5), reference, findBasins(reference), 300);
    expect(compared.divergence.phiPsi).toBeLessThan(divergence);
    expect(compared.basins[0]).toBeGreaterThan(0.35);
    expect(compared.basins[1]).toBeGreaterThan(0.2);
    expect(compared.basins[2]).toBeGreaterThan(0.2);
    expect(compared.basins[3]).toBeGreaterThan(0.02); // φ > 0: not the mirror image of the others, which is empty
    const mirrored = compareTorsions(
      torsionsOf(
        positions.map((x) => -x),
        5,
      ),
      reference,
      findBasins(reference),
      300,
    );
    expect(mirrored.divergence.phiPsi).toBeGreaterThan(0.7);
  });

  test("its forces go with those mapped onto held-out frames, the more the smaller the noise", async () => {
    const { model, valid } = await load();
    const beads = Uint8Array.from(model.config.beads);
    const correlations = [0.12, 0.05, 0.02].map(async (noise) => {
      const { forces } = await cgPotential(model, noise).evaluate(valid.positions, beads);
      return compareForces(forces, valid.forces as Float64Array).correlation;
    });
    const [high, middle, low] = await Promise.all(correlations);
    expect(high).toBeGreaterThan(0.35);
    expect(middle).toBeGreaterThan(high);
    expect(low).toBeGreaterThan(middle);
    expect(low).toBeGreaterThan(0.6);
  });
});

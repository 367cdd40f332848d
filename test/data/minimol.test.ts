import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Molecule as OclMolecule } from "openchemlib";
import { describe, expect, test } from "vitest";
import type { BondOrder } from "../../src/chem/molecule.ts";
import { stability } from "../../src/chem/stability.ts";
import { makeMinimol, minimolMolecules } from "../../src/data/minimol.ts";
import {
  drawGraph,
  isReasonable,
  type MolecularGraph,
  toOpenChemLib,
} from "../../src/data/minimol-graphs.ts";
import { moleculeAt, moleculesOf, setSize, sizesOf } from "../../src/data/molecule-set.ts";
import { loadDataset } from "../../src/data/store.ts";
import { stream } from "../../src/math/random.ts";

function graphOf(smiles: string): MolecularGraph {
  const molecule = OclMolecule.fromSmiles(smiles);
  return {
    atomicNumbers: Array.from({ length: molecule.getAllAtoms() }, (_, i) => molecule.getAtomicNo(i)),
    bonds: Array.from({ length: molecule.getAllBonds() }, (_, b) => ({
      i: molecule.getBondAtom(0, b),
      j: molecule.getBondAtom(1, b),
      order: molecule.getBondOrder(b) as BondOrder,
    })),
  };
}

describe("a drawn graph", () => {
  test("is connected, of the size asked for, and within the valences", () => {
    const valence: Record<number, number> = { 6: 4, 7: 3, 8: 2, 9: 1 };
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(), (size, index) => {
        const graph = drawGraph(size, stream({ seed: 1, purpose: "test", index }));
        if (graph === undefined) return;
        expect(graph.atomicNumbers.length).toBe(size);
        graph.atomicNumbers.forEach((z, atom) => {
          const own = graph.bonds.filter(({ i, j }) => i === atom || j === atom);
          expect(own.reduce((sum, { order }) => sum + order, 0)).toBeLessThanOrEqual(valence[z]);
          if (atom > 0) expect(own.some(({ i }) => i < atom)).toBe(true);
        });
        expect(new Set(graph.bonds.map(({ i, j }) => `${i}-${j}`)).size).toBe(graph.bonds.length);
        expect(toOpenChemLib(graph).getAllBonds()).toBe(graph.bonds.length);
      }),
    );
  });
});

describe("reasonable", () => {
  test.each(
    "CCO CC(=O)O CC(N)=O c1ccccc1 Oc1ccccc1 c1cc[nH]c1 C1CO1 C1CC1 CC#N NNC CON CC=C C1CCC1C C1CC12CC2 OCCO COCOC CC(F)(F)F C=NO".split(
      " ",
    ),
  )("is %s", (smiles) => {
    expect(isReasonable(graphOf(smiles))).toBe(true);
  });

  test.each([
    ["COOC", "a peroxide"],
    ["CNF", "a fluoroamine"],
    ["CN=NC", "an azo bond"],
    ["CNNNC", "three heteroatoms in a row"],
    ["C=C=C", "an allene"],
    ["CC(O)(O)C", "a hydrate"],
    ["CC(N)O", "a hemiaminal"],
    ["FC(C)O", "a fluoroalcohol that loses HF"],
    ["C=CO", "an enol"],
    ["CC(O)=N", "an imidic acid"],
    ["OC(=O)O", "carbonic acid"],
    ["C1=CC1", "cyclopropene"],
    ["C=C1CC1", "methylenecyclopropane"],
    ["C1CC=C1", "cyclobutene"],
    ["C1CCCC#C1", "cyclohexyne"],
    ["C1C2CC12", "bicyclobutane"],
    ["C1CC2CCC1C2", "a bridged cage"],
    ["C1CC2CC3C1C23", "three rings"],
  ])("is not %s, %s", (smiles) => {
    expect(isReasonable(graphOf(smiles))).toBe(false);
  });
});

describe("minimol", async () => {
  const { molecules } = await minimolMolecules({ count: 150, seed: 4 });

  test("has as many molecules as asked for, of H C N O F and at most 20 atoms", () => {
    expect(setSize(molecules)).toBe(150);
    expect([...new Set(molecules.atomicNumbers)].every((z) => [1, 6, 7, 8, 9].includes(z))).toBe(true);
    expect(Math.max(...sizesOf(molecules))).toBeLessThanOrEqual(20);
    expect(new Set(molecules.properties.mmff94).size).toBe(150);
  });

  test("is at least 97 % stable by the rule of EDM", () => {
    const stable = [...moleculesOf(molecules)].filter((molecule) => stability(molecule, "qm9").stable);
    expect(stable.length / 150).toBeGreaterThanOrEqual(0.97);
  });

  test("is the same for the same seed, and its beginning the same for any count", async () => {
    const fewer = (await minimolMolecules({ count: 20, seed: 4 })).molecules;
    for (let i = 0; i < 20; i++) expect(moleculeAt(fewer, i)).toEqual(moleculeAt(molecules, i));
    expect((await minimolMolecules({ count: 20, seed: 5 })).molecules).not.toEqual(fewer);
  });

  test("is written as a data set of three parts with the same bytes each time", async () => {
    const home = mkdtempSync(join(tmpdir(), "equimol-minimol-"));
    try {
      const first = await makeMinimol({ count: 30, home });
      const second = await makeMinimol({ count: 30, home, name: "again" });
      expect(second.sha256).toBe(first.sha256);
      expect(first.molecules).toEqual({ train: 24, valid: 3, test: 3 });
      expect((await loadDataset("minimol", { home })).info).toEqual(first);
      await expect(makeMinimol({ count: 30, home })).rejects.toThrow(/exists already/);
      await expect(makeMinimol({ count: 3, home, name: "three" })).rejects.toThrow(/count must be .* ≥ 10/);
    } finally {
      rmSync(home, { recursive: true, force: true });
    }
  });
});

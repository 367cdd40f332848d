import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { heavyGraph, isomorphisms } from "../../src/chem/automorphisms.ts";
import { conformerComparison } from "../../src/chem/conformer-rmsd.ts";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles, isWhole } from "../../src/chem/rdkit-graph.ts";
import { type Topology, topologyOf } from "../../src/chem/topology.ts";
import { embedByDistances } from "../../src/data/embedding.ts";
import { readEnsembles } from "../../src/data/ensembles.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { permutation, stream } from "../../src/math/random.ts";
import { rotated, rotationMatrix } from "../rotations.ts";
import { hasShared, sharedPath } from "../shared.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});
const topology = (smiles: string): Topology => graphOfSmiles(rdkit, smiles).topology;
const automorphisms = (smiles: string): number => {
  const graph = heavyGraph(topology(smiles));
  return isomorphisms(graph, graph).maps.length;
};

test.each([
  ["CCO", 1],
  ["CCC", 2],
  ["CC(C)(C)C", 24],
  ["c1ccccc1", 12],
  ["C1CCCCC1", 12],
  ["Cc1ccccc1", 2],
  ["FS(F)(F)(F)(F)F", 720],
  ["CC(=O)[O-]", 2],
  ["C[N+](=O)[O-]", 2],
  ["CC(=O)OC", 1],
  ["c1ccc(-c2ccccc2)cc1", 8],
])("%s has %i automorphisms", (smiles, count) => {
  expect(automorphisms(smiles)).toBe(count);
});

/** The molecule with its atoms in another order. */
function shuffled(
  { atomicNumbers, bonds, formalCharges }: Topology,
  positions: Float64Array,
  seed: number,
): { topology: Topology; positions: Float64Array } {
  const order = permutation(atomicNumbers.length, stream({ seed, purpose: "test", step: 1 }));
  const place = new Map([...order].map((atom, k): [number, number] => [atom, k]));
  return {
    topology: topologyOf({
      atomicNumbers: Uint8Array.from(order, (atom) => atomicNumbers[atom]),
      formalCharges: Int8Array.from(order, (atom) => formalCharges[atom]),
      bonds: bonds.map(({ i, j, order: o }) => ({ i: place.get(i)!, j: place.get(j)!, order: o })),
    }),
    positions: Float64Array.from([...order].flatMap((atom) => [...positions.slice(3 * atom, 3 * atom + 3)])),
  };
}

describe.each(["CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccccc1", "OCC(O)CO"])("%s", (smiles) => {
  const embedded = (index: number): Float64Array =>
    embedByDistances(topology(smiles), stream({ seed: 2, purpose: "test", index }))!;

  test("the RMSD ignores turns, the order of atoms and which of two alike atoms is which", () => {
    const graph = topology(smiles);
    const [a, b] = [embedded(0), embedded(1)];
    const plain = conformerComparison(graph, graph)!;
    const expected = plain.rmsd(plain.first(a), plain.second(b));
    expect(expected).toBeGreaterThan(0.05);
    for (let seed = 0; seed < 5; seed++) {
      const other = shuffled(graph, rotated(b, rotationMatrix(seed, 1)), seed);
      const mixed = conformerComparison(graph, other.topology)!;
      expect(mixed.rmsd(mixed.first(a), mixed.second(other.positions))).toBeCloseTo(expected, 7);
      expect(mixed.rmsd(mixed.first(b), mixed.second(other.positions))).toBeLessThan(1e-6);
    }
  });
});

test("different molecules cannot be compared", () => {
  expect(conformerComparison(topology("CCO"), topology("COC"))).toBeUndefined();
});

const python = "/usr/bin/python3";
const hasRdkitPython = (): boolean => {
  if (!existsSync(python)) return false;
  try {
    execFileSync(python, ["-c", "import rdkit"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const canCompare = hasShared && hasRdkitPython();
if (!canCompare) console.warn("no python3-rdkit or no ../shared: RMSDs are not compared with RDKit's");

const GET_BEST_RMS = `
import sys, json
from rdkit import Chem
from rdkit.Chem import rdMolAlign
mols = [Chem.RemoveHs(m) for m in Chem.SDMolSupplier(sys.argv[1], removeHs=False)]
print(json.dumps([rdMolAlign.GetBestRMS(Chem.Mol(mols[k]), Chem.Mol(mols[k + 1])) for k in range(0, len(mols), 2)]))
`;

test.skipIf(!canCompare)("RMSDs of 100 pairs of conformers are RDKit's", async () => {
  const ensembles = (await readEnsembles(sharedPath("data/confsolv/conformers.jsonl.gz"))).filter(
    (one) => one.conformers.length >= 4 && one.atomicNumbers.length < 40 && isWhole(rdkit, one),
  );
  const pairs = Array.from({ length: 100 }, (_, k) => {
    const ensemble = ensembles[k % ensembles.length];
    const random = stream({ seed: 5, purpose: "test", index: k });
    const [a, b] = permutation(ensemble.conformers.length, random);
    return { ensemble, a: ensemble.conformers[a], b: ensemble.conformers[b] };
  });
  const file = join(mkdtempSync(join(tmpdir(), "equimol-rmsd-")), "pairs.sdf");
  writeFileSync(
    file,
    pairs
      .flatMap(({ ensemble: { atomicNumbers, bonds, formalCharges }, a, b }) =>
        [a, b].map((positions) =>
          formatSdf({ atomicNumbers, bonds, positions, ...(formalCharges && { formalCharges }) }),
        ),
      )
      .join(""),
  );
  const theirs = JSON.parse(
    execFileSync(python, ["-c", GET_BEST_RMS, file], { encoding: "utf8" }),
  ) as number[];
  expect(theirs).toHaveLength(100);
  pairs.forEach(({ ensemble, a, b }, k) => {
    const graph = topologyOf(ensemble);
    const comparison = conformerComparison(graph, graph)!;
    expect(comparison.rmsd(comparison.first(a), comparison.second(b)), ensemble.name).toBeCloseTo(
      theirs[k],
      3,
    );
  });
});

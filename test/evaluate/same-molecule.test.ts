import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { symbolOf } from "../../src/chem/elements.ts";
import type { Bond } from "../../src/chem/molecule.ts";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { topologyOf } from "../../src/chem/topology.ts";
import { embedByDistances } from "../../src/data/embedding.ts";
import { type Ensemble, readEnsembles } from "../../src/data/ensembles.ts";
import { evaluateConformers } from "../../src/evaluate/conformers.ts";
import { permutation, stream } from "../../src/math/random.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});

/** One structure of a SMILES. */
function ensembleOf(smiles: string, index = 0): Ensemble {
  const { topology } = graphOfSmiles(rdkit, smiles);
  for (let k = 0; ; k++) {
    const made = embedByDistances(topology, stream({ seed: 7, purpose: "test", index: 100 * index + k }));
    if (made) {
      const { atomicNumbers, formalCharges, bonds } = topology;
      return { name: smiles, atomicNumbers, formalCharges, bonds, conformers: [made] };
    }
  }
}

/** Atoms and bonds in another order. */
function shuffled(ensemble: Ensemble, index = 1): Ensemble {
  const n = ensemble.atomicNumbers.length;
  const order = [...permutation(n, stream({ seed: 1, purpose: "test", index }))]; // new atom k is order[k]
  const place = order.map((_, atom) => order.indexOf(atom));
  return {
    ...ensemble,
    name: "other",
    atomicNumbers: Uint8Array.from(order, (atom) => ensemble.atomicNumbers[atom]),
    ...(ensemble.formalCharges && {
      formalCharges: Int8Array.from(order, (atom) => ensemble.formalCharges?.[atom] ?? 0),
    }),
    bonds: ensemble.bonds.map(({ i, j, order: o }) => ({ i: place[j], j: place[i], order: o })).reverse(),
    conformers: ensemble.conformers.map((x) =>
      Float64Array.from(order.flatMap((atom) => [...x.subarray(3 * atom, 3 * atom + 3)])),
    ),
  };
}

/** The bonds of one order between atoms of these elements, changed. */
const withBonds = (ensemble: Ensemble, change: (bond: Bond, index: number) => Bond["order"]): Ensemble => ({
  ...ensemble,
  bonds: ensemble.bonds.map((bond, index) => ({ ...bond, order: change(bond, index) })),
});

/** Aromatic bonds as order 4. */
function aromatic(ensemble: Ensemble): Ensemble {
  const { aromaticBonds } = topologyOf(ensemble);
  return withBonds(ensemble, ({ order }, index) => (aromaticBonds[index] === 1 ? 4 : order));
}

/** The other Kekulé structure of every aromatic ring of six whose bonds alternate. */
function otherKekule(ensemble: Ensemble): Ensemble {
  const { aromaticBonds, rings } = topologyOf(ensemble);
  const inSix = new Set(rings.filter(({ length }) => length === 6).flat());
  return withBonds(ensemble, ({ i, j, order }, index) =>
    aromaticBonds[index] === 1 && inSix.has(i) && inSix.has(j) && order !== 4 ? (order === 1 ? 2 : 1) : order,
  );
}

/** Nitro groups without charges, N with five bonds. */
function pentavalent(ensemble: Ensemble): Ensemble {
  const charges = ensemble.formalCharges as Int8Array;
  return {
    ...withBonds(ensemble, ({ i, j, order }) =>
      (charges[i] === 1 && charges[j] === -1) || (charges[i] === -1 && charges[j] === 1) ? 2 : order,
    ),
    formalCharges: new Int8Array(charges.length),
  };
}

async function comparedWith(generated: Ensemble, reference: Ensemble): Promise<number | "another"> {
  try {
    const { generated: found } = await evaluateConformers([generated], [reference], { baselines: false });
    expect(found.stereo).toEqual({ count: 1, of: 1 });
    return found.matching.recall?.mean ?? Number.NaN;
  } catch (error) {
    expect((error as Error).message).toMatch(/no molecule of the generated file is one of the 1 references/);
    return "another";
  }
}

describe("the same molecule in another drawing", () => {
  const DRAWINGS: readonly (readonly [string, (ensemble: Ensemble) => Ensemble])[] = [
    ["with its atoms in another order", shuffled],
    ["with aromatic bonds", aromatic],
    ["with aromatic bonds in another order", (ensemble) => shuffled(aromatic(ensemble))],
    ["in the other Kekulé structure", (ensemble) => shuffled(otherKekule(ensemble))],
  ];
  test.each(DRAWINGS)("%s is found, at distance 0", async (_, redraw) => {
    for (const smiles of ["Cc1cccc(C(=O)OC)c1", "Cc1ccccc1Cl", "Oc1ccncc1Br", "CC(=O)Oc1ccccc1C(O)=O"]) {
      const ensemble = ensembleOf(smiles);
      const other = redraw(ensemble);
      expect(await comparedWith(ensemble, other)).toBeLessThan(1e-5);
      expect(await comparedWith(other, ensemble)).toBeLessThan(1e-5);
    }
  });

  test("with nitro groups of five bonds is found, whichever side has them", async () => {
    for (const smiles of ["C[N+](=O)[O-]", "Cc1ccc([N+](=O)[O-])cc1[N+](=O)[O-]", "CCO[N+](=O)[O-]"]) {
      const ensemble = ensembleOf(smiles);
      const other = shuffled(pentavalent(ensemble));
      expect(other.formalCharges?.some((charge) => charge !== 0)).toBe(false);
      expect(await comparedWith(ensemble, other)).toBeLessThan(1e-5);
      expect(await comparedWith(other, ensemble)).toBeLessThan(1e-5);
    }
  });

  test("with the charge at another atom of a mesomeric system is found", async () => {
    for (const [one, two] of [
      ["CNC(N)=[NH+]CC", "C[NH+]=C(N)NCC"],
      ["Cn1cc[n+](CC)c1", "C[n+]1ccn(CC)c1"],
      ["CC([O-])=CC(=O)CF", "CC(=O)C=C([O-])CF"],
    ]) {
      const [first, second] = [ensembleOf(one), ensembleOf(two)];
      expect(await comparedWith(first, second)).not.toBe("another");
    }
  });

  test("is not a tautomer, an isomer or an ion", async () => {
    for (const [one, two] of [
      ["Cc1c[nH]cn1", "Cc1cnc[nH]1"],
      ["CC(=O)C", "CC(O)=C"],
      ["Cc1ccccc1Cl", "Cc1cccc(Cl)c1"],
      ["CC(=O)O", "CC(=O)[O-]"],
      ["C[NH3+]", "CN"],
    ])
      expect(await comparedWith(ensembleOf(one), ensembleOf(two))).toBe("another");
  });
});

describe("ensembles of one molecule", () => {
  test("are one, whatever their drawing; each structure counts once", async () => {
    const first = ensembleOf("Cc1ccccc1Cl");
    const more = shuffled(otherKekule(ensembleOf("Cc1ccccc1Cl", 1)));
    const another = ensembleOf("CCO");
    const result = await evaluateConformers([first], [first, another, more], { baselines: false });
    expect(result.joined).toEqual({ generated: 0, references: 1 });
    expect(result.molecules.map(({ name, references }) => [name, references])).toEqual([
      ["Cc1ccccc1Cl", 2],
      ["CCO", 1],
    ]);
    expect(result.missing).toEqual(["CCO"]);
    const sides = await evaluateConformers([first, more], [more, first], { baselines: false });
    expect(sides.joined).toEqual({ generated: 1, references: 1 });
    expect(sides.generated.matching.recall?.mean).toBeLessThan(1e-5);
  });

  test("of two enantiomers are two, and each is compared with its own", async () => {
    const chiral = ensembleOf("C[C@H](F)Cl");
    const mirrored = {
      ...chiral,
      name: "mirror",
      conformers: chiral.conformers.map((x) => x.map((value, k) => (k % 3 === 2 ? -value : value))),
    };
    const renamed = { ...shuffled(chiral), name: "own" };
    const { joined, generated } = await evaluateConformers([mirrored, renamed], [chiral], {
      baselines: false,
    });
    expect(joined).toEqual({ generated: 0, references: 0 });
    expect(generated.stereo).toEqual({ count: 1, of: 1 });
  });
});

test("charges that a line of JSON does not give are those that its bonds imply", async () => {
  const folder = mkdtempSync(join(tmpdir(), "equimol-jsonl-"));
  try {
    const texts = ["C[N+](=O)[O-]", "C[NH3+]", "CC(=O)[O-]", "C[N+]#[C-]", "C[S+](C)C", "CCO"].map(
      (smiles) => {
        const { atomicNumbers, formalCharges, bonds, conformers } = ensembleOf(smiles);
        const symbols = Array.from(atomicNumbers, symbolOf);
        return {
          charges: Array.from(formalCharges ?? []),
          line: JSON.stringify({
            symbols,
            bonds: bonds.map(({ i, j, order }) => [i, j, order]),
            conformers: conformers.map((x) => [...x]),
          }),
        };
      },
    );
    const file = join(folder, "some.jsonl");
    writeFileSync(file, `${texts.map(({ line }) => line).join("\n")}\n`);
    const read = await readEnsembles(file);
    read.forEach(({ formalCharges, atomicNumbers }, k) => {
      expect(Array.from(formalCharges ?? new Int8Array(atomicNumbers.length))).toEqual(texts[k].charges);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

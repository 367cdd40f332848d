/** Stereochemistry of records: drawings, flat molecules, no coordinates at all. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import type { Bond, Molecule } from "../../src/chem/molecule.ts";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { type GraphWithStereo, graphOfMolblock, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { molblockOf } from "../../src/formats/sdf/molblock.ts";
import { ISOMERS } from "../conformers/isomers.ts";
import { hasShared, sharedPath } from "../shared.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});

const record = async (text: string): Promise<Molecule> => {
  for await (const molecule of parseMolecules(text, { format: "sdf" })) return molecule;
  throw new Error("no record");
};
const graphOf = (molecule: Molecule): GraphWithStereo => graphOfMolblock(rdkit, molblockOf(molecule));
const given = ({ stereo }: GraphWithStereo) => ({
  centres: stereo.centres.filter((centre) => centre.given),
  doubleBonds: stereo.doubleBonds.filter((bond) => bond.given),
});
/** RDKit's drawing of a SMILES. */
function drawing(smiles: string, version: "V2000" | "V3000"): string {
  const mol = rdkit.get_mol(smiles);
  if (mol === null) throw new Error(smiles);
  const text = version === "V2000" ? mol.get_v2Kmolblock() : mol.get_v3Kmolblock();
  mol.delete();
  return text;
}

describe("a drawing", () => {
  test.each(["V2000", "V3000"] as const)("gives what the SMILES gives, %s", async (version) => {
    let centres = 0;
    for (const smiles of ISOMERS) {
      const wanted = given(graphOfSmiles(rdkit, smiles));
      const drawn = await record(drawing(smiles, version));
      expect(given(graphOf(drawn)), smiles).toEqual(wanted);
      centres += wanted.centres.length;
    }
    expect(centres).toBeGreaterThan(60);
  });

  test("with its wedges turned gives the mirror image; without them, or with wiggly bonds, it leaves the centres open", async () => {
    const turned = { up: "down", down: "up", either: "either" } as const;
    const { bonds = [], ...drawn } = await record(drawing("C[C@H](O)/C=C\\[C@@H](F)C", "V2000"));
    const as = (change: (bond: Bond) => Bond): GraphWithStereo =>
      graphOf({ ...drawn, bonds: bonds.map(change) });
    const marked = bonds.filter(({ mark }) => mark !== undefined).length;
    expect(marked).toBe(2);
    const wanted = given(as((bond) => bond));
    const mirror = given(as((bond) => (bond.mark ? { ...bond, mark: turned[bond.mark] } : bond)));
    expect(mirror.centres.map(({ sign }) => sign)).toEqual(wanted.centres.map(({ sign }) => -sign));
    expect(mirror.doubleBonds).toEqual(wanted.doubleBonds);
    for (const open of [
      as(({ mark: _, ...bond }) => bond),
      as((bond) => (bond.mark ? { ...bond, mark: "either" } : bond)),
    ]) {
      expect(given(open).centres).toEqual([]);
      expect(open.open?.centres).toEqual([1, 5]);
      expect(given(open).doubleBonds).toEqual(wanted.doubleBonds);
    }
    const crossed = as((bond) => (bond.order === 2 ? { ...bond, mark: "either" } : bond));
    expect(given(crossed).doubleBonds).toEqual([]);
    expect(crossed.open?.doubleBonds).toEqual([[3, 4]]);
  });

  test("with its wedge's wide end at the centre says nothing of it", async () => {
    const { bonds = [], ...drawn } = await record(drawing("C[C@H](F)Cl", "V2000"));
    const wide = bonds.map((bond) => (bond.mark ? { ...bond, i: bond.j, j: bond.i } : bond));
    expect(given(graphOf({ ...drawn, bonds: wide })).centres).toEqual([]);
  });
});

describe("a flat record", () => {
  const flat = (x: readonly number[], z = 0): Molecule => ({
    atomicNumbers: Uint8Array.from([9, 6, 6, 9]),
    positions: Float64Array.from(x.flatMap((value, k) => (k % 2 === 1 ? [value, z] : [value]))),
    bonds: [
      { i: 0, j: 1, order: 1 },
      { i: 1, j: 2, order: 2 },
      { i: 2, j: 3, order: 1 },
    ],
  });
  test.each([0, 1.5])("in the plane z = %d gives the sides of its double bonds", (z) => {
    const cis = graphOf(flat([-1.4, -1, -0.7, 0.1, 0.7, 0.1, 1.4, -1], z));
    const trans = graphOf(flat([-1.4, -1, -0.7, 0.1, 0.7, 0.1, 1.4, 1.2], z));
    expect([cis, trans].map((graph) => given(graph).doubleBonds.map(({ sign }) => sign))).toEqual([
      [1],
      [-1],
    ]);
  });

  test("without coordinates leaves its double bonds open", () => {
    const nowhere = graphOf(flat([0, 0, 0, 0, 0, 0, 0, 0]));
    expect(given(nowhere).doubleBonds).toEqual([]);
    expect(nowhere.open?.doubleBonds).toEqual([[1, 2]]);
  });
});

test.runIf(hasShared)("the records of the collection that fell short: Z, one hand, Z", async () => {
  const read = async (name: string): Promise<GraphWithStereo> =>
    graphOf(await record(readFileSync(sharedPath(`cases/sdf/${name}`), "utf8")));
  expect(given(await read("ez-2d-stilbene-Z.mol")).doubleBonds.map(({ sign, a, b }) => [sign, a, b])).toEqual(
    [[1, 5, 8]],
  );
  expect(given(await read("planar-3d-difluoroethene-Z.mol")).doubleBonds.map(({ sign }) => sign)).toEqual([
    1,
  ]);
  expect(given(await read("wedge-2d-alaninol.mol")).centres).toEqual(
    given(graphOfSmiles(rdkit, "C[C@H](N)CO")).centres,
  );
});

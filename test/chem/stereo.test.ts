import { beforeAll, describe, expect, test } from "vitest";
import { loadRdkit, type Rdkit, readableSmiles } from "../../src/chem/rdkit.ts";
import { graphOfMolblock, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import {
  handedness,
  leastVolume,
  stereoErrors,
  stereoIsRight,
  stereoOfPositions,
} from "../../src/chem/stereo.ts";
import { embedByDistances } from "../../src/data/embedding.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { stream } from "../../src/math/random.ts";
import { rotated, rotationMatrix } from "../rotations.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});

/** A structure of the SMILES in which every given centre and double bond is right, from random embeddings. */
function structureOf(smiles: string): { graph: ReturnType<typeof graphOfSmiles>; positions: Float64Array } {
  const graph = graphOfSmiles(rdkit, smiles);
  for (let index = 0; index < 200; index++) {
    const random = stream({ seed: 1, purpose: "test", index });
    const positions = embedByDistances(graph.topology, random);
    if (positions && stereoIsRight(graph.stereo, positions)) return { graph, positions };
  }
  throw new Error(`no embedding of ${smiles} was right`);
}

const CASES = [
  ["C[C@H](F)Cl", "C[C@@H](F)Cl"],
  ["N[C@@H](C)C(=O)O", "N[C@H](C)C(=O)O"],
  ["F/C=C/Cl", "F/C=C\\Cl"],
  ["C[C@H](O)/C=C/[C@@H](F)CC", "C[C@H](O)/C=C\\[C@@H](F)CC"],
] as const;

describe.each(CASES)("%s", (smiles, other) => {
  test("a structure with the given signs is the given isomer to RDKit, and not the other", () => {
    const { graph, positions } = structureOf(smiles);
    const { atomicNumbers, bonds } = graph.topology;
    const made = readableSmiles(rdkit, formatSdf({ atomicNumbers, bonds, positions }));
    const canonical = (text: string): string => {
      const given = rdkit.get_mol(text);
      const result = given?.get_smiles() ?? "";
      given?.delete();
      return result;
    };
    expect(made).toBe(canonical(smiles));
    expect(made).not.toBe(canonical(other));
  });

  test("turning keeps every sign, the mirror image flips those of centres alone", () => {
    const { graph, positions } = structureOf(smiles);
    const { centres, doubleBonds } = stereoOfPositions(graph.topology, positions);
    const turned = stereoOfPositions(graph.topology, rotated(positions, rotationMatrix(3, 1)));
    expect(turned).toEqual({ centres, doubleBonds });
    const mirror = stereoOfPositions(graph.topology, rotated(positions, rotationMatrix(3, -1)));
    expect(mirror.centres.map(({ sign }) => sign)).toEqual(centres.map(({ sign }) => -sign));
    expect(mirror.doubleBonds).toEqual(doubleBonds);
  });

  test("a record with these positions gives the same stereochemistry as the SMILES", () => {
    const { graph, positions } = structureOf(smiles);
    const { atomicNumbers, bonds } = graph.topology;
    const read = graphOfMolblock(rdkit, formatSdf({ atomicNumbers, bonds, positions }));
    const given = ({ stereo }: typeof read): unknown => [
      stereo.centres.filter((centre) => centre.given),
      stereo.doubleBonds.filter((bond) => bond.given),
    ];
    expect(given(read)).toEqual(given(graph));
  });
});

test("the mirror image of a molecule with one centre is wrong at that centre", () => {
  const { graph, positions } = structureOf("C[C@H](F)Cl");
  const mirror = positions.map((value, k) => (k % 3 === 0 ? -value : value));
  expect(stereoErrors(graph.stereo, mirror).centres.map(({ atom }) => atom)).toEqual([1]);
});

test("a centre outside of its neighbours' tetrahedron is wrong, whatever the sign of their volume", () => {
  const { graph, positions } = structureOf("C[C@H](F)Cl");
  const [centre] = graph.stereo.centres.filter(({ given }) => given);
  const { atom, neighbours, sign } = centre;
  const tetrahedron = Float64Array.from([0, 0, 0, 1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1]);
  const ideal = leastVolume(tetrahedron, { atom: 0, neighbours: [1, 2, 3, 4] }, 1);
  expect(ideal).toBeCloseTo(4 / 27 ** 0.5, 9);
  expect(leastVolume(positions, centre, sign)).toBeGreaterThan(0.5);
  for (const without of [0, 1, 2, 3]) {
    const out = positions.slice();
    const face = neighbours.filter((_, k) => k !== without);
    for (let d = 0; d < 3; d++) {
      const middle = face.reduce((sum, other) => sum + positions[3 * other + d], 0) / 3;
      out[3 * atom + d] = middle + 0.5 * (middle - positions[3 * atom + d]);
    }
    expect(sign * handedness(out, neighbours)).toBeGreaterThan(0);
    expect(leastVolume(out, centre, sign)).toBeLessThan(0);
    expect(stereoIsRight(graph.stereo, out)).toBe(false);
  }
});

test.each([
  ["C(C)(C)(C)(C)C", /valence for atom # 0 C, 5/],
  ["CC(=O)Oc1ccccc1C(=O)O)", /extra close parentheses at position 22/],
  ["CCO.O", /2 fragments/],
  ["C[CH2]", /atom 2 \(C\) is a radical/],
  ["c1cccc1", /kekulize/],
])("%s is refused with the reason", (smiles, reason) => {
  expect(() => graphOfSmiles(rdkit, smiles)).toThrow(reason);
});

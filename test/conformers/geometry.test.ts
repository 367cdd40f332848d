/** Repairs, structures without the network, and what cannot exist. */
import { beforeAll, describe, expect, test } from "vitest";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { type GraphWithStereo, graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { leastVolume, staysPyramidal, stereoErrors, stereoIsRight } from "../../src/chem/stereo.ts";
import { configurationText } from "../../src/chem/stereo-open.ts";
import { stream } from "../../src/math/random.ts";
import { distance } from "../../src/math/vectors.ts";
import { isIntact, mended } from "../../src/models/geodiff/mend.ts";
import { impossibility } from "../../src/models/geodiff/possible.ts";
import { embedded, rebuilt } from "../../src/models/geodiff/rebuild.ts";
import { bondLengths } from "../../src/models/geodiff/shape.ts";
import { ISOMERS } from "./isomers.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});

/** A structure by distance geometry and MMFF94; tries a few times. */
function structureOf(smiles: string): { readonly graph: GraphWithStereo; readonly positions: Float64Array } {
  const graph = graphOfSmiles(rdkit, smiles);
  for (let index = 0; index < 10; index++) {
    const made = rebuilt(graph.topology, graph.stereo, stream({ seed: 3, purpose: "test", index }));
    if (made !== undefined) return { graph, positions: made.positions };
  }
  throw new Error(`no structure of ${smiles}`);
}

const angle = (x: Float64Array, i: number, j: number, k: number): number => {
  const [a, b, c] = [distance(x, i, j), distance(x, j, k), distance(x, i, k)];
  return (Math.acos(Math.max(-1, (a * a + b * b - c * c) / (2 * a * b))) * 180) / Math.PI;
};

describe("distance geometry with handedness", () => {
  test("finds a structure of every isomer without strain beyond that of its rings", () => {
    for (const smiles of ISOMERS) {
      const { topology, stereo } = graphOfSmiles(rdkit, smiles);
      const worst = Array.from({ length: 8 }, (_, index) =>
        embedded(topology, stereo, stream({ seed: 5, purpose: "test", index })),
      ).map((made) => made?.worst ?? 1);
      expect(Math.min(...worst), smiles).toBeLessThan(0.1);
    }
  });

  test("makes atoms with a lone pair pyramidal: the angles of dimethyl sulfoxide sum up to 310°", () => {
    const { graph, positions } = structureOf("CS(C)=O");
    expect(staysPyramidal(graph.topology, 1)).toBe(true);
    const { positions: bare } = embedded(
      graph.topology,
      graph.stereo,
      stream({ seed: 0, purpose: "test" }),
    ) as { positions: Float64Array };
    for (const x of [positions, bare]) {
      const sum = angle(x, 0, 1, 2) + angle(x, 0, 1, 3) + angle(x, 2, 1, 3);
      // 96.6° and twice 106.7° by microwaves: Feder, Dreizler, Rudolph & Typke, Z. Naturforsch. 24a, 1969
      expect(Math.abs(sum - 310)).toBeLessThan(12);
    }
  });

  test("makes an octahedron of six neighbours", () => {
    const { positions } = structureOf("FS(F)(F)(F)(F)F");
    const around = [0, 2, 3, 4, 5, 6];
    const all = around.flatMap((i, p) => around.slice(p + 1).map((k) => angle(positions, i, 1, k)));
    expect(all.filter((degrees) => Math.abs(degrees - 90) < 5)).toHaveLength(12);
    expect(all.filter((degrees) => degrees > 170)).toHaveLength(3);
  });
});

describe("a repair", () => {
  test.each(["C[C@H](F)Cl", "C[C@@H]1O[C@H]1C", "N[C@@H](C)C(=O)O", "C[S@](=O)c1ccccc1", "CN1[C@H](C)C1"])(
    "%s: brings a centre back that was moved out of its neighbours' tetrahedron, and leaves the rest",
    (smiles) => {
      const { graph, positions } = structureOf(smiles);
      const { topology, stereo } = graph;
      const centre = stereo.centres.find(({ given }) => given);
      if (centre === undefined) throw new Error("no centre is given");
      const moved = positions.slice();
      // through the plane of three neighbours, a little to the other side
      const [a, b, c] = centre.neighbours;
      for (let d = 0; d < 3; d++) {
        const plane = (positions[3 * a + d] + positions[3 * b + d] + positions[3 * c + d]) / 3;
        moved[3 * centre.atom + d] += 1.1 * (plane - positions[3 * centre.atom + d]);
      }
      expect(leastVolume(moved, centre, centre.sign)).toBeLessThan(0.12);
      expect(stereoErrors(stereo, moved).centres.map(({ atom }) => atom)).toContain(centre.atom);
      const back = mended(topology, stereo, moved) as Float64Array;
      expect(stereoIsRight(stereo, back)).toBe(true);
      expect(isIntact(topology, back, bondLengths(topology))).toBe(true);
      topology.bonds.forEach(({ i, j }) => {
        expect(Math.abs(distance(back, i, j) - distance(positions, i, j))).toBeLessThan(0.15);
      });
    },
  );

  test("bends C–N=N that has become straight", () => {
    const { graph, positions } = structureOf("C/N=N/c1ccccc1");
    const straight = positions.slice();
    for (let d = 0; d < 3; d++) {
      const along = (positions[3 + d] - positions[6 + d]) / distance(positions, 1, 2);
      straight[d] = positions[3 + d] + 1.46 * along;
    }
    expect(angle(straight, 0, 1, 2)).toBeGreaterThan(179);
    expect(stereoErrors(graph.stereo, straight).doubleBonds).toHaveLength(1);
    const bent = mended(graph.topology, graph.stereo, straight) as Float64Array;
    expect(stereoIsRight(graph.stereo, bent)).toBe(true);
    expect(Math.abs(angle(bent, 0, 1, 2) - 115)).toBeLessThan(15);
  });
});

test("structures of one isomer show one configuration, those of others another", () => {
  const pairs = [
    ["C[C@H](F)Cl", "C[C@@H](F)Cl"],
    ["F/C=C/Cl", "F/C=C\\Cl"],
    ["C[C@H]1CC[C@@H](C)CC1", "C[C@H]1CC[C@H](C)CC1"],
    ["C[S@](=O)CC", "C[S@@](=O)CC"],
  ];
  for (const pair of pairs) {
    const texts = pair.map((smiles) => {
      const { topology, stereo } = graphOfSmiles(rdkit, smiles);
      const found = Array.from({ length: 12 }, (_, index) =>
        rebuilt(topology, stereo, stream({ seed: 8, purpose: "test", index })),
      ).flatMap((made) => (made ? [configurationText(topology, made.positions)] : []));
      expect(found.length, smiles).toBeGreaterThan(3);
      expect(new Set(found).size, smiles).toBe(1);
      return found[0];
    });
    expect(texts[0]).not.toBe(texts[1]);
  }
});

describe("what cannot exist", () => {
  // RDKit 2022.09 embeds none of the first and all of the second (EmbedMultipleConfs, 30 attempts)
  test.each([
    "C=CCn1c([C@@H]2C[C@@H]3CC[C@@H]2O3)nnc1C",
    "CC1(C)[C@]2(C)CC[C@@H]1CC2=O",
    "F[C@]12CC[C@@](Cl)(CC1)C2",
    "O=C1C[C@H]2CC[C@H]1C2",
    "CN1[C@H]2CC[C@H]1[C@H]([C@H](C2)OC(=O)c1ccccc1)C(=O)OC",
    "C1C[C@@H]2[C@@H]3[C@@H](C1)[C@H]23",
  ])("%s", (smiles) => {
    const graph = graphOfSmiles(rdkit, smiles);
    expect(impossibility(graph, 0)?.atoms.length).toBeGreaterThan(1);
  });

  test("is told from what is only strained, and from all isomers that are made", () => {
    const strained = [
      "[H][C@]12CC[C@]1([H])CC2", // trans-bicyclo[2.2.0]hexane
      "[H][C@]12CCCC[C@]1([H])C2", // trans-bicyclo[4.1.0]heptane
      "C1CC/C=C/CCC1",
      "CC1(C)[C@]2(C)CC[C@H]1CC2=O",
      "CN1CC[C@]23c4c5ccc(O)c4O[C@H]2[C@@H](O)C=C[C@H]3[C@H]1C5",
    ];
    for (const smiles of [...strained, ...ISOMERS])
      expect(impossibility(graphOfSmiles(rdkit, smiles), 0), smiles).toBeUndefined();
  });
});

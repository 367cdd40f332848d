import { describe, expect, it } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { radiusOfGyration, smallestRings } from "../../src/evaluate/distributions.ts";
import { buildReference, type Evaluation, evaluateMolecules } from "../../src/evaluate/metrics.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import {
  benzene,
  ETHENE,
  ETHYNE,
  HYDROGEN_CYANIDE,
  methane,
  molecule,
  moved,
  shuffled,
  together,
  WATER,
} from "../chem/molecules.ts";
import { hasShared, sharedPath } from "../shared.ts";

const share = (count: number, of: number) => ({ count, of, fraction: of === 0 ? null : count / of });
const PENTAVALENT = molecule("C 0 0 0\nH 1 0 0\nH -1 0 0\nH 0 1 0\nH 0 -1 0\nH 0 0 1");

describe("the evaluation of molecules", () => {
  it("counts stable, valid, unique and connected molecules, uniqueness among the valid ones", async () => {
    const result = await evaluateMolecules([
      methane(),
      methane(1.1),
      WATER,
      PENTAVALENT,
      together(WATER, ETHENE, 20),
    ]);
    expect(result).toMatchObject({
      molecules: 5,
      atoms: 5 + 5 + 3 + 6 + 9,
      rule: "qm9",
      atomStable: share(27, 28),
      moleculeStable: share(4, 5),
      valid: share(4, 5),
      unique: share(3, 4),
      connected: share(4, 5),
      elements: { C: 5, H: 21, O: 2 },
      sizes: { 3: 1, 5: 2, 6: 1, 9: 1 },
      unsupportedElements: {},
      validityUnchecked: 0,
    });
    // CH5 has no valence but passes: geometry asks for lengths, angles and contacts only
    expect(result.geometry.passesAll).toEqual(share(4, 5));
    expect(result).not.toHaveProperty("novel");
    expect(result).not.toHaveProperty("distances");
  });

  it("has exactly the keys that programs rely on", async () => {
    const result = await evaluateMolecules([methane()], { reference: await buildReference([WATER]) });
    expect(Object.keys(result).sort()).toEqual(
      [
        "atomStable",
        "atoms",
        "closedShell",
        "connected",
        "distances",
        "elements",
        "geometry",
        "moleculeStable",
        "molecules",
      ].concat(
        ["novel", "radiusOfGyration", "rule", "sizes", "unique"],
        ["unsupportedElements", "valid", "validityUnchecked"],
      ),
    );
    expect(Object.keys(result.geometry)).toEqual([
      "bondLengths",
      "bondAngles",
      "noClashes",
      "noOverlap",
      "passesAll",
    ]);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it("of nothing has counts of 0 and fractions of null, nowhere NaN", async () => {
    const result = await evaluateMolecules([], { reference: await buildReference([]) });
    expect(result.molecules).toBe(0);
    for (const key of ["atomStable", "moleculeStable", "valid", "unique", "novel", "connected"] as const) {
      expect(result[key]).toEqual(share(0, 0));
    }
    expect(JSON.stringify(result)).not.toContain("NaN");
    expect(Object.values(result.distances!)).toEqual([0, ...Array(7).fill(null), {}, null]);
  });

  it("never fails for empty molecules, single atoms, coinciding atoms or elements that no rule knows", async () => {
    const odd = [
      molecule(""),
      molecule("H 0 0 0"),
      molecule("C 0 0 0\nC 0 0 0"),
      molecule("Xe 0 0 0\nU 0 0 1"),
      molecule("Og 0 0 0"),
    ];
    const result = await evaluateMolecules(odd);
    expect(result.unsupportedElements).toEqual({ Xe: 1, U: 1, Og: 1 });
    expect(result.moleculeStable).toEqual(share(0, 5));
    expect(result.rule).toBe("mixed");
    expect(result.geometry.noOverlap).toEqual(share(4, 5));
  });

  it("is the same for rotated, mirrored, moved and shuffled molecules in any order", async () => {
    const set = [methane(), WATER, ETHENE, ETHYNE, HYDROGEN_CYANIDE, benzene(), PENTAVALENT];
    const changed = set.map((m, k) => shuffled(moved(m, k, k % 2 === 0 ? 1 : -1), k).molecule).reverse();
    expect(await evaluateMolecules(changed)).toEqual(await evaluateMolecules(set));
  });

  it("ignores the bonds that molecules bring", async () => {
    const liar: Molecule = { ...methane(), bonds: [{ i: 0, j: 1, order: 3 }] };
    expect(await evaluateMolecules([liar])).toEqual(await evaluateMolecules([methane()]));
  });

  it("takes a stream, and tells the progress and every verdict", async () => {
    async function* source() {
      for (let k = 0; k < 250; k++) yield k === 7 ? PENTAVALENT : methane();
    }
    const seen: number[] = [];
    const refused: number[] = [];
    let index = 0;
    const result = await evaluateMolecules(source(), {
      onProgress: (done) => seen.push(done),
      onMolecule: ({ valid }) => {
        if (!valid) refused.push(index);
        index++;
      },
    });
    expect(result.unique).toEqual(share(1, 249));
    expect(seen).toEqual([100, 200]);
    expect(refused).toEqual([7]);
  });

  it("counts molecules too large for RDKit as not valid, and says how many, and goes on", async () => {
    const large: Molecule = {
      atomicNumbers: new Uint8Array(1500).fill(6),
      positions: Float64Array.from({ length: 4500 }, (_, k) => (k % 3 === 0 ? 1.5 * Math.floor(k / 3) : 0)),
    };
    const deep: Molecule = {
      atomicNumbers: large.atomicNumbers.subarray(0, 900),
      positions: large.positions.subarray(0, 2700),
    };
    const result = await evaluateMolecules([large, methane(), deep, WATER]);
    expect(result).toMatchObject({
      valid: share(2, 4),
      unique: share(2, 2),
      validityUnchecked: 2,
      connected: share(4, 4),
    });
  });
});

describe("the rule", () => {
  const sulfide = molecule("S 0 0 0\nH 0.96 0.92 0\nH -0.96 0.92 0");
  const formaldehyde = molecule("C 0 0 0\nO 0 0 1.2\nH 0.94 0 -0.58\nH -0.94 0 -0.58");

  it("is chosen by the elements of each molecule, and named", async () => {
    expect((await evaluateMolecules([methane()])).rule).toBe("qm9");
    expect((await evaluateMolecules([sulfide])).rule).toBe("geom");
    expect((await evaluateMolecules([sulfide, methane()])).rule).toBe("mixed");
    expect((await evaluateMolecules([methane()], { rule: "geom" })).rule).toBe("geom");
  });

  it("of GEOM asks for validity with single bonds only, as the published code does", async () => {
    const nitrogen = molecule("N 0 0 0\nN 0 0 1.1\nH 5 0 0");
    const smiles = async (m: Molecule, rule: "qm9" | "geom") => {
      let found: string | null = null;
      await evaluateMolecules([m], { rule, onMolecule: (verdict) => (found = verdict.smiles) });
      return found;
    };
    expect(await smiles(nitrogen, "qm9")).toBe("N#N");
    expect(await smiles(nitrogen, "geom")).toBe("NN");
    expect(await smiles(formaldehyde, "qm9")).toBe("[H]C([H])=O");
    expect(await smiles(formaldehyde, "geom")).toBe("[H]C([H])O");
    expect((await evaluateMolecules([formaldehyde], { rule: "geom" })).moleculeStable).toEqual(share(1, 1));
  });
});

describe("novelty and distances to a reference", () => {
  it("count the different SMILES that the reference lacks", async () => {
    const reference = await buildReference([methane(1.08), ETHENE, ETHENE]);
    expect(reference.smiles.size).toBe(2);
    const result = await evaluateMolecules([methane(), methane(), WATER, HYDROGEN_CYANIDE], { reference });
    expect(result.unique).toEqual(share(3, 4));
    expect(result.novel).toEqual(share(2, 3));
  });

  it("compare with whole molecules of the reference, but largest fragments of the sample, as published", async () => {
    const both = together(ETHENE, WATER, 20);
    const reference = await buildReference([both]);
    expect([...reference.smiles]).toEqual(["[H]C([H])=C([H])[H].[H]O[H]"]);
    expect((await evaluateMolecules([both], { reference })).novel).toEqual(share(1, 1));
  });

  it("are 0 against itself and known against another", async () => {
    const reference = await buildReference([methane(), WATER]);
    expect(reference).toMatchObject({ molecules: 2, atomTypes: { C: 1, O: 1, H: 6 }, sizes: { 3: 1, 5: 1 } });
    const same = await evaluateMolecules([WATER, methane()], { reference });
    expect(Object.values(same.distances!)).toEqual([2, ...Array(7).fill(0), { C: 0, H: 0, O: 0 }, 0]);
    const water = await evaluateMolecules([WATER], { reference });
    // types: H 2/3 against 6/8, O 1/3 against 1/8, C 0 against 1/8; sizes: 3 against 3 or 5
    expect(water.distances!.atomTypesTotalVariation).toBeCloseTo(5 / 24, 12);
    expect(water.distances!.sizesTotalVariation).toBeCloseTo(1 / 2, 12);
    expect(water.distances!.sizesWasserstein).toBeCloseTo(1, 12);
    // four of the six bonds of the reference are C-H, which the sample lacks
    expect(water.distances!.bondLengthsJensenShannon).toBeCloseTo(4 / 6, 12);
    expect(water.distances!.elementShares.O).toBeCloseTo(1 / 3 - 1 / 8, 12);
    expect(water.distances!.elementShares.C).toBeCloseTo(-1 / 8, 12);
    // mean of methane's and water's
    const [a, b] = [methane(), WATER].map(({ positions }) => radiusOfGyration(positions));
    expect(water.distances!.radiusOfGyration).toBeCloseTo(b / ((a + b) / 2) - 1, 12);
  });
});

describe("structure", () => {
  const neighbours = (atoms: number, bonds: readonly (readonly [number, number])[]): number[][] =>
    Array.from({ length: atoms }, (_, a) => bonds.flatMap(([i, j]) => (i === a ? [j] : j === a ? [i] : [])));
  const ring = (first: number, size: number): [number, number][] =>
    Array.from({ length: size }, (_, k) => [first + k, first + ((k + 1) % size)]);

  it("knows the smallest ring of each atom, 0 for atoms of chains and between rings", () => {
    for (const size of [3, 4, 5, 6, 9])
      expect(smallestRings(neighbours(size, ring(0, size)), 12)).toEqual(Array(size).fill(size));
    expect(
      smallestRings(
        neighbours(4, [
          [0, 1],
          [1, 2],
          [2, 3],
        ]),
        12,
      ),
    ).toEqual([0, 0, 0, 0]);
    // two triangles and an atom that joins them
    const joined = neighbours(7, [...ring(0, 3), ...ring(3, 3), [0, 6], [6, 3]]);
    expect(smallestRings(joined, 12)).toEqual([3, 3, 3, 3, 3, 3, 0]);
    // a triangle fused to a hexagon by one bond
    const fused = neighbours(7, [...ring(0, 6), [0, 6], [1, 6]]);
    expect(smallestRings(fused, 12)).toEqual([3, 3, 6, 6, 6, 6, 3]);
    expect(smallestRings(neighbours(9, ring(0, 9)), 8)).toEqual(Array(9).fill(0));
  });

  it("has the radius of gyration of points in closed form, wherever they are", () => {
    expect(radiusOfGyration(Float64Array.of(5, 0, 0, 7, 0, 0))).toBeCloseTo(1, 12);
    expect(radiusOfGyration(Float64Array.of(0, 0, 0, 3, 0, 0, 0, 3, 0))).toBeCloseTo(2, 12);
  });
});

describe.skipIf(!hasShared)("real molecules", () => {
  it("of QM9 have the counts that the documentation states for their first 2,000", async () => {
    const path = sharedPath("data/qm9/train-00.extxyz.gz");
    const result: Evaluation = await evaluateMolecules(readMolecules(path, { limit: 2000 }));
    expect(result).toMatchObject({
      molecules: 2000,
      rule: "qm9",
      atomStable: share(35_843, 36_058),
      moleculeStable: share(1908, 2000),
    });
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withBonds } from "../../src/chem/bond-orders.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { perceiveBonds } from "../../src/chem/perception.ts";
import { loadRdkit, sanitizes } from "../../src/chem/rdkit.ts";
import { assignBondOrders } from "../../src/chem/valence-search.ts";
import { formatSdf } from "../../src/formats/sdf/write.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { hasShared, sharedPath } from "../shared.ts";
import {
  benzene,
  crowdedMolecule,
  ETHENE,
  HYDROGEN_CYANIDE,
  METHYL_ISOCYANIDE,
  methane,
  molecule,
  moved,
  WATER,
} from "./molecules.ts";

const orders = (m: Molecule) => m.bonds!.map(({ order }) => order).sort();

/** Charges and bond orders of an atom sum to a closed shell: what the octet rule asks of H C N O F. */
function closedShell(m: Molecule): boolean {
  const sums = new Int32Array(m.atomicNumbers.length);
  for (const { i, j, order } of m.bonds!) {
    sums[i] += order;
    sums[j] += order;
  }
  const neutral: Record<number, number> = { 1: 1, 6: 4, 7: 3, 8: 2, 9: 1 };
  return sums.every((sum, i) => {
    const z = m.atomicNumbers[i];
    const charge = m.formalCharges![i];
    return sum === neutral[z] + (z === 6 ? -Math.abs(charge) : charge);
  });
}

describe("bonds with orders that fit valences", () => {
  it("keep perceived orders that fit already", () => {
    for (const fits of [methane(), WATER, ETHENE, HYDROGEN_CYANIDE]) {
      expect(withBonds(fits, "qm9").bonds).toEqual(perceiveBonds(fits, "qm9"));
    }
  });

  it("make benzene a Kekulé structure at any of its lengths", () => {
    for (const length of [1.38, 1.395, 1.4]) {
      expect(orders(withBonds(benzene(length), "qm9"))).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2]);
    }
  });

  it("give methyl isocyanide C−≡N+, and nitromethane N+ with one O−", () => {
    const isocyanide = withBonds(METHYL_ISOCYANIDE, "qm9");
    expect(Array.from(isocyanide.formalCharges!)).toEqual([0, 1, -1, 0, 0, 0]);
    expect(orders(isocyanide)).toEqual([1, 1, 1, 1, 3]);
    const nitromethane = withBonds(
      molecule(`C 0 0 -1.32\nN 0 0 0.17\nO 0 1.09 0.72\nO 0 -1.09 0.74
H 1.03 0 -1.66\nH -0.51 0.89 -1.66\nH -0.51 -0.89 -1.66`),
      "qm9",
    );
    expect(Array.from(nitromethane.formalCharges!)).toEqual([0, 1, 0, -1, 0, 0, 0]);
    expect(orders(nitromethane)).toEqual([1, 1, 1, 1, 1, 2]);
  });

  it("let sulfur be thioether and sulfone, and phosphorus be phosphate", () => {
    const sulfone = molecule("S 0 0 0\nO 0 1.2 0.8\nO 0 -1.2 0.8\nF 1.15 0 -0.98\nF -1.15 0 -0.98");
    expect(orders(withBonds(sulfone, "geom"))).toEqual([1, 1, 2, 2]);
    const hydrogenSulfide = molecule("S 0 0 0\nH 0.96 0.92 0\nH -0.96 0.92 0");
    expect(withBonds(hydrogenSulfide, "geom").properties?.valence).toBeUndefined();
  });

  it("add the one bond of a strained ring that the tables miss", () => {
    // bicyclobutane with its bridge drawn out to 1.68 Å
    const strained = molecule(`C 0.84 0 0.3\nC -0.84 0 0.3\nC 0 1.15 -0.3\nC 0 -1.15 -0.3
H 1.6 0 1.07\nH -1.6 0 1.07\nH 0 1.3 -1.38\nH 0 2.06 0.29\nH 0 -1.3 -1.38\nH 0 -2.06 0.29`);
    expect(perceiveBonds(strained, "qm9").length).toBe(10);
    const mended = withBonds(strained, "qm9");
    expect(mended.bonds!.length).toBe(11);
    expect(mended.bonds).toContainEqual({ i: 0, j: 1, order: 1 });
    expect(mended.properties?.valence).toBeUndefined();
  });

  it("say so where no closed shell exists, and leave the perceived orders", () => {
    for (const open of [
      molecule("C 0 0 0\nH 1.09 0 0\nH -0.5 0.95 0\nH -0.5 -0.95 0"),
      molecule("H 0 0 0\nH 0.75 0 0\nH 0.4 0.6 0"),
      molecule("C 0 0 0"),
    ]) {
      const result = withBonds({ ...open, properties: { energy: 1 } }, "qm9");
      expect(result.properties).toEqual({ energy: 1, valence: "inconsistent" });
      expect(result.bonds).toEqual(perceiveBonds(open, "qm9"));
      expect(result.formalCharges!.every((charge) => charge === 0)).toBe(true);
    }
  });

  it("either close every shell or say that they do not, whatever the molecule", () => {
    fc.assert(
      fc.property(crowdedMolecule, (m) => {
        const result = withBonds(m, "qm9");
        expect(closedShell(result)).toBe(result.properties?.valence === undefined);
      }),
      { numRuns: 300 },
    );
  });

  it("do not change under rotation, reflection and translation", () => {
    const mirrored = withBonds(moved(METHYL_ISOCYANIDE, 5, -1), "qm9");
    expect(mirrored.bonds).toEqual(withBonds(METHYL_ISOCYANIDE, "qm9").bonds);
  });

  it("of an empty molecule are none", () => {
    expect(withBonds(molecule(""), "qm9")).toMatchObject({ bonds: [] });
  });

  it("close the shells of C60, where every atom is equal", () => {
    const golden = (1 + Math.sqrt(5)) / 2;
    const corners: number[][] = [];
    const signs = (values: readonly number[]): number[][] =>
      values.reduce<number[][]>(
        (rows, v) =>
          rows.flatMap((row) =>
            v === 0
              ? [[...row, 0]]
              : [
                  [...row, v],
                  [...row, -v],
                ],
          ),
        [[]],
      );
    for (const base of [
      [0, 1, 3 * golden],
      [1, 2 + golden, 2 * golden],
      [golden, 2, 2 * golden + 1],
    ]) {
      for (const [x, y, z] of signs(base)) corners.push([x, y, z], [y, z, x], [z, x, y]);
    }
    const scale = 1.45 / 2;
    const c60: Molecule = {
      atomicNumbers: new Uint8Array(60).fill(6),
      positions: Float64Array.from(corners.flat(), (v) => v * scale),
    };
    expect(corners.length).toBe(60);
    expect(perceiveBonds(c60, "qm9").length).toBe(90);
    expect(orders(withBonds(c60, "qm9")).filter((order) => order === 2).length).toBe(30);
  });

  it.skipIf(!hasShared)(
    "of QM9 make records that RDKit reads: 2,000 of 2,000, at most 1 of them inconsistent",
    async () => {
      const rdkit = await loadRdkit();
      const count = { read: 0, inconsistent: 0 };
      for await (const m of readMolecules(sharedPath("data/qm9/train-00.extxyz.gz"), { limit: 2000 })) {
        const bonded = withBonds(m, "qm9");
        if (sanitizes(rdkit, formatSdf(bonded))) count.read++;
        if (bonded.properties?.valence === "inconsistent") count.inconsistent++;
      }
      expect(count.read).toBe(2000);
      expect(count.inconsistent).toBeLessThanOrEqual(1);
    },
  );
});

describe("the search for closed shells", () => {
  it("finds none for more bonds than an atom can have", () => {
    const bonds = [1, 2].map((j) => ({ i: 0, j, order: 1 as const }));
    expect(assignBondOrders(molecule("H 0 0 0\nH 0.7 0 0\nH 0 0.7 0"), bonds)).toBeUndefined();
  });
});

describe("a charge that is stated", () => {
  const bonded = (text: string, charge?: number): Molecule =>
    withBonds({ ...molecule(text), ...(charge !== undefined && { properties: { charge } }) }, "qm9");
  const charges = ({ formalCharges }: Molecule): number[] => Array.from(formalCharges ?? []);
  const AMMONIUM = "N 0 0 0\nH 0.59 0.59 0.59\nH -0.59 -0.59 0.59\nH -0.59 0.59 -0.59\nH 0.59 -0.59 -0.59";
  // planar CH3, C-H 1.09: a cation, a radical or an anion, which elements and positions do not tell
  const METHYL = "C 0 0 0\nH 1.09 0 0\nH -0.545 0.944 0\nH -0.545 -0.944 0";

  it("is reached by formal charges where a closed shell has it", () => {
    expect(charges(bonded(AMMONIUM, 1))).toEqual([1, 0, 0, 0, 0]);
    expect(charges(bonded("O 0 0 0\nH 0.97 0 0", -1))).toEqual([-1, 0]);
    expect(charges(bonded(METHYL, 1))).toEqual([1, 0, 0, 0]);
    expect(charges(bonded(METHYL, -1))).toEqual([-1, 0, 0, 0]);
    expect(charges(bonded("F 0 0 0", -1))).toEqual([-1]);
    expect(charges(bonded("Na 0 0 0", 1))).toEqual([1]);
  });

  it("that no closed shell has makes the molecule inconsistent", () => {
    for (const charge of [0, 2, -1])
      expect(bonded(AMMONIUM, charge).properties?.valence).toBe("inconsistent");
    expect(bonded(METHYL, 0).properties?.valence).toBe("inconsistent");
    expect(bonded(AMMONIUM).properties).toEqual({ assumed_charge: 1 });
    expect(bonded(AMMONIUM, 1).properties).toEqual({ charge: 1 });
  });
});

import { describe, expect, it } from "vitest";
import { withBonds } from "../../src/chem/bond-orders.ts";
import { closedShellStability } from "../../src/chem/electrons/closed-shells.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { perceiveBonds } from "../../src/chem/perception.ts";
import { stability } from "../../src/chem/stability.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { hasShared, sharedPath } from "../shared.ts";
import {
  benzene,
  ETHENE,
  HYDROGEN_CYANIDE,
  METHYL_ISOCYANIDE,
  methane,
  molecule,
  moved,
  shuffled,
  together,
  WATER,
} from "./molecules.ts";

const ours = (m: Molecule, rule: "qm9" | "geom" = "qm9") =>
  closedShellStability(m, perceiveBonds(m, rule), rule);
const AMMONIUM = molecule(
  "N 0 0 0\nH 0.59 0.59 0.59\nH -0.59 -0.59 0.59\nH -0.59 0.59 -0.59\nH 0.59 -0.59 -0.59",
);
const METHYL = molecule("C 0 0 0\nH 1.09 0 0\nH -0.545 0.944 0\nH -0.545 -0.944 0");

describe("our rule of stability", () => {
  it("finds stable what the published rule does, and aromatic rings and inner charges besides", () => {
    for (const m of [methane(), WATER, ETHENE, HYDROGEN_CYANIDE]) {
      expect(stability(m, "qm9").stable).toBe(true);
      expect(ours(m)).toEqual({
        stableAtoms: m.atomicNumbers.length,
        atoms: m.atomicNumbers.length,
        stable: true,
      });
    }
    for (const m of [benzene(), METHYL_ISOCYANIDE]) {
      expect(stability(m, "qm9").stable).toBe(false);
      expect(ours(m).stable).toBe(true);
    }
  });

  it("asks ions for their charge and radicals for the missing hydrogen", () => {
    expect(ours(AMMONIUM)).toEqual({ stableAtoms: 4, atoms: 5, stable: false });
    expect(ours({ ...AMMONIUM, properties: { charge: 1 } }).stable).toBe(true);
    expect(ours({ ...AMMONIUM, formalCharges: Int8Array.of(1, 0, 0, 0, 0) }).stable).toBe(true);
    expect(ours({ ...AMMONIUM, properties: { charge: 2 } }).stable).toBe(false);
    expect(ours(withBonds(AMMONIUM, "qm9")).stable).toBe(false); // charged because nothing else closes the shells
    expect(ours(METHYL)).toEqual({ stableAtoms: 3, atoms: 4, stable: false });
    expect(ours({ ...methane(), radicals: Uint8Array.of(2, 0, 0, 0, 0) })).toMatchObject({
      stable: false,
      stableAtoms: 4,
    });
  });

  it("counts the pieces that are whole", () => {
    expect(ours(together(WATER, METHYL, 20))).toEqual({ stableAtoms: 6, atoms: 7, stable: false });
    expect(ours(molecule(""))).toEqual({ stableAtoms: 0, atoms: 0, stable: false });
  });

  it("does not depend on place, handedness and order", () => {
    for (const m of [benzene(), AMMONIUM, METHYL_ISOCYANIDE, METHYL]) {
      const changed = shuffled(moved(m, 3, -1), 3).molecule;
      expect(ours(changed)).toEqual(ours(m));
    }
  });

  it.skipIf(!hasShared)("of 200 drug-like molecules finds nearly all, the published one few", async () => {
    let [all, found, published] = [0, 0, 0];
    for await (const m of readMolecules(sharedPath("data/druglike/druglike-00.extxyz.gz"), { limit: 200 })) {
      all++;
      if (ours(m, "geom").stable) found++;
      if (stability(m, "geom").stable) published++;
    }
    expect({ all, found, published }).toEqual({ all: 200, found: 200, published: 7 });
  });
});

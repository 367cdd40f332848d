import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkGeometry, expectedBondLength, passesAll } from "../../src/chem/geometry.ts";
import type { Molecule } from "../../src/chem/molecule.ts";
import { perceiveBonds } from "../../src/chem/perception.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { hasShared, sharedPath } from "../shared.ts";
import {
  benzene,
  crowdedMolecule,
  ETHENE,
  ETHYNE,
  HYDROGEN_CYANIDE,
  METHYL_ISOCYANIDE,
  methane,
  molecule,
  moved,
  shuffled,
  together,
  WATER,
} from "./molecules.ts";

const check = (m: Molecule) => checkGeometry(m, perceiveBonds(m, "qm9"));

describe("geometry checks", () => {
  it("pass real molecules", () => {
    for (const real of [
      methane(),
      WATER,
      ETHENE,
      ETHYNE,
      HYDROGEN_CYANIDE,
      METHYL_ISOCYANIDE,
      benzene(1.395),
    ]) {
      expect(passesAll(check(real))).toBe(true);
    }
  });

  it("expect the lengths of Pyykkö's radii: C-C 1.50, C=C 1.34, C≡C 1.20, C-H 1.07 Å, aromatic between 1 and 2", () => {
    expect(([1, 2, 3] as const).map((order) => expectedBondLength(6, 6, order))).toEqual([1.5, 1.34, 1.2]);
    expect(expectedBondLength(6, 1, 1)).toBeCloseTo(1.07, 12);
    expect(expectedBondLength(6, 6, 4)).toBeCloseTo(1.42, 12);
    expect(expectedBondLength(118, 6, 1)).toBeUndefined();
  });

  it("find a bond that is a quarter too short, and count it once", () => {
    expect(check(methane(0.81)).badBonds).toBe(0);
    expect(check(methane(0.8))).toMatchObject({ bonds: 4, badBonds: 4, angles: 6 });
  });

  it("find bonds given as such that are a quarter too long", () => {
    const stretched = methane(1.4);
    const bonds = [1, 2, 3, 4].map((j) => ({ i: 0, j, order: 1 as const }));
    expect(checkGeometry(stretched, bonds).badBonds).toBe(4);
  });

  it("find an angle of 60° at an oxygen, a bent triple bond, but no fault in rings of three and four", () => {
    const water = (degrees: number) =>
      molecule(
        `O 0 0 0\nH 0.96 0 0\nH ${0.96 * Math.cos((degrees * Math.PI) / 180)} ${0.96 * Math.sin((degrees * Math.PI) / 180)} 0`,
      );
    expect(check(water(104.5)).badAngles).toBe(0);
    expect(check(water(65))).toMatchObject({ angles: 1, badAngles: 1 });
    const bent = molecule("H 1.064 0 0\nC 0 0 0\nN 0.2 1.139 0");
    expect(check(bent)).toMatchObject({ angles: 1, badAngles: 1 });
    const triangle = molecule("C 0 0 0\nC 1.5 0 0\nC 0.75 1.3 0");
    expect(check(triangle)).toMatchObject({ bonds: 3, angles: 0, badAngles: 0 });
    const square = molecule("C 0 0 0\nC 1.55 0 0\nC 1.55 1.55 0\nC 0 1.55 0");
    expect(check(square)).toMatchObject({ bonds: 4, angles: 4, badAngles: 0, clashes: 0 });
  });

  it("find contacts under 0.7 of the van der Waals radii: C…C at 2.38, H…H at 1.68, but O-H…O from 1.26 Å", () => {
    const pair = (distance: number) => together(molecule("C 0 0 0"), molecule("C 0 0 0"), distance);
    expect([2.37, 2.39].map((d) => check(pair(d)).clashes)).toEqual([1, 0]);
    const waters = (distance: number) =>
      together(molecule("O -0.96 0 0\nH 0 0 0"), molecule("O 0 0 0"), distance);
    expect([1.25, 1.27].map((d) => check(waters(d)).clashes)).toEqual([1, 0]);
    const alkane = (distance: number) =>
      together(molecule("C -1.09 0 0\nH 0 0 0"), molecule("O 0 0 0"), distance);
    expect([1.89, 1.92].map((d) => check(alkane(d)).clashes)).toEqual([1, 0]);
  });

  it("find atoms in one place, and pieces", () => {
    expect(check(molecule("C 0 0 0\nC 0 0 0"))).toMatchObject({ overlaps: 1, badBonds: 1, fragments: 1 });
    expect(check(together(methane(), WATER, 9))).toMatchObject({ fragments: 2, clashes: 0, overlaps: 0 });
    expect(passesAll(check(together(methane(), WATER, 9)))).toBe(false);
  });

  it("find nothing in a single atom, and no piece in an empty molecule", () => {
    expect(passesAll(check(molecule("C 0 0 0")))).toBe(true);
    expect(check(molecule("")).fragments).toBe(0);
    expect(passesAll(check(molecule("")))).toBe(false);
  });

  it("do not change under rotation, reflection, translation and permutation", () => {
    fc.assert(
      fc.property(crowdedMolecule, fc.nat(1e6), fc.constantFrom(1 as const, -1 as const), (m, seed, det) => {
        expect(check(shuffled(moved(m, seed, det), seed).molecule)).toEqual(check(m));
      }),
    );
  });

  it("count a far copy of a molecule as much as the molecule", () => {
    fc.assert(
      fc.property(crowdedMolecule, (m) => {
        const one = check(m);
        const two = check(together(m, m, 50));
        for (const key of Object.keys(one) as (keyof typeof one)[]) expect(two[key]).toBe(2 * one[key]);
      }),
    );
  });

  it.skipIf(!hasShared)("pass over 99 % of QM9: of the first shard 9,913 of 10,000 all of them", async () => {
    const passed = { lengths: 0, angles: 0, contacts: 0, places: 0, connected: 0, all: 0 };
    for await (const m of readMolecules(sharedPath("data/qm9/train-00.extxyz.gz"))) {
      const found = check(m);
      if (found.badBonds === 0) passed.lengths++;
      if (found.badAngles === 0) passed.angles++;
      if (found.clashes === 0) passed.contacts++;
      if (found.overlaps === 0) passed.places++;
      if (found.fragments === 1) passed.connected++;
      if (passesAll(found)) passed.all++;
    }
    expect(passed).toEqual({
      lengths: 10_000,
      angles: 9976,
      contacts: 9932,
      places: 10_000,
      connected: 9996,
      all: 9913,
    });
  });
});

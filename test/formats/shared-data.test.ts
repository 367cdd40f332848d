import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { formatExtxyz } from "../../src/formats/extxyz.ts";
import { readMolecules } from "../../src/platform/node/molecules.ts";
import { hasShared, sharedPath } from "../shared.ts";
import { collect, readText } from "./molecules.ts";

describe.skipIf(!hasShared)("the data beside the repository", () => {
  it("has 98,619 molecules of QM9 for training, read in under 20 s on one core", async () => {
    const begin = performance.now();
    let molecules = 0;
    let atoms = 0;
    let known = 0;
    for (const name of readdirSync(sharedPath("data/qm9")).filter((file) => file.startsWith("train-"))) {
      for await (const { atomicNumbers, properties } of readMolecules(sharedPath(`data/qm9/${name}`))) {
        molecules++;
        atoms += atomicNumbers.length;
        if (typeof properties?.U0 === "number") known++;
      }
    }
    expect(molecules).toBe(98_619);
    expect(atoms / molecules).toBeGreaterThan(17.5);
    expect(atoms / molecules).toBeLessThan(18.5);
    expect(known).toBe(12_794);
    expect(performance.now() - begin).toBeLessThan(20_000);
  });

  it("has forces in all frames of rMD17 and of the beads, which pass through a file unchanged", async () => {
    for (const file of ["rmd17/ethanol-test", "ala2_cg/valid"]) {
      const frames = await collect(readMolecules(sharedPath(`data/${file}.extxyz.gz`)));
      expect(frames.length).toBe(1000);
      expect(frames.every(({ forces, positions }) => forces?.length === positions.length)).toBe(true);
      expect(await readText(frames.map(formatExtxyz).join(""), "extxyz")).toEqual(frames);
    }
  });
});

import { beforeAll, expect, test } from "vitest";
import { loadRdkit, type Rdkit } from "../../src/chem/rdkit.ts";
import { graphOfSmiles } from "../../src/chem/rdkit-graph.ts";
import { openStereoText } from "../../src/chem/stereo-open.ts";
import { ISOMERS } from "../conformers/isomers.ts";

let rdkit: Rdkit;
beforeAll(async () => {
  rdkit = await loadRdkit();
});
const textOf = (smiles: string): string | undefined => {
  const { open } = graphOfSmiles(rdkit, smiles);
  return open && openStereoText(open);
};

test.each([
  ["CC(O)F", /not give centre 2;/],
  ["CC([2H])O", /not give centre 2;/],
  ["CS(=O)c1ccccc1", /not give centre 2;/],
  ["CP(CC)c1ccccc1", /not give centre 2;/],
  ["CC1CCC(C)CC1", /not give centres 2, 5;/],
  ["CC=CC", /not give double bond 2=3;/],
  ["CN=NC(C)F", /not give centre 4 and double bond 2=3;/],
  ["CC=[C@]=CC", /cannot be kept: the axis of the allene 2=3=4;/],
  ["Cc1cccc(O)c1-c1c(C)cccc1Cl", /cannot be kept: the axis of the crowded bond 8–9;/],
  ["Oc1ccc2ccccc2c1-c1c(O)ccc2ccccc12", /the axis of the crowded bond 11–12;/],
])("%s: what is open is named by its atoms", (smiles, words) => {
  expect(textOf(smiles)).toMatch(words);
  expect(textOf(smiles)).toMatch(/either may come$/);
});

test.each([
  "CCO",
  "CC(C)O",
  "CC=C",
  "CC(C)=CC",
  "CC=C=C",
  "C1CCCCC1",
  "CC(=O)Oc1ccccc1C(=O)O",
  "c1ccccc1-c1ccccc1",
  "CS(C)=O",
  "CC1(C)CCCC1",
])("%s: nothing is open", (smiles) => {
  expect(textOf(smiles)).toBeUndefined();
});

test("nothing is open in molecules that are given whole", () => {
  for (const smiles of ISOMERS) expect(textOf(smiles), smiles).toBeUndefined();
});

test("a dummy atom is refused with the reason", () => {
  expect(() => graphOfSmiles(rdkit, "*CC")).toThrow(/atom 1 is a dummy/);
});

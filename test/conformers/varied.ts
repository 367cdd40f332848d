/** SMILES of varied molecules: fragments in a row, within the elements of the shipped conformer model. */
import type { Stream } from "../../src/math/random.ts";

// Each ends where the next may begin; "{}" is a place for a branch.
const BEGIN = [
  "C",
  "CC",
  "Cl",
  "F",
  "N",
  "O",
  "C[Si](C)(C)",
  "Cl[Si](Cl)(Cl)",
  "Br",
  "CS",
  "CP(C)",
  "N#C",
  "CB(O)",
  "[O-]C(=O)",
  "C[N+](C)(C)",
];
const MIDDLE = [
  ...[
    "C",
    "CC",
    "CCCC",
    "CCCCCCCC",
    "C({})",
    "C(Cl)({})",
    "C(F)(F)",
    "C(Cl)(Cl)",
    "O",
    "N({})",
    "S",
    "S(=O)",
    "S(=O)(=O)",
  ],
  ...[
    "C(=O)",
    "C(=O)N",
    "C(=O)O",
    "C=C",
    "/C=C/",
    "/C=C\\",
    "C#C",
    "C(C)(C)",
    "[C@H]({})",
    "[C@@H]({})",
    "[Si](C)(C)",
    "[Si](Cl)(Cl)",
  ],
  ...[
    "P({})",
    "P(=O)(O)",
    "N=N",
    "c1ccc(cc1)",
    "c1cc({})ccc1",
    "c1cnc(nc1)",
    "c1csc(n1)",
    "C1CCC(CC1)",
    "C1CC1",
    "C1OC1",
    "N1CCN(CC1)",
    "C1CC2CCC1C2",
  ],
];
const END = [
  "C",
  "CC",
  "Cl",
  "Br",
  "I",
  "F",
  "O",
  "N",
  "C#N",
  "C(Cl)(Cl)Cl",
  "[N+](=O)[O-]",
  "S(=O)(=O)N",
  "c1ccccc1",
  "c1ccco1",
  "C1CCCCC1",
  "[Si](Cl)(Cl)Cl",
  "P(C)C",
  "CCCCCCCCCCCC",
  "B(O)O",
];
const BRANCH = ["C", "O", "N", "F", "Cl", "CC", "C(C)C", "c2ccccc2"];

/** A SMILES; not each is a molecule that a chemist could make, but RDKit takes most of them. */
export function variedSmiles(random: Stream): string {
  const one = (list: readonly string[]): string =>
    list[random.integer(list.length)].replaceAll("{}", () => BRANCH[random.integer(BRANCH.length)]);
  const middle = Array.from({ length: random.integer(4) }, () => one(MIDDLE));
  return [one(BEGIN), ...middle, one(END)].join("");
}

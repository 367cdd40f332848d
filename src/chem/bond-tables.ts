/**
 * The distance tables by which EDM calls a pair of atoms bonded: Hoogeboom, Garcia Satorras, Vignac, Welling,
 * "Equivariant Diffusion for Molecule Generation in 3D", ICML 2022, appendix, with the numbers of the authors'
 * code (qm9/bond_analyze.py). Bond lengths in pm; a pair is bonded below length + margin (10 single, 5 double,
 * 3 triple). Al, Hg and Bi have valences but no lengths there, so they are never bonded; neither are B-C or
 * Si-P, which miss too. Valences are theirs as well: S is stable only with 4, N only with 3, O only with 2.
 */

import { atomicNumberOf } from "./elements.ts";

/** Which published element set decides: QM9's five elements, or the wider one used for GEOM-Drugs. */
export type BondRule = "qm9" | "geom";

export const BOND_RULES: readonly BondRule[] = ["qm9", "geom"];

// Every pair once, in pm.
// biome-ignore format: a table
const SINGLE_BONDS: Readonly<Record<string, string>> = {
  H: "H 74  B 119  C 109  N 101  O 96  F 92  Si 148  P 144  S 134  Cl 127  As 152  Br 141  I 161",
  B: "Cl 175",
  C: "C 154  N 147  O 143  F 135  Si 185  P 184  S 182  Cl 177  Br 194  I 214",
  N: "N 145  O 140  F 136  P 177  S 168  Cl 175  Br 214  I 222",
  O: "O 148  F 142  Si 163  P 163  S 151  Cl 164  Br 172  I 194",
  F: "F 142  Si 160  P 156  S 158  Cl 166  Br 178  I 187",
  Si: "Si 233  S 200  Cl 202  Br 215  I 243",
  P: "P 221  S 210  Cl 203  Br 222",
  S: "S 204  Cl 207  Br 225  I 234",
  Cl: "Cl 199  Br 214",
  Br: "Br 228",
  I: "I 266",
};
const DOUBLE_BONDS: Readonly<Record<string, string>> = {
  C: "C 134  N 129  O 120  S 160",
  N: "N 125  O 121",
  O: "O 121  P 150",
  P: "S 186",
};
const TRIPLE_BONDS: Readonly<Record<string, string>> = { C: "C 120  N 116  O 113", N: "N 110" };

/** What is added to the length of a single, double, triple bond to make its threshold, in pm. */
export const BOND_MARGINS = [10, 5, 3] as const;

// biome-ignore format: a table
const ALLOWED_VALENCES: Readonly<Record<string, readonly number[]>> = {
  H: [1], B: [3], C: [4], N: [3], O: [2], F: [1], Al: [3], Si: [4], P: [3, 5], S: [4], Cl: [1], As: [3], Br: [1],
  I: [1], Hg: [1, 2], Bi: [3, 5],
};

/** Symbols of the elements a rule knows, by atomic number. */
export const RULE_ELEMENTS: Readonly<Record<BondRule, readonly string[]>> = {
  qm9: ["H", "C", "N", "O", "F"],
  geom: Object.keys(ALLOWED_VALENCES),
};

const SIDE = 84; // Bi is 83

/** Distances in pm below which a pair of atoms is bonded, at [z1 · 84 + z2]; 0 where there is no such bond. */
export interface BondThresholds {
  readonly single: Float64Array;
  readonly double: Float64Array;
  readonly triple: Float64Array;
  /** The largest of them, in Å. */
  readonly reach: number;
}

/** Index of a pair of elements in the arrays of BondThresholds, −1 beyond Bi. */
export const pairIndex = (z1: number, z2: number): number => (z1 < SIDE && z2 < SIDE ? z1 * SIDE + z2 : -1);

function thresholdsOf(rule: BondRule): BondThresholds {
  const known = new Set(RULE_ELEMENTS[rule]);
  const dense = (table: Readonly<Record<string, string>>, margin: number): Float64Array => {
    const out = new Float64Array(SIDE * SIDE);
    for (const [first, row] of Object.entries(table)) {
      for (const [, second, length] of row.matchAll(/(\w+) (\d+)/g)) {
        if (!known.has(first) || !known.has(second)) continue;
        const z1 = atomicNumberOf(first)!;
        const z2 = atomicNumberOf(second)!;
        out[pairIndex(z1, z2)] = out[pairIndex(z2, z1)] = Number(length) + margin;
      }
    }
    return out;
  };
  const single = dense(SINGLE_BONDS, BOND_MARGINS[0]);
  return {
    single,
    double: dense(DOUBLE_BONDS, BOND_MARGINS[1]),
    triple: dense(TRIPLE_BONDS, BOND_MARGINS[2]),
    reach: (Math.max(...single) / 100) * (1 + 1e-9), // a hair more, so that rounding loses no pair
  };
}

/** The thresholds of each rule. */
export const BOND_THRESHOLDS: Readonly<Record<BondRule, BondThresholds>> = {
  qm9: thresholdsOf("qm9"),
  geom: thresholdsOf("geom"),
};

const valences: Readonly<Record<BondRule, readonly (readonly number[] | undefined)[]>> = {
  qm9: valencesOf("qm9"),
  geom: valencesOf("geom"),
};

function valencesOf(rule: BondRule): readonly (readonly number[] | undefined)[] {
  const out: (readonly number[] | undefined)[] = new Array(SIDE).fill(undefined);
  for (const symbol of RULE_ELEMENTS[rule]) out[atomicNumberOf(symbol)!] = ALLOWED_VALENCES[symbol];
  return out;
}

/** The summed bond orders with which an atom counts as stable, or undefined for an element the rule lacks. */
export const allowedValences = (z: number, rule: BondRule): readonly number[] | undefined =>
  valences[rule][z];

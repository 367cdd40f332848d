/**
 * Which of the published bond rules is applied to a molecule, and the graph whose validity is asked. For GEOM the
 * authors' code makes every bond single before RDKit sees it, for QM9 it keeps the perceived orders.
 */

import { allowedValences, type BondRule } from "../chem/bond-tables.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";

/** "auto": each molecule of H, C, N, O, F by the rule for QM9, every other one by the rule for GEOM. */
export type RuleChoice = BondRule | "auto";

/** The rule for one molecule. */
export function ruleFor(molecule: Molecule, choice: RuleChoice): BondRule {
  if (choice !== "auto") return choice;
  return molecule.atomicNumbers.every((z) => allowedValences(z, "qm9") !== undefined) ? "qm9" : "geom";
}

/** The bonds with which validity is asked, from the perceived ones. */
export function validityBonds(perceived: readonly Bond[], rule: BondRule): readonly Bond[] {
  return rule === "qm9" ? perceived : perceived.map(({ i, j }): Bond => ({ i, j, order: 1 }));
}

/** The SDF record of a molecule that is looked at. */
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { formatSdf } from "../../formats/sdf/write.ts";
import { quietText } from "./escape.ts";

/**
 * Atoms, bonds, charges, title and SMILES as one record, or undefined where the format cannot hold the molecule:
 * more than 999 atoms, coordinates beyond four digits.
 */
export function recordOf(molecule: Molecule, smiles?: string | null): string | undefined {
  const { atomicNumbers, positions, bonds, formalCharges, name = "" } = molecule;
  const title = quietText(name).replace(/\s+/g, " ").replace(/^\$+/, "");
  const properties: Record<string, string> = smiles ? { SMILES: smiles } : {};
  try {
    return formatSdf({ atomicNumbers, positions, bonds, formalCharges, name: title, properties });
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

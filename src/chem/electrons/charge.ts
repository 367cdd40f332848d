/** The charge of a molecule as a whole. */
import type { Molecule } from "../molecule.ts";

/** Keys of extended XYZ that give the charge of the whole, as ASE, xtb and others write them. */
const CHARGE_KEYS: readonly string[] = ["charge", "total_charge", "net_charge"];

/** The charge that the properties of a molecule give it as a whole (`charge=` of extended XYZ), in units of e; undefined where they say none. */
export function statedCharge({ properties = {} }: Pick<Molecule, "properties">): number | undefined {
  for (const [key, value] of Object.entries(properties)) {
    const number = typeof value === "string" && /^[+-]?\d+[+-]?$/.test(value) ? signed(value) : value;
    if (CHARGE_KEYS.includes(key.toLowerCase()) && Number.isInteger(number)) return Number(number);
  }
  return undefined;
}

/** "1-" is −1. */
const signed = (text: string): number =>
  /[+-]$/.test(text) ? Number(`${text.slice(-1)}${text.slice(0, -1)}`) : Number(text);

/** The charge of the whole in units of e: as it is stated, else the sum of the formal charges. */
export const chargeOf = (molecule: Pick<Molecule, "properties" | "formalCharges">): number =>
  statedCharge(molecule) ?? Array.from(molecule.formalCharges ?? []).reduce((sum, charge) => sum + charge, 0);

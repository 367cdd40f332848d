/**
 * A record as RDKit is to read it for its stereochemistry: from 3D positions; or, where all atoms lie in one plane z, from
 * a drawing: its wedges, and the sides of its double bonds.
 */
import type { Molecule } from "../../chem/molecule.ts";
import { formatSdf } from "./write.ts";

/** Whether all z are the same: a drawing, a flat molecule that lies in its plane, or no coordinates at all. */
export const isFlat = ({ positions }: Pick<Molecule, "positions">): boolean =>
  positions.every((value, k) => k % 3 !== 2 || Math.abs(value - positions[2]) < 1e-4);

/** The record with its bonds, charges, isotopes, radicals and what it says of stereochemistry. */
export function molblockOf(molecule: Molecule): string {
  const { atomicNumbers, bonds = [], formalCharges, positions, isotopes, radicals } = molecule;
  const flat = isFlat(molecule);
  const somewhere = positions.some((value, k) => k % 3 !== 2 && value !== positions[k % 3]);
  return formatSdf({
    atomicNumbers,
    bonds,
    positions: flat ? positions.map((value, k) => (k % 3 === 2 ? 0 : value)) : positions,
    ...(flat && somewhere && { dimensions: 2 }),
    ...(formalCharges && { formalCharges }),
    ...(isotopes && { isotopes }),
    ...(radicals && { radicals }),
  });
}

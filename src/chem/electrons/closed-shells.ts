/**
 * Our own rule of stability, beside the published one (stability.ts), which has no aromatic rings and no charges: benzene,
 * nitromethane and every thioether fail it. Here a molecule is stable when bond orders and formal charges can be given to
 * the bonds its distances show so that every atom has a closed shell (bond-orders.ts; a ring needs one Kekulé structure),
 * and the charges add up to that of the molecule: the one it states, or that of its formal charges, else 0. In a molecule
 * without such an assignment those pieces are stable that have one of their own; in the others an atom counts as the
 * published rule counts it.
 */
import { ASSUMED_CHARGE, withBonds } from "../bond-orders.ts";
import type { BondRule } from "../bond-tables.ts";
import type { Bond, Molecule } from "../molecule.ts";
import { components } from "../perception.ts";
import { type Stability, valenceStability } from "../stability.ts";
import { assignBondOrders } from "../valence-search.ts";
import { chargeOf, statedCharge } from "./charge.ts";

/** @param perceived the bonds of `perceiveBonds` by the same rule */
export function closedShellStability(
  molecule: Molecule,
  perceived: readonly Bond[],
  rule: BondRule,
): Stability {
  const { atomicNumbers, positions, radicals } = molecule;
  const atoms = atomicNumbers.length;
  const open = Uint8Array.from({ length: atoms }, (_, i) => Number((radicals?.[i] ?? 0) !== 0));
  // Charges that were only needed to close the shells of a generated molecule are not those of an ion.
  const assumed = molecule.properties?.[ASSUMED_CHARGE] !== undefined;
  const charge = assumed ? (statedCharge(molecule) ?? 0) : chargeOf(molecule);
  const whole = withBonds({ atomicNumbers, positions, properties: { charge } }, rule);
  if (whole.properties?.valence !== "inconsistent") {
    const stableAtoms = open.filter((radical) => radical === 0).length;
    return { stableAtoms, atoms, stable: atoms > 0 && stableAtoms === atoms };
  }
  let stableAtoms = 0;
  const piece = components(atoms, perceived);
  for (let p = 0; p <= Math.max(-1, ...piece); p++) {
    const own = [...piece.keys()].filter((i) => piece[i] === p);
    const place = new Map(own.map((atom, k): [number, number] => [atom, k]));
    const bonds = perceived
      .filter(({ i }) => place.has(i))
      .map(({ i, j, order }): Bond => ({ i: place.get(i) as number, j: place.get(j) as number, order }));
    const part: Molecule = {
      atomicNumbers: Uint8Array.from(own, (atom) => atomicNumbers[atom]),
      positions: Float64Array.from(own.flatMap((atom) => [...positions.subarray(3 * atom, 3 * atom + 3)])),
    };
    // A whole without an assignment is no more than one of its pieces, unless it has several.
    const closed = own.length < atoms && assignBondOrders(part, bonds, 0) !== undefined;
    stableAtoms += closed
      ? own.filter((atom) => open[atom] === 0).length
      : valenceStability(part.atomicNumbers, bonds, rule).stableAtoms;
  }
  return { stableAtoms: Math.min(stableAtoms, atoms), atoms, stable: false };
}

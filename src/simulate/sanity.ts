/** Whether a configuration can be simulated, and whether a trajectory still means anything. */
import { symbolOf } from "../chem/elements.ts";
import { forEachPairWithin } from "../chem/neighbours.ts";
import { InputError, type Place } from "../errors.ts";
import type { Potential } from "../physics/potential.ts";
import type { SimulationState } from "./state.ts";

const atomName = ({ atomicNumbers }: SimulationState, i: number): string =>
  `atom ${i + 1} (${symbolOf(atomicNumbers[i])})`;

const positionsOf = ({ atoms, positions }: SimulationState, replica: number): Float64Array =>
  positions.subarray(3 * atoms * replica, 3 * atoms * (replica + 1));

/** @throws InputError for two atoms nearer than `nearest` (Å) in a replica */
export function checkOverlap(state: SimulationState, nearest: number, place: Place = {}): void {
  for (let b = 0; b < state.replicas; b++) {
    forEachPairWithin(positionsOf(state, b), nearest, (i, j, squared) => {
      throw new InputError(
        `${atomName(state, i)} and ${atomName(state, j)} are ${Math.sqrt(squared).toFixed(3)} Å apart; at least ${nearest.toPrecision(3)} Å was expected`,
        place,
      );
    });
  }
}

/** Index of the first atom of a replica that no other atom is within the cutoff of, or −1. */
export function lonelyAtom(state: SimulationState, replica: number, cutoff: number): number {
  const lonely = new Uint8Array(state.atoms).fill(1);
  forEachPairWithin(positionsOf(state, replica), cutoff, (i, j) => {
    lonely[i] = 0;
    lonely[j] = 0;
  });
  return lonely.indexOf(1);
}

/** @throws InputError for an atom that feels no other */
export function checkReach(state: SimulationState, { cutoff, name }: Potential, place: Place = {}): void {
  if (cutoff === undefined) return;
  for (let b = 0; b < state.replicas; b++) {
    const atom = lonelyAtom(state, b, cutoff);
    if (atom >= 0)
      throw new InputError(
        `${atomName(state, atom)} has no other atom within the ${cutoff} Å that ${name} reaches: no force acts on it`,
        place,
      );
  }
}

/** K; hotter than this, and than 20 times what was asked for, nothing is bound any more. */
const HOTTEST = 20_000;

/** Why the state makes no sense any more, or undefined. `temperatures` [B] in K. */
export function explosion(
  state: SimulationState,
  temperatures: readonly number[],
  wanted: number,
): string | undefined {
  const where = (b: number): string => (state.replicas === 1 ? "" : ` in replica ${b}`);
  for (let b = 0; b < state.replicas; b++) {
    if (!Number.isFinite(state.energies[b])) return `the energy is not finite${where(b)}`;
    if (!(temperatures[b] <= Math.max(HOTTEST, 20 * wanted)))
      return `the temperature is ${temperatures[b].toPrecision(3)} K${where(b)}`;
  }
  if (!state.forces.every(Number.isFinite)) return "a force is not finite";
  if (!state.positions.every((x) => Math.abs(x) < 1e5)) return "an atom flew away";
  return undefined;
}

/** From molecules to the start of a simulation. */
import type { Molecule } from "../chem/molecule.ts";
import { InputError, type Place } from "../errors.ts";
import { massesOf, massText } from "./marks.ts";
import { isDynamics, type RunSettings } from "./settings.ts";
import { createState, drawVelocities, removeRigidMotion, type SimulationState } from "./state.ts";

/**
 * The first molecules, one for each replica, over again when they run out.
 * @param place where they are from, for messages
 * @throws InputError when there is none, or they are not all of the same elements in the same order
 */
export function startingMolecules(
  molecules: readonly Molecule[],
  replicas: number,
  place: Place = {},
): Molecule[] {
  const taken = molecules.slice(0, replicas);
  const [first] = taken;
  if (first === undefined) throw new InputError("there is no molecule to start from", place);
  taken.forEach((molecule, k) => {
    const differs = (what: string): InputError =>
      new InputError(
        `molecule ${k + 1} has other ${what} than the first; replicas are of one molecule, its atoms in one order`,
        place,
      );
    if (molecule.atomicNumbers.join() !== first.atomicNumbers.join()) throw differs("elements");
    if (massText(molecule, place) !== massText(first, place)) throw differs("isotopes or masses");
  });
  return Array.from({ length: replicas }, (_, b) => taken[b % taken.length]);
}

/** The state at step 0: velocities drawn, and where nothing holds the molecule, its motion as a whole removed. */
export function startState(settings: RunSettings, external: boolean): SimulationState {
  const { elements, start, replicas, method, temperature, seed } = settings;
  const atomicNumbers = Uint8Array.from(elements);
  const state = createState({ atomicNumbers, masses: massesOf(settings), positions: start, replicas });
  if (isDynamics(method)) {
    drawVelocities(state, temperature, seed);
    if (method === "nve" && !external) removeRigidMotion(state);
  }
  return state;
}

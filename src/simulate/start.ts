/** From a file of molecules to the start of a simulation. */
import { atomicWeight, symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { readMolecules } from "../platform/node/molecules.ts";
import { isDynamics, type SimulationSettings } from "./settings.ts";
import { createState, drawVelocities, removeRigidMotion, type SimulationState } from "./state.ts";

/**
 * The first molecules of a file or a list, one for each replica, over again when they run out.
 * @throws InputError when they are not all of the same elements in the same order
 */
export async function startingMolecules(
  source: string | readonly Molecule[],
  replicas: number,
): Promise<Molecule[]> {
  const read: Molecule[] = [];
  const molecules = typeof source === "string" ? readMolecules(source, { limit: replicas }) : source;
  for await (const molecule of molecules) read.push(molecule);
  const [first] = read;
  if (first === undefined) throw new InputError("there is no molecule to start from");
  read.forEach(({ atomicNumbers }, k) => {
    if (atomicNumbers.join() !== first.atomicNumbers.join())
      throw new InputError(
        `molecule ${k + 1} has other elements than the first; replicas are of one molecule, its atoms in one order`,
        typeof source === "string" ? { file: source } : {},
      );
  });
  return Array.from({ length: replicas }, (_, b) => read[b % read.length]);
}

/** Standard atomic weights, g/mol. @throws InputError for an element that has none */
export function massesOf(atomicNumbers: Iterable<number>): number[] {
  return Array.from(atomicNumbers, (z) => {
    const mass = atomicWeight(z);
    if (mass === undefined)
      throw new InputError(
        `element "${symbolOf(z)}" has no standard atomic weight; its atoms cannot be moved`,
      );
    return mass;
  });
}

/** The state at step 0: velocities drawn, and where nothing holds the molecule, its motion as a whole removed. */
export function startState(settings: SimulationSettings, external: boolean): SimulationState {
  const { elements, start, replicas, method, temperature, seed } = settings;
  const atomicNumbers = Uint8Array.from(elements);
  const state = createState({ atomicNumbers, masses: massesOf(elements), positions: start, replicas });
  if (isDynamics(method)) {
    drawVelocities(state, temperature, seed);
    if (method === "nve" && !external) removeRigidMotion(state);
  }
  return state;
}

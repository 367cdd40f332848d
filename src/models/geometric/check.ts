/** What a geometric network cannot judge: elements it does not know, atoms on top of each other, atoms alone. */
import { symbolOf } from "../../chem/elements.ts";
import type { Molecule } from "../../chem/molecule.ts";
import { forEachPairWithin } from "../../chem/neighbours.ts";
import type { GeometricModelConfig } from "./config.ts";

/** Atoms closer than this are a mistake, Å. */
export const OVERLAP = 0.3;

/** The first two atoms that lie on top of each other. */
export function overlap(positions: Float64Array): [number, number] | undefined {
  let found: [number, number] | undefined;
  forEachPairWithin(positions, OVERLAP, (i, j) => {
    found ??= [i, j];
  });
  return found;
}

/** One clause that says what is wrong with the molecule for this model, or undefined. Atoms count from 1. */
export function moleculeProblem(
  { elements, network }: Pick<GeometricModelConfig, "elements" | "network">,
  { atomicNumbers, positions }: Pick<Molecule, "atomicNumbers" | "positions">,
): string | undefined {
  const named = (i: number): string => `atom ${i + 1} (${symbolOf(atomicNumbers[i])})`;
  const strange = atomicNumbers.findIndex((z) => !elements.includes(z));
  if (strange >= 0)
    return `element "${symbolOf(atomicNumbers[strange])}" is not one that the model knows (${elements.map(symbolOf).join(" ")})`;
  const close = overlap(positions);
  if (close !== undefined)
    return `${named(close[0])} and ${named(close[1])} are less than ${OVERLAP} Å apart`;
  const seen = new Uint8Array(atomicNumbers.length);
  forEachPairWithin(positions, network.radial.cutoff, (i, j) => {
    seen[i] = 1;
    seen[j] = 1;
  });
  const alone = seen.indexOf(0);
  if (alone >= 0 && atomicNumbers.length > 1)
    return `${named(alone)} is farther than the model's cutoff of ${network.radial.cutoff} Å from every other atom`;
  return undefined;
}

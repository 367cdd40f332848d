/**
 * Two disjoint halves of the molecules that have a property: a generator is trained on one, the network that judges
 * it on the other (Hoogeboom et al. 2022, section 5.2). Which molecule is in which half depends on nothing but the
 * order of the data set.
 */
import { permutation, stream } from "../math/random.ts";
import { type MoleculeSet, setSize } from "./molecule-set.ts";

/** What a training may be given: everything, or one of two disjoint halves. */
export const HALVES = ["all", "first", "second"] as const;
/** One of `HALVES`. */
export type Half = (typeof HALVES)[number];

/** Indices of the molecules of which the property is known, ascending; none where nobody has it. */
export function labelled(set: MoleculeSet, property: string): Uint32Array {
  const column = set.properties[property];
  if (column === undefined) return new Uint32Array();
  return Uint32Array.from({ length: setSize(set) }, (_, i) => i).filter((i) => !Number.isNaN(column[i]));
}

/**
 * The half of the indices that is meant, ascending; of an odd number the first half has one more. The permutation
 * that splits them has seed 0, whatever the seed of the training.
 */
export function halfOf(indices: Uint32Array, half: Half): Uint32Array {
  if (half === "all") return indices.slice();
  const order = permutation(indices.length, stream({ seed: 0, purpose: "split" }));
  const middle = Math.ceil(indices.length / 2);
  return (half === "first" ? order.subarray(0, middle) : order.subarray(middle))
    .map((k) => indices[k])
    .sort();
}

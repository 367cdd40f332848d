/** The parts of a data set that are trained on and validated with. */
import { type MoleculeSet, setSize, sizesOf, subset } from "../data/molecule-set.ts";
import type { Dataset } from "../data/store.ts";
import { InputError } from "../errors.ts";
import { permutation, stream } from "../math/random.ts";

export interface TrainingParts {
  readonly train: MoleculeSet;
  readonly valid: MoleculeSet;
}

/** Molecules set aside for validation where the data set has no validation split: 5 %, at most 1000. */
export function withValidation(data: Dataset, seed: number): TrainingParts {
  if (data.valid && setSize(data.valid) > 0) return { train: data.train, valid: data.valid };
  const M = setSize(data.train);
  const held = Math.min(1000, Math.ceil(0.05 * M));
  if (M - held < 1)
    throw new InputError(
      `data set "${data.info.name}" has ${M} molecule${M === 1 ? "" : "s"}; training needs at least 2`,
    );
  const order = permutation(M, stream({ seed, purpose: "split" }));
  return {
    train: subset(data.train, order.slice(held).sort()),
    valid: subset(data.train, order.slice(0, held).sort()),
  };
}

/** The set without its molecules of more than `maxAtoms` atoms. */
export function upToSize(set: MoleculeSet, maxAtoms = Number.POSITIVE_INFINITY): MoleculeSet {
  const sizes = sizesOf(set);
  const kept = [...sizes.keys()].filter((i) => sizes[i] <= maxAtoms);
  return kept.length === sizes.length ? set : subset(set, kept);
}

/** What config.json tells of the data that a model was trained on. */
export const dataFacts = ({ info }: Dataset, train: MoleculeSet) => ({
  name: info.name,
  molecules: setSize(train),
  sha256: info.sha256,
});

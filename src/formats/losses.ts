/** What a format has no place for: counted while molecules are written, and said afterwards. */
import type { Molecule } from "../chem/molecule.ts";
import type { Format } from "./format.ts";

const some = (values: ArrayLike<number> | undefined): boolean =>
  Array.from(values ?? []).some((value) => value !== 0);

/** By format, what it cannot say of a molecule. Plain XYZ has D and T, but no other isotope. */
const LOSSES: Readonly<Record<Format, readonly (readonly [string, (molecule: Molecule) => boolean])[]>> = {
  xyz: [
    ["formal charges", ({ formalCharges }) => some(formalCharges)],
    ["radicals", ({ radicals }) => some(radicals)],
    [
      "isotopes",
      ({ atomicNumbers, isotopes }) =>
        isotopes?.some((isotope, a) => isotope > 0 && !(atomicNumbers[a] === 1 && isotope <= 3)) === true,
    ],
  ],
  extxyz: [],
  sdf: [],
  qm9: [],
};

export interface LossCounter {
  /** The same molecules, looked at on the way. */
  readonly watch: (molecules: Iterable<Molecule> | AsyncIterable<Molecule>) => AsyncGenerator<Molecule>;
  /** What was lost, one clause each. */
  readonly inWords: () => readonly string[];
}

/** Counts what molecules lose in this format. */
export function lossCounter(format: Format): LossCounter {
  const losses = LOSSES[format];
  const counts = new Map<string, number>();
  return {
    watch: async function* (molecules) {
      for await (const molecule of molecules) {
        for (const [what, isLost] of losses)
          if (isLost(molecule)) counts.set(what, (counts.get(what) ?? 0) + 1);
        yield molecule;
      }
    },
    inWords: () =>
      [...counts].map(
        ([what, count]) =>
          `${what} of ${count} molecule${count === 1 ? "" : "s"} are not kept: ${format} has no place for them; write .sdf or .extxyz`,
      ),
  };
}

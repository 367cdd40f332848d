/**
 * The energies and forces of many molecules under one name and in one unit, whatever each of them calls them; and what was
 * chosen on the way, in words, each once.
 */
import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { labelsOf } from "../physics/labels.ts";
import { type FileEnergyUnit, kcalOf } from "../physics/units.ts";

/** What a data set has no place for, in words. */
const NOT_KEPT: readonly (readonly [string, (molecule: Molecule) => ArrayLike<number> | undefined])[] = [
  ["formal charges", ({ formalCharges }) => formalCharges],
  ["isotopes", ({ isotopes }) => isotopes],
  ["radicals", ({ radicals }) => radicals],
];

export interface LabelReader {
  /**
   * The molecule with `energy` among its properties and with its forces, in the unit of the first that gave one.
   * @throws InputError for a unit that is not known
   */
  readonly read: (molecule: Molecule) => Molecule;
  /** Unit of all energies, and of all forces per Å; undefined where no file says it. */
  readonly unit: () => FileEnergyUnit | undefined;
  /** What was chosen or left, one clause each, with the number of molecules. */
  readonly remarks: () => readonly string[];
}

/** @param file named in messages, where it is one */
export function labelReader(file?: () => string | undefined): LabelReader {
  const counts = new Map<string, number>();
  let unit: FileEnergyUnit | undefined;
  let labelled = 0;
  let without = 0;
  let index = 0;
  const remark = (text: string): void => {
    counts.set(text, (counts.get(text) ?? 0) + 1);
  };
  return {
    read: (molecule) => {
      index++;
      const labels = named(file?.(), index, () => labelsOf(molecule));
      for (const text of labels.remarks) remark(text);
      for (const [what, of] of NOT_KEPT)
        if (Array.from(of(molecule) ?? []).some((value) => value !== 0))
          remark(`${what} are not kept: a data set has elements, positions, forces and properties`);
      if (labels.energy === undefined && labels.forces === undefined) return molecule;
      labelled++;
      if (labels.unit === undefined) without++;
      unit ??= labels.unit;
      const own = labels.unit ?? unit;
      const factor = own === undefined || unit === undefined ? 1 : kcalOf(own) / kcalOf(unit);
      if (factor !== 1) remark(`energies in ${own} are converted to ${unit}`);
      const { energy, forces } = labels;
      return {
        ...molecule,
        ...(forces && { forces: factor === 1 ? forces : forces.map((f) => factor * f) }),
        ...(energy !== undefined && { properties: { ...molecule.properties, energy: factor * energy } }),
      };
    },
    unit: () => unit,
    remarks: () => {
      const said = [...counts].map(([text, count]) => `${text} (${count} molecule${count === 1 ? "" : "s"})`);
      if (unit !== undefined && without > 0)
        said.push(
          `${without} of ${labelled} molecules with energies name no unit; theirs is taken to be ${unit}`,
        );
      return said;
    },
  };
}

function named<T>(file: string | undefined, index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof InputError) || file === undefined) throw error;
    throw new InputError(`molecule ${index}: ${error.message}`, { file });
  }
}

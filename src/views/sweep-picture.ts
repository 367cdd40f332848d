/** The picture of sweeps: a row of molecules for each, below every molecule the value that it was asked to have. */
import { withBonds } from "../chem/bond-orders.ts";
import type { BondRule } from "../chem/bond-tables.ts";
import type { Molecule } from "../chem/molecule.ts";
import type { ConditionValues } from "../models/edm/condition.ts";
import type { PropertyRange } from "../models/edm/sweep.ts";
import { writePicture } from "./pictures/figure.ts";
import { moleculeStrip } from "./strip.ts";

/** More rows than these are not drawn. */
const MOST_ROWS = 32;

/**
 * Writes it as SVG, or as PNG where the name ends in .png.
 * @param molecules frame by frame, sweep by sweep
 */
export async function writeSweepPicture(
  file: string,
  molecules: readonly { readonly molecule: Molecule; readonly condition?: ConditionValues }[],
  { property, from, to, frames }: PropertyRange & { readonly frames: number },
  rule: BondRule,
  source: string,
): Promise<void> {
  const cells = molecules.map(({ molecule, condition }) => ({
    molecule: withBonds(molecule, rule),
    caption: `${property} ${Number((condition?.[property] ?? Number.NaN).toPrecision(4))}`,
  }));
  const rows = Array.from({ length: Math.min(MOST_ROWS, Math.ceil(cells.length / frames)) }, (_, k) =>
    cells.slice(k * frames, (k + 1) * frames),
  );
  await writePicture(file, moleculeStrip(rows, `${source}: ${property} from ${from} to ${to}`));
}

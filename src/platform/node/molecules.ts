/** Files of molecules: streamed, compressed when the name ends in .gz, in place only when complete. */

import type { Molecule } from "../../chem/molecule.ts";
import { formatMolecules, type WriteOptions, writableFormat } from "../../formats/format-molecules.ts";
import { gzipped } from "../../formats/gzip.ts";
import { lossCounter } from "../../formats/losses.ts";
import { parseMolecules, type ReadOptions } from "../../formats/parse-molecules.ts";
import { checkWritable, writeFileAtomically } from "./atomic-write.ts";
import { fileBytes } from "./file-bytes.ts";

/**
 * Reads the molecules of a file in turn, in memory that does not grow with the file (see parseMolecules). Compressed
 * files are recognised by their content.
 * @throws InputError when the file is missing, may not be read, or (file:line) is wrong in any way; WorkError when the
 * disk fails
 *
 * @example for await (const molecule of readMolecules("water.sdf.gz", { limit: 100 })) console.log(molecule.name);
 */
export const readMolecules = (path: string, options: ReadOptions = {}): AsyncGenerator<Molecule> =>
  parseMolecules(fileBytes(path), { ...options, file: path });

/**
 * Writes the molecules and returns how many there were (see formatMolecules). On any error the target stays as it was
 * and nothing else is left.
 * @throws InputError when the format cannot hold a molecule, or the folder is full or cannot be written to; WorkError
 * when a coordinate is not finite or the disk fails
 */
export async function writeMolecules(
  path: string,
  molecules: Iterable<Molecule> | AsyncIterable<Molecule>,
  options: WriteOptions & {
    /** Told what the format has no place for, where the molecules have it. */
    readonly onNotice?: ((notice: string) => void) | undefined;
  } = {},
): Promise<number> {
  let count = 0;
  const { onNotice, ...how } = options;
  const lost = lossCounter(writableFormat(path, how.format));
  const records = formatMolecules(lost.watch(molecules), { ...how, file: path });
  const counted = (async function* () {
    for await (const record of records) {
      count++;
      yield record;
    }
  })();
  await writeFileAtomically(path, path.toLowerCase().endsWith(".gz") ? gzipped(counted) : counted);
  for (const text of lost.inWords()) onNotice?.(`${path}: ${text}`);
  return count;
}

/** Throws what `writeMolecules` would throw because of the name or the place, before the molecules are made. */
export async function checkMoleculeTarget(path: string): Promise<void> {
  writableFormat(path);
  await checkWritable(path);
}

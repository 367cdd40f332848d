/**
 * Molecule files of any known format → one data set. Files are read one after the other, molecule by molecule,
 * so memory holds no more than the data set itself.
 */

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { glob } from "tinyglobby";
import { InputError } from "../errors.ts";
import type { Reading } from "../formats/records.ts";
import { digestOfFile } from "../platform/node/digest.ts";
import { readMolecules } from "../platform/node/molecules.ts";
import { type DatasetInfo, type Source, SPLITS, type Split } from "./dataset-info.ts";
import { labelReader } from "./label-reader.ts";
import { type MoleculeSet, moleculeSetBuilder } from "./molecule-set.ts";
import { type DatasetPlace, holdingDataset, writeDataset } from "./store.ts";

/** How far an import is. */
export interface ImportProgress {
  readonly file: string;
  /** Files finished, of `files`. */
  readonly filesDone: number;
  readonly files: number;
  readonly molecules: number;
}

/** What is imported, and under which name. */
export interface ImportOptions extends DatasetPlace, Reading {
  readonly name: string;
  /** Files, folders (all molecule files below) or glob patterns, for training. */
  readonly files: readonly string[];
  readonly valid?: readonly string[];
  readonly test?: readonly string[];
  /** Molecules with more atoms are left out, and counted. */
  readonly maxAtoms?: number;
  /** Told after each file and every so many molecules. */
  readonly onProgress?: (progress: ImportProgress) => void;
}

const MOLECULE_FILES = "**/*.{xyz,extxyz,sdf,mol}{,.gz}";
/** More sources than this are recorded as one, with the checksum of all their checksums. */
const MOST_SOURCES = 1_000;

/**
 * Reads the files and writes the data set `name`. Finite scalar properties become columns.
 * @throws InputError when a file is bad (with its line), a pattern matches nothing, the name is taken, or
 * no molecule is left
 */
export const importDataset = (options: ImportOptions): Promise<DatasetInfo> =>
  holdingDataset(options, () => importHeld(options)); // the name is refused before the reading, not after it

async function importHeld(options: ImportOptions): Promise<DatasetInfo> {
  const { name, maxAtoms = Number.POSITIVE_INFINITY, home, replace = false, onProgress } = options;
  const { strict, onNotice } = options;
  if (!(maxAtoms >= 1)) throw new InputError(`maxAtoms must be at least 1, got ${maxAtoms}`);
  const files: Record<Split, string[]> = {
    train: await expand(options.files),
    valid: await expand(options.valid ?? []),
    test: await expand(options.test ?? []),
  };
  if (files.train.length === 0) throw new InputError("no files were given to import");
  refuseRepeated(files);

  const count = SPLITS.reduce((sum, split) => sum + files[split].length, 0);
  const sources: Source[] = [];
  let molecules = 0;
  let tooLarge = 0;
  let current: string | undefined;
  const labels = labelReader(() => current);
  let unreadable = 0;
  const onSkipped: Reading["onSkipped"] =
    options.onSkipped &&
    ((record) => {
      unreadable++;
      options.onSkipped?.(record);
    });
  const read = async (split: Split): Promise<MoleculeSet> => {
    const builder = moleculeSetBuilder();
    for (const file of files[split]) {
      const before = builder.size();
      current = file;
      const report = () => onProgress?.({ file, filesDone: sources.length, files: count, molecules });
      for await (const molecule of readMolecules(file, { strict, onNotice, onSkipped })) {
        if (molecule.atomicNumbers.length > maxAtoms) tooLarge++;
        else builder.add(labels.read(molecule));
        if (++molecules % 1_000 === 0) report();
      }
      sources.push({
        file,
        sha256: await digestOfFile("sha256", file),
        molecules: builder.size() - before,
        split,
      });
      report();
    }
    if (builder.size() === 0 && files[split].length > 0) {
      const why = tooLarge > 0 ? `; ${tooLarge} have more than ${maxAtoms} atoms` : "";
      throw new InputError(`the files given for the ${split} part leave no molecules${why}`);
    }
    return builder.finish();
  };

  const content = { train: await read("train"), valid: await read("valid"), test: await read("test") };
  for (const remark of labels.remarks()) options.onNotice?.(remark);
  const unit = labels.unit();
  const limited = Number.isFinite(maxAtoms);
  return writeDataset({
    ...content,
    ...(unit && { units: { energy: unit } }),
    name,
    home,
    replace,
    held: true,
    provenance: {
      command: "data import",
      sources: folded(sources),
      options: limited ? { maxAtoms } : {},
      dropped: {
        ...(limited && { moreThanMaxAtoms: tooLarge }),
        ...(unreadable > 0 && { unreadable }),
      },
    },
  });
}

/** The files meant by names, folders and patterns, each once, in natural order (file2 before file10). */
async function expand(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pattern of patterns) {
    const entry = statSync(pattern, { throwIfNoEntry: false });
    if (entry !== undefined && !entry.isDirectory()) {
      found.push(pattern);
      continue;
    }
    const folder = entry === undefined ? undefined : pattern;
    const matches = await glob(folder === undefined ? pattern.replaceAll("\\", "/") : MOLECULE_FILES, {
      cwd: folder,
      expandDirectories: false,
      onlyFiles: true,
    });
    if (matches.length === 0) {
      throw folder === undefined
        ? new InputError(`no file matches "${pattern}"`)
        : new InputError("folder holds no molecule files (.xyz, .extxyz, .sdf, also .gz)", { file: folder });
    }
    const order = new Intl.Collator("en", { numeric: true });
    matches.sort(order.compare);
    found.push(...matches.map((match) => (folder === undefined ? match : join(folder, match))));
  }
  return [...new Map(found.map((file) => [resolve(file), file])).values()];
}

function refuseRepeated(files: Readonly<Record<Split, readonly string[]>>): void {
  const owner = new Map<string, Split>();
  for (const split of SPLITS) {
    for (const file of files[split]) {
      const other = owner.get(resolve(file));
      if (other !== undefined) {
        throw new InputError(`is given for the ${other} part and for the ${split} part; leave it in one`, {
          file,
        });
      }
      owner.set(resolve(file), split);
    }
  }
}

/** The sources as they are recorded: of very many, only one line with the checksum of their checksums. */
function folded(sources: readonly Source[]): Source[] {
  if (sources.length <= MOST_SOURCES) return [...sources];
  const hash = createHash("sha256");
  for (const { sha256 } of sources) hash.update(sha256);
  const molecules = sources.reduce((sum, source) => sum + source.molecules, 0);
  return [{ file: `${sources.length} files from ${sources[0].file}`, sha256: hash.digest("hex"), molecules }];
}

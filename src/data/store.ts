/**
 * Data sets on disk. A data set is a folder with `data.safetensors` (positions F64 [A, 3], atomicNumbers U8 [A],
 * offsets U32 [M+1], split U8 [M], properties/NAME F64 [M], forces F64 [A, 3] where there are any; molecules of the
 * training part first) and `dataset.json` (see dataset-info.ts). It is built beside its place and renamed into it,
 * so that it is whole or not there, by one process at a time, which holds `.NAME.lock`.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, statSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, type Named, nearest, ownName, printable } from "../errors.ts";
import { jsonOf } from "../formats/json.ts";
import type { Reading } from "../formats/records.ts";
import type { Tensor } from "../formats/safetensors.ts";
import { digestOfFile } from "../platform/node/digest.ts";
import { dataHome } from "../platform/node/home.ts";
import { takeLock } from "../platform/node/lock.ts";
import { readMolecules } from "../platform/node/molecules.ts";
import { readSafetensors, writeSafetensors } from "../platform/node/safetensors.ts";
import { sweep } from "../platform/node/sweep.ts";
import { leftoverOf, removeAtExit, settled, unfinishedBeside } from "../platform/node/unfinished.ts";
import { refusal } from "../platform/node/write-problem.ts";
import { type DatasetInfo, type DatasetSummary, datasetInfo, datasetInfoSchema } from "./dataset-info.ts";
import { labelReader } from "./label-reader.ts";
import { concatenate, type MoleculeSet, moleculeSetBuilder, setSize, subset } from "./molecule-set.ts";

/** Molecules in three parts and what is known of them. Of a molecule file, all are in `train`. */
export interface Dataset {
  readonly info: DatasetInfo;
  readonly train: MoleculeSet;
  /** Undefined when it would be empty. */
  readonly valid: MoleculeSet | undefined;
  readonly test: MoleculeSet | undefined;
}

const ARRAYS = "data.safetensors";
const INFO = "dataset.json";
const PROPERTY = "properties/";
const HOW_TO_MAKE =
  'bring one in with "equimol data import FILES… --name NAME", "equimol data fetch qm9" or "equimol data make minimol"';

/** Names of the data sets below `home`, sorted. */
export function datasetNames(home = dataHome()): string[] {
  const folder = join(home, "data");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith(".") && existsSync(join(folder, name, INFO)))
    .sort();
}

/** Where a new data set goes. */
export interface DatasetPlace {
  /** Default: `dataHome()`. */
  readonly home?: string;
  /** Replace a data set of the same name. */
  readonly replace?: boolean;
  /** How options are written in messages; by their own names where absent. */
  readonly named?: Named;
}

/**
 * The folder of a new data set of this name.
 * @throws InputError when the name cannot be a folder's, or is taken and `replace` is not given
 */
export function newDatasetFolder(
  name: string,
  { home = dataHome(), replace = false, named = ownName }: DatasetPlace,
): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/.test(name)) {
    throw new InputError(
      `"${name}" cannot name a data set: use letters, digits, "-", "_", "+" and ".", beginning with a letter or digit`,
    );
  }
  const folder = join(home, "data", name);
  if (existsSync(folder) && !replace) {
    throw new InputError(
      `data set "${name}" exists already (${folder}); choose another name, or replace it with ${named("replace")}`,
    );
  }
  return folder;
}

/** What to write: three parts and where they come from. */
export interface DatasetContent extends Omit<DatasetSummary, "sha256">, DatasetPlace {
  /** This is called by what `holdingDataset` runs. */
  readonly held?: boolean;
}

/**
 * Runs `make` while no other process can make a data set of this name, and clears away what killed processes left.
 * @throws InputError when the name is bad or taken, another process makes it, or the folder cannot be written to
 */
export async function holdingDataset<T>(
  place: DatasetPlace & { readonly name: string },
  make: () => Promise<T>,
): Promise<T> {
  const { name } = place;
  const folder = newDatasetFolder(name, place);
  const all = dirname(folder);
  const created = await mkdir(all, { recursive: true }).catch(async (error: unknown) => {
    throw writingError((await refusal(all)) ?? error, folder);
  });
  const release = await takeLock(join(all, `.${name}.lock`), folder, (error) => writingError(error, folder));
  try {
    putBack(all);
    await sweep(all);
    newDatasetFolder(name, place);
    return await make();
  } finally {
    release();
    if (created !== undefined) removeEmpty(all, created);
  }
}

/**
 * Writes a data set below the home folder. Either all of it is there afterwards or nothing is.
 * @throws InputError when the name is bad or taken, another process makes it, or the folder cannot be written to
 */
export const writeDataset = (content: DatasetContent): Promise<DatasetInfo> =>
  content.held ? writeHeld(content) : holdingDataset(content, () => writeHeld(content));

async function writeHeld(content: DatasetContent): Promise<DatasetInfo> {
  const { train, valid, test } = content;
  const folder = newDatasetFolder(content.name, content);
  const parts = [train, valid, test].map((part) => part ?? concatenate([]));
  const all = concatenate(parts);
  const split = Uint8Array.from(parts.flatMap((part, k) => Array<number>(setSize(part)).fill(k)));
  const tensors = new Map<string, Tensor>([
    ["positions", { dtype: "F64", shape: [all.atomicNumbers.length, 3], data: all.positions }],
    ["atomicNumbers", { dtype: "U8", shape: [all.atomicNumbers.length], data: all.atomicNumbers }],
    ["offsets", { dtype: "U32", shape: [all.offsets.length], data: all.offsets }],
    ["split", { dtype: "U8", shape: [split.length], data: split }],
  ]);
  if (all.forces) {
    tensors.set("forces", { dtype: "F64", shape: [all.atomicNumbers.length, 3], data: all.forces });
  }
  for (const [name, column] of Object.entries(all.properties)) {
    tensors.set(PROPERTY + name, { dtype: "F64", shape: [column.length], data: column });
  }

  const building = unfinishedBeside(folder);
  removeAtExit(building); // interrupted
  try {
    mkdirSync(building); // at once: what is made while the program ends already would stay
    await writeSafetensors(join(building, ARRAYS), tensors);
    const info = datasetInfo({ ...content, sha256: await digestOfFile("sha256", join(building, ARRAYS)) });
    await writeFile(join(building, INFO), `${JSON.stringify(info, null, 2)}\n`);
    await putInPlace(building, folder);
    return info;
  } catch (error) {
    throw writingError(error, folder);
  } finally {
    await rm(building, { recursive: true, force: true });
    settled(building);
  }
}

/** Renames the finished folder into its place; what was there is kept aside until that has worked. */
async function putInPlace(building: string, folder: string): Promise<void> {
  if (!existsSync(folder)) {
    await rename(building, folder);
    return;
  }
  const aside = unfinishedBeside(folder + ASIDE);
  await rename(folder, aside);
  try {
    await rename(building, folder);
  } catch (error) {
    await rename(aside, folder);
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Removes the folder, and those above it up to `last`, as far as nothing is in them. */
function removeEmpty(folder: string, last: string): void {
  try {
    rmdirSync(folder);
  } catch {
    return;
  }
  if (folder !== last) removeEmpty(dirname(folder), last);
}

/** Behind the name of a data set that is being replaced; no name of one has it. */
const ASIDE = "~";

/** Puts back the data sets that a process had moved aside when it was killed. */
function putBack(all: string): void {
  for (const entry of existsSync(all) ? readdirSync(all) : []) {
    const name = leftoverOf(entry);
    if (name?.endsWith(ASIDE) && !existsSync(join(all, name.slice(0, -1))))
      renameSync(join(all, entry), join(all, name.slice(0, -1)));
  }
}

function writingError(error: unknown, folder: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EACCES" || code === "EPERM" || code === "EROFS" || code === "ENOTDIR" || code === "EEXIST") {
    return new InputError(
      `cannot write the data set to ${folder} (${code}); give a folder that can be written to in EQUIMOL_HOME`,
    );
  }
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new InputError(
      `no space left for the data set in ${folder}; nothing was kept. Make room, or give another folder in EQUIMOL_HOME`,
    );
  }
  return error;
}

/** Options of `loadDataset`. */
export interface LoadOptions extends Reading {
  /** Default: `dataHome()`. */
  readonly home?: string;
  /** Compare the checksum of the arrays with `dataset.json` (default true; about 0.1 s for QM9). */
  readonly verify?: boolean;
}

/**
 * Opens a data set by name, by folder, or directly a molecule file (xyz, extxyz, sdf, also .gz).
 * @throws InputError when there is none, or when it is damaged
 */
export async function loadDataset(nameOrPath: string, options: LoadOptions = {}): Promise<Dataset> {
  const { home = dataHome(), verify = true } = options;
  const folder = findDataset(nameOrPath, home);
  if (folder === undefined) return loadMoleculeFile(nameOrPath, options);
  const info = await readDatasetInfo(folder);
  const file = join(folder, ARRAYS);
  if (!existsSync(file)) throw new InputError("is missing; import the data set again", { file });
  if (verify && (await digestOfFile("sha256", file)) !== info.sha256) {
    throw new InputError(
      `checksum differs from the one in ${INFO}: the data set is damaged; import it again`,
      { file },
    );
  }
  return { info, ...splitParts((await readSafetensors(file)).tensors, file) };
}

/** Reads and checks `dataset.json` of a data set folder. */
export async function readDatasetInfo(folder: string): Promise<DatasetInfo> {
  const file = join(folder, INFO);
  const text = await readFile(file, "utf8").catch(() => {
    throw new InputError(`cannot be read; expected a data set folder with ${INFO}`, { file });
  });
  const parsed = jsonOf(text, { file });
  const result = datasetInfoSchema.safeParse(parsed);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new InputError(printable(`"${issue.path.join(".")}": ${issue.message}; import the data set again`), {
    file,
  });
}

/**
 * The folder of the data set that is meant, or undefined when a molecule file is.
 * @throws InputError when nothing of that name or path exists
 */
export function findDataset(nameOrPath: string, home = dataHome()): string | undefined {
  const named = join(home, "data", nameOrPath);
  putBack(dirname(named));
  if (!/[\\/]/.test(nameOrPath) && existsSync(join(named, INFO))) return named;
  const found = statSync(nameOrPath, { throwIfNoEntry: false });
  if (found === undefined) {
    const names = datasetNames(home);
    const near = nearest(nameOrPath, names);
    const meant = near === undefined ? "" : ` (did you mean "${near}"?)`;
    const known = names.length === 0 ? "there are none yet" : `known: ${names.join(", ")}`;
    throw new InputError(`no data set or molecule file "${nameOrPath}"${meant}; ${known}; ${HOW_TO_MAKE}`);
  }
  if (!found.isDirectory()) return undefined;
  if (existsSync(join(nameOrPath, INFO))) return nameOrPath;
  throw new InputError(
    `folder has no ${INFO}; import its files first: "equimol data import ${nameOrPath} --name NAME"`,
    {
      file: nameOrPath,
    },
  );
}

async function loadMoleculeFile(file: string, reading: Reading): Promise<Dataset> {
  const builder = moleculeSetBuilder();
  const labels = labelReader(() => file);
  const { strict, onNotice } = reading;
  let unreadable = 0;
  const onSkipped: Reading["onSkipped"] =
    reading.onSkipped &&
    ((record) => {
      unreadable++;
      reading.onSkipped?.(record);
    });
  for await (const molecule of readMolecules(file, { strict, onNotice, onSkipped }))
    builder.add(labels.read(molecule));
  for (const remark of labels.remarks()) onNotice?.(`${file}: ${remark}`);
  const unit = labels.unit();
  const train = builder.finish();
  const sha256 = await digestOfFile("sha256", file);
  const source = { file, sha256, molecules: setSize(train) };
  const dropped: Record<string, number> = unreadable > 0 ? { unreadable } : {};
  const provenance = { command: "file", sources: [source], options: {}, dropped };
  const info = datasetInfo({
    name: basename(file),
    train,
    sha256,
    provenance,
    ...(unit && { units: { energy: unit } }),
  });
  return { info, train, valid: undefined, test: undefined };
}

/** Checks that the arrays fit each other and cuts them into the three parts. */
function splitParts(tensors: ReadonlyMap<string, Tensor>, file: string): Omit<Dataset, "info"> {
  const damaged = (what: string): InputError =>
    new InputError(`${what}; import the data set again`, { file });
  const array = <A>(name: string, type: new (...args: never[]) => A, shape: readonly number[]): A => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw damaged(`tensor "${name}" is missing`);
    const fits =
      tensor.shape.length === shape.length && shape.every((n, k) => Number.isNaN(n) || n === tensor.shape[k]);
    if (!(tensor.data instanceof type) || !fits) {
      throw damaged(
        `tensor "${name}" is ${tensor.dtype} [${tensor.shape}], expected ${type.name} [${shape}]`,
      );
    }
    return tensor.data;
  };
  const offsets = array("offsets", Uint32Array, [Number.NaN]);
  const molecules = offsets.length - 1;
  const atoms = offsets[molecules];
  if (offsets[0] !== 0 || offsets.some((offset, k) => k > 0 && offset < offsets[k - 1])) {
    throw damaged('tensor "offsets" does not rise from 0');
  }
  const split = array("split", Uint8Array, [molecules]);
  if (split.some((part) => part > 2)) throw damaged('tensor "split" holds other numbers than 0, 1, 2');
  const numbers = array("atomicNumbers", Uint8Array, [atoms]);
  if (numbers.some((z) => z < 1 || z > 118))
    throw damaged('tensor "atomicNumbers" holds numbers that no element has');
  const columns = [...tensors.keys()].filter((name) => name.startsWith(PROPERTY));
  const all: MoleculeSet = {
    offsets,
    positions: array("positions", Float64Array, [atoms, 3]),
    atomicNumbers: numbers,
    ...(tensors.has("forces") && { forces: array("forces", Float64Array, [atoms, 3]) }),
    properties: Object.fromEntries(
      columns.map((name) => [name.slice(PROPERTY.length), array(name, Float64Array, [molecules])]),
    ),
  };
  if (!all.positions.every(Number.isFinite))
    throw damaged('tensor "positions" has values that are not finite');
  const part = (number: number): MoleculeSet => {
    const indices: number[] = [];
    for (let i = 0; i < molecules; i++) if (split[i] === number) indices.push(i);
    return subset(all, indices);
  };
  const [train, valid, test] = [part(0), part(1), part(2)];
  return { train, valid: setSize(valid) > 0 ? valid : undefined, test: setSize(test) > 0 ? test : undefined };
}

/**
 * Conformer ensembles: one molecular graph with many structures. Read from JSON lines
 * ({"smiles", "symbols", "bonds": [[i, j, order], …], "conformers": [[x, y, z, …], …]} each, Å), from SDF, whose
 * records of one graph after another belong together, or from XYZ, whose bonds are perceived.
 */
import { withBonds } from "../chem/bond-orders.ts";
import { RULE_ELEMENTS } from "../chem/bond-tables.ts";
import { atomicNumberOf, symbolOf } from "../chem/elements.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import type { BondedAtoms } from "../chem/topology.ts";
import { InputError } from "../errors.ts";
import { extensionOf } from "../formats/format.ts";
import { readText } from "../platform/node/file-bytes.ts";
import { readMolecules } from "../platform/node/molecules.ts";

export interface Ensemble extends BondedAtoms {
  readonly name: string;
  /** Where the file gives one. */
  readonly smiles?: string;
  /** Positions of each conformer in Å. [N, 3] each */
  readonly conformers: readonly Float64Array[];
}

/** Whether a file of this name holds JSON lines. */
export const isJsonLines = (path: string): boolean => [".jsonl", ".ndjson"].includes(extensionOf(path));

/**
 * Every ensemble of a file, or the first `limit`. Structures of XYZ files whose bonds are inconsistent are left out.
 * @throws InputError with file and line for what is wrong
 */
export async function readEnsembles(path: string, limit = Number.POSITIVE_INFINITY): Promise<Ensemble[]> {
  const ensembles = isJsonLines(path)
    ? (await readJsonLines(path)).slice(0, limit)
    : await readRecords(path, limit);
  if (ensembles.length === 0) throw new InputError("the file holds no molecule", { file: path });
  return ensembles;
}

async function readJsonLines(path: string): Promise<Ensemble[]> {
  const text = await readText(path);
  if (text.trim() === "") throw new InputError("the file is empty", { file: path });
  return text.split("\n").flatMap((line, k) => (line.trim() === "" ? [] : [ensembleOf(line, path, k + 1)]));
}

interface JsonEnsemble {
  readonly smiles?: string;
  readonly symbols: readonly string[];
  readonly bonds: readonly (readonly [number, number, number])[];
  readonly conformers: readonly (readonly number[])[];
}

function ensembleOf(line: string, file: string, lineNumber: number): Ensemble {
  const fail = (message: string): InputError => new InputError(message, { file, line: lineNumber });
  let value: JsonEnsemble;
  try {
    value = JSON.parse(line) as JsonEnsemble;
  } catch {
    throw fail("is not JSON");
  }
  const { symbols, bonds, conformers, smiles } = value;
  if (!Array.isArray(symbols) || !Array.isArray(bonds) || !Array.isArray(conformers))
    throw fail('expected an object with "symbols", "bonds" and "conformers"');
  const atomicNumbers = Uint8Array.from(symbols, (symbol) => {
    const z = atomicNumberOf(symbol);
    if (z === undefined) throw fail(`unknown element ${JSON.stringify(symbol)}`);
    return z;
  });
  const n = symbols.length;
  const list = bonds.map(([i, j, order]): Bond => {
    if (!(i >= 0 && i < n && j >= 0 && j < n && i !== j) || ![1, 2, 3, 4].includes(order))
      throw fail(`[${i}, ${j}, ${order}] is no bond between two of the ${n} atoms`);
    return { i, j, order: order as Bond["order"] };
  });
  const positions = conformers.map((conformer) => {
    if (conformer.length !== 3 * n || !conformer.every(Number.isFinite))
      throw fail(`a conformer has ${conformer.length} coordinates, expected ${3 * n} finite numbers`);
    return Float64Array.from(conformer);
  });
  return {
    name: smiles ?? `line ${lineNumber}`,
    ...(smiles !== undefined && { smiles }),
    atomicNumbers,
    bonds: list,
    conformers: positions,
  };
}

/** Whether a file of this name holds positions without bonds. */
export const isXyz = (path: string): boolean => [".xyz", ".extxyz"].includes(extensionOf(path));

/** The molecule with the bonds that its positions show; undefined where they fit no valences. */
export function perceived(molecule: Molecule): Molecule | undefined {
  const small = molecule.atomicNumbers.every((z) => RULE_ELEMENTS.qm9.includes(symbolOf(z)));
  const bonded = withBonds(molecule, small ? "qm9" : "geom");
  return bonded.properties?.valence === "inconsistent" ? undefined : bonded;
}

async function readRecords(path: string, limit: number): Promise<Ensemble[]> {
  const ensembles: { first: Molecule; conformers: Float64Array[] }[] = [];
  let record = 0;
  for await (const read of readMolecules(path)) {
    record++;
    const molecule = isXyz(path) ? perceived(read) : read;
    if (molecule === undefined) continue;
    if (molecule.bonds === undefined || (molecule.bonds.length === 0 && molecule.atomicNumbers.length > 1))
      throw new InputError(`record ${record} has no bonds; conformers are compared by their graph`, {
        file: path,
      });
    const last = ensembles.at(-1);
    if (last !== undefined && sameRecordGraph(last.first, molecule)) last.conformers.push(molecule.positions);
    else if (ensembles.length >= limit) break;
    else ensembles.push({ first: molecule, conformers: [molecule.positions] });
  }
  return ensembles.map(({ first, conformers }, k) => ({
    name: ensembleName(first.name, k),
    atomicNumbers: first.atomicNumbers,
    bonds: first.bonds ?? [],
    ...(first.formalCharges && { formalCharges: first.formalCharges }),
    conformers,
  }));
}

/** The title without the number of the conformer that `equimol conformers` writes behind it. */
export const ensembleName = (title: string | undefined, index: number): string =>
  title?.replace(/ conformer \d+.*$/, "") || `molecule ${index + 1}`;

/** One atom order, one list of bonds: conformers of one molecule as one program writes them. */
export function sameRecordGraph(a: Molecule, b: Molecule): boolean {
  return (
    a.atomicNumbers.join() === b.atomicNumbers.join() &&
    bondsText(a.bonds) === bondsText(b.bonds) &&
    ensembleName(a.name, 0) === ensembleName(b.name, 0)
  );
}

const bondsText = (bonds: readonly Bond[] = []): string =>
  bonds.map(({ i, j, order }) => `${i} ${j} ${order}`).join();

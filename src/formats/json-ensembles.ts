/**
 * Conformer ensembles as JSON lines, one molecule a line: {"smiles", "symbols": ["C", …], "bonds": [[i, j, order], …],
 * "charges": [0, …], "conformers": [[x, y, z, …], …]}, atoms counted from 0, Å. `smiles` may be absent, and so may
 * `charges`, which the bonds then imply; other keys are passed over. Every value is checked before it is used.
 */
import { impliedCharges } from "../chem/electrons/formal-charges.ts";
import type { Bond } from "../chem/molecule.ts";
import type { BondedAtoms } from "../chem/topology.ts";
import { InputError, type Place } from "../errors.ts";
import { OPEN_END } from "./frames.ts";
import { jsonOf } from "./json.ts";
import { elementsOf, isotopesOf, setElement } from "./labels.ts";
import type { TextChunks } from "./lines.ts";
import { noMolecule, openLines } from "./parse-molecules.ts";
import { excerpt, type Reading, type RecordLog, recordLog } from "./records.ts";
import { DEFAULT_MAX_ATOMS, MAX_COORDINATE } from "./xyz-frame.ts";

export interface Ensemble extends BondedAtoms {
  readonly name: string;
  /** Where the file gives one. */
  readonly smiles?: string;
  /** Mass numbers of the atoms that are a certain isotope, 0 of the others. [N] */
  readonly isotopes?: Uint16Array;
  /** Positions of each conformer in Å. [N, 3] each */
  readonly conformers: readonly Float64Array[];
}

/** Characters of a line at most: some 10,000 conformers of a drug. */
const MAX_LINE = 1 << 26;

/** The ensembles of a text in turn, in memory of one line. @throws InputError as `parseMolecules` */
export async function* jsonEnsembles(
  chunks: TextChunks,
  file: string,
  reading: Reading,
): AsyncGenerator<Ensemble> {
  const log = recordLog(file, reading);
  const lines = openLines(chunks, file, log, { ...reading, maxLine: MAX_LINE });
  let count = 0;
  try {
    if ((await lines.peek(1)).length === 0) {
      await lines.take(1); // says why, where it is not the end
      throw new InputError("the file is empty", { file });
    }
    for (let record = 1; await lines.skipBlank(); record++) {
      const line = lines.lineNumber();
      let ensemble: Ensemble;
      try {
        const [text] = await lines.take(1);
        ensemble = ensembleOf(text, { file, line }, log);
      } catch (error) {
        log.mayPass(error, lines);
        log.passOver(error, record, line);
        continue;
      }
      if (lines.endsOpen() && !(await lines.skipBlank())) log.guess(OPEN_END, { file, line });
      log.readOne();
      yield ensemble;
      count++;
    }
    if (count === 0) throw noMolecule(file, log);
  } finally {
    await lines.close();
  }
}

function ensembleOf(text: string, place: Place, log: RecordLog): Ensemble {
  const fail = (message: string): InputError => new InputError(message, place);
  const value = jsonOf(text, place);
  const object = value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
  const { symbols, bonds, conformers, smiles, charges } = object as Readonly<Record<string, unknown>>;
  if (!Array.isArray(symbols) || !Array.isArray(bonds) || !Array.isArray(conformers))
    throw fail('expected an object with the lists "symbols", "bonds" and "conformers"');
  if (smiles !== undefined && typeof smiles !== "string") throw fail('"smiles" is not a text');
  const n = symbols.length;
  if (n === 0 || n > DEFAULT_MAX_ATOMS) throw fail(`${n} atoms; expected from 1 to ${DEFAULT_MAX_ATOMS}`);
  const elements = elementsOf(n);
  symbols.forEach((symbol: unknown, a) => {
    if (typeof symbol !== "string") throw fail(`"symbols": entry ${a + 1} is not a text`);
    setElement(elements, a, symbol, place, log);
  });
  if (conformers.length === 0) throw fail('"conformers" is empty');
  const list = bondsOf(bonds, n, fail);
  const formalCharges =
    charges === undefined
      ? impliedCharges({ atomicNumbers: elements.atomicNumbers, bonds: list })
      : chargesOf(charges, n, fail);
  return {
    name: smiles ?? `line ${place.line}`,
    ...(smiles !== undefined && { smiles }),
    atomicNumbers: elements.atomicNumbers,
    ...isotopesOf(elements),
    ...(formalCharges.some((charge) => charge !== 0) && { formalCharges }),
    bonds: list,
    conformers: conformers.map((conformer: unknown, k) => positionsOf(conformer, k, n, fail)),
  };
}

type Fail = (message: string) => InputError;

function bondsOf(bonds: readonly unknown[], n: number, fail: Fail): Bond[] {
  const seen = new Set<number>();
  return bonds.map((bond): Bond => {
    const [i, j, order] = Array.isArray(bond) && bond.length === 3 ? (bond as readonly unknown[]) : [];
    const isAtom = (value: unknown): value is number =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 && value < n;
    const isOrder = order === 1 || order === 2 || order === 3 || order === 4;
    if (!isAtom(i) || !isAtom(j) || i === j || !isOrder)
      throw fail(`${excerpt(JSON.stringify(bond), false)} is no bond [i, j, order] of two of the ${n} atoms`);
    const key = Math.min(i, j) * n + Math.max(i, j);
    if (seen.has(key)) throw fail(`the bond of atoms ${i} and ${j} is given twice`);
    seen.add(key);
    return { i, j, order };
  });
}

function positionsOf(conformer: unknown, k: number, n: number, fail: Fail): Float64Array {
  const wanted = `expected ${3 * n} finite numbers`;
  if (!Array.isArray(conformer)) throw fail(`conformer ${k + 1} is not a list; ${wanted}`);
  if (conformer.length !== 3 * n)
    throw fail(`conformer ${k + 1} has ${conformer.length} coordinates, ${wanted}`);
  const wrong = conformer.find((x: unknown) => typeof x !== "number" || !(Math.abs(x) <= MAX_COORDINATE));
  if (wrong === undefined) return Float64Array.from(conformer as readonly number[]);
  throw fail(
    typeof wrong === "number"
      ? `conformer ${k + 1} has the coordinate ${wrong}; beyond ${MAX_COORDINATE} Å`
      : `conformer ${k + 1} has the coordinate ${excerpt(JSON.stringify(wrong), false)}; ${wanted}`,
  );
}

function chargesOf(charges: unknown, n: number, fail: Fail): Int8Array {
  const isCharge = (value: unknown): boolean => Number.isInteger(value) && Math.abs(value as number) <= 15;
  if (!Array.isArray(charges) || charges.length !== n || !charges.every(isCharge))
    throw fail(`"charges": expected ${n} whole numbers from -15 to 15`);
  return Int8Array.from(charges as readonly number[]);
}

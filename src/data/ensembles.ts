/**
 * Conformer ensembles: one molecular graph with many structures. Read from JSON lines (json-ensembles.ts), from SDF, whose
 * records of one graph after another belong together, or from XYZ, whose bonds are perceived.
 */
import { withBonds } from "../chem/bond-orders.ts";
import { RULE_ELEMENTS } from "../chem/bond-tables.ts";
import { chargeOf } from "../chem/electrons/charge.ts";
import { symbolOf } from "../chem/elements.ts";
import { isotopesOf } from "../chem/isotopes.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import { extensionOf } from "../formats/format.ts";
import { type Ensemble, jsonEnsembles } from "../formats/json-ensembles.ts";
import type { Reading } from "../formats/records.ts";
import { fileBytes } from "../platform/node/file-bytes.ts";
import { readMolecules } from "../platform/node/molecules.ts";

export type { Ensemble } from "../formats/json-ensembles.ts";

/** Whether a file of this name holds JSON lines. */
export const isJsonLines = (path: string): boolean => [".jsonl", ".ndjson"].includes(extensionOf(path));

/**
 * Every ensemble of a file, or the first `limit`. Structures of XYZ files whose bonds are inconsistent are left out, which
 * is told.
 * @throws InputError with file and line for what is wrong; with `onSkipped` only where nothing is left
 */
export async function readEnsembles(
  path: string,
  limit = Number.POSITIVE_INFINITY,
  reading: Reading = {},
): Promise<Ensemble[]> {
  if (!isJsonLines(path)) return readRecords(path, limit, reading);
  const ensembles: Ensemble[] = [];
  if (limit > 0)
    for await (const ensemble of jsonEnsembles(fileBytes(path), path, reading)) {
      ensembles.push(ensemble);
      if (ensembles.length >= limit) break;
    }
  return ensembles;
}

/** Whether a file of this name holds positions without bonds. */
export const isXyz = (path: string): boolean => [".xyz", ".extxyz"].includes(extensionOf(path));

/** The molecule with the bonds that its positions show; undefined where they fit no valences. */
export function perceived(molecule: Molecule): Molecule | undefined {
  const small = molecule.atomicNumbers.every((z) => RULE_ELEMENTS.qm9.includes(symbolOf(z)));
  const bonded = withBonds(molecule, small ? "qm9" : "geom");
  return bonded.properties?.valence === "inconsistent" ? undefined : bonded;
}

async function readRecords(path: string, limit: number, reading: Reading): Promise<Ensemble[]> {
  const ensembles: { first: Molecule; conformers: Float64Array[] }[] = [];
  let record = 0;
  let inconsistent = 0;
  const { strict, onNotice } = reading;
  const pass = strict ? undefined : reading.onSkipped;
  const onSkipped: Reading["onSkipped"] =
    pass &&
    ((skipped) => {
      record++;
      pass(skipped);
    });
  for await (const read of readMolecules(path, { strict, onNotice, onSkipped })) {
    record++;
    const molecule = isXyz(path) ? perceived(read) : read;
    if (molecule === undefined) {
      inconsistent++;
      continue;
    }
    if (molecule.bonds === undefined || (molecule.bonds.length === 0 && molecule.atomicNumbers.length > 1)) {
      const reason = "has no bonds; conformers are compared by their graph";
      if (pass === undefined) throw new InputError(`record ${record} ${reason}`, { file: path });
      const { name: title } = molecule;
      pass({ file: path, record, reason, ...(title !== undefined && { title }) });
      continue;
    }
    const last = ensembles.at(-1);
    if (last !== undefined && sameRecordGraph(last.first, molecule, isXyz(path)))
      last.conformers.push(molecule.positions);
    else if (ensembles.length >= limit) break;
    else ensembles.push({ first: molecule, conformers: [molecule.positions] });
  }
  if (inconsistent > 0)
    onNotice?.(`${path}: ${inconsistent} of ${record} structures have inconsistent bonds and are left out`);
  if (ensembles.length === 0) throw new InputError("the file holds no molecule with bonds", { file: path });
  return ensembles.map(({ first, conformers }, k) => ({
    name: ensembleName(first.name, k),
    atomicNumbers: first.atomicNumbers,
    bonds: first.bonds ?? [],
    ...(first.formalCharges && { formalCharges: first.formalCharges }),
    ...withIsotopes(first),
    conformers,
  }));
}

/** The title without the number of the conformer that `equimol conformers` writes behind it. */
export const ensembleName = (title: string | undefined, index: number): string =>
  title?.replace(/ conformer \d+.*$/, "") || `molecule ${index + 1}`;

const withIsotopes = (molecule: Molecule): Pick<Ensemble, "isotopes"> => {
  const isotopes = isotopesOf(molecule);
  return isotopes === undefined ? {} : { isotopes };
};

/**
 * One atom order, one list of bonds: conformers of one molecule as one program writes them.
 * @param anyOrders of perceived bonds, whose orders may be those of another mesomeric form: connections alone count
 */
export function sameRecordGraph(a: Molecule, b: Molecule, anyOrders = false): boolean {
  const text = (bonds: readonly Bond[] = []): string =>
    bonds.map(({ i, j, order }) => `${i} ${j} ${anyOrders ? "" : order}`).join();
  return (
    a.atomicNumbers.join() === b.atomicNumbers.join() &&
    text(a.bonds) === text(b.bonds) &&
    ensembleName(a.name, 0) === ensembleName(b.name, 0) &&
    chargeOf(a) === chargeOf(b) &&
    (a.isotopes ?? []).join() === (b.isotopes ?? []).join()
  );
}

/** The molecules that conformers are asked of: a SMILES, or a file of SMILES, SDF records or ensembles. */
import { existsSync } from "node:fs";
import { hillFormula } from "../chem/formula.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import type { Rdkit } from "../chem/rdkit.ts";
import { type GraphWithStereo, graphOfMolblock, graphOfSmiles } from "../chem/rdkit-graph.ts";
import { configurationText } from "../chem/stereo-open.ts";
import { topologyOf } from "../chem/topology.ts";
import { InputError } from "../errors.ts";
import { extensionOf } from "../formats/format.ts";
import { OPEN_END } from "../formats/frames.ts";
import { noMolecule, openLines } from "../formats/parse-molecules.ts";
import { type Reading, recordLog } from "../formats/records.ts";
import { isFlat, molblockOf } from "../formats/sdf/molblock.ts";
import { fileBytes } from "../platform/node/file-bytes.ts";
import { readMolecules } from "../platform/node/molecules.ts";
import {
  type Ensemble,
  ensembleName,
  isJsonLines,
  isXyz,
  readEnsembles,
  sameRecordGraph,
} from "./ensembles.ts";

/** One molecule of the input. */
export interface RequestedMolecule {
  readonly name: string;
  /** Structures that the input has of it. */
  readonly structures: number;
  /** The graph; throws InputError where the input is no good. */
  readonly graph: (rdkit: Rdkit) => GraphWithStereo;
}

const SMILES_FILES: readonly string[] = [".smi", ".smiles", ".txt"];
const MOLECULE_FILES: readonly string[] = [".sdf", ".mol"];

/**
 * @param reading how records that cannot be read are dealt with; a SMILES or a graph that is wrong shows in `graph` only
 * @throws InputError for a file that cannot be read or holds nothing
 */
export async function* requestedMolecules(
  input: string,
  limit = Number.POSITIVE_INFINITY,
  reading: Reading = {},
): AsyncGenerator<RequestedMolecule> {
  let count = 0;
  for await (const molecule of everyMolecule(input, limit, reading)) {
    if (count++ >= limit) return;
    yield molecule;
  }
}

async function* everyMolecule(
  input: string,
  limit: number,
  reading: Reading,
): AsyncGenerator<RequestedMolecule> {
  const extension = extensionOf(input);
  if (SMILES_FILES.includes(extension)) yield* smilesFile(input, reading);
  else if (isJsonLines(input) || isXyz(input)) {
    for (const ensemble of await readEnsembles(input, limit, reading)) yield ofEnsemble(ensemble);
  } else if (MOLECULE_FILES.includes(extension)) yield* moleculeFile(input, reading);
  else if (existsSync(input))
    throw new InputError(
      `the name does not tell the format; name it ${[...SMILES_FILES, ...MOLECULE_FILES, ".extxyz", ".jsonl"].join(", ")} (each also with .gz)`,
      { file: input },
    );
  else yield { name: input, structures: 1, graph: (rdkit) => graphOfSmiles(rdkit, input) };
}

/** Characters of a SMILES at most; what conformers are made of needs a few hundred. */
const MAX_SMILES = 5_000;

/** A SMILES in every line, a name behind it; lines that are blank or begin with # are passed over. */
async function* smilesFile(file: string, reading: Reading): AsyncGenerator<RequestedMolecule> {
  const log = recordLog(file, reading);
  const lines = openLines(fileBytes(file), file, log, reading);
  let found = 0;
  try {
    for (let record = 1; await lines.skipBlank(); record++) {
      const line = lines.lineNumber();
      let text: string;
      try {
        [text] = await lines.take(1);
        if (text.startsWith("#")) continue;
        if (text.length > MAX_SMILES && !/^\S{1,5000}\s/.test(text.trimStart()))
          throw new InputError(`a SMILES of more than ${MAX_SMILES} characters`, { file, line });
      } catch (error) {
        log.mayPass(error, lines);
        log.passOver(error, record, line);
        continue;
      }
      const [smiles, ...name] = text.trim().split(/\s+/);
      found++;
      log.readOne();
      yield {
        name: name.join(" ") || smiles,
        structures: 1,
        graph: (rdkit) => placed({ file, line }, () => graphOfSmiles(rdkit, smiles)),
      };
    }
    if (lines.endsOpen()) log.guess(OPEN_END, { file, line: lines.lineNumber() - 1 });
    if (found === 0) throw noMolecule(file, log, "SMILES");
  } finally {
    await lines.close();
  }
}

async function* moleculeFile(file: string, reading: Reading): AsyncGenerator<RequestedMolecule> {
  let last: { readonly molecule: Molecule; structures: number; readonly record: number } | undefined;
  let record = 0;
  const asked = ({ molecule, structures, record: number }: NonNullable<typeof last>): RequestedMolecule => ({
    name: ensembleName(molecule.name, number - 1),
    structures,
    graph: (rdkit) => {
      const place = `${file}: record ${number}`;
      if (molecule.bonds === undefined || (molecule.bonds.length === 0 && molecule.atomicNumbers.length > 1))
        throw new InputError(`${place} has no bonds; add them, or give a SMILES`);
      return named(place, () => graphOfMolblock(rdkit, molblockOf(molecule)));
    },
  });
  const onSkipped: Reading["onSkipped"] =
    reading.onSkipped &&
    ((skipped) => {
      record++;
      reading.onSkipped?.(skipped);
    });
  for await (const molecule of readMolecules(file, { ...reading, onSkipped })) {
    record++;
    if (
      last !== undefined &&
      sameRecordGraph(last.molecule, molecule) &&
      sameIsomer(last.molecule, molecule)
    ) {
      last.structures++;
      continue;
    }
    if (last !== undefined) yield asked(last);
    last = { molecule, structures: 1, record };
  }
  if (last !== undefined) yield asked(last);
}

/** Whether two records of one graph show the same stereoisomer; drawings with wedges are taken for molecules of their own. */
function sameIsomer(first: Molecule, second: Molecule): boolean {
  const flat = isFlat(first);
  const drawn = [first, second].some(({ bonds = [] }) => bonds.some(({ mark }) => mark !== undefined));
  if (flat !== isFlat(second) || (flat && drawn)) return false;
  const bonds = (first.bonds ?? []).map((bond): Bond => (bond.order === 4 ? { ...bond, order: 1 } : bond));
  const topology = topologyOf({ ...first, bonds });
  const [one, other] = [first, second].map(({ positions }) =>
    configurationText(topology, positions, { centres: !flat }),
  );
  return one === other;
}

const ofEnsemble = (ensemble: Ensemble): RequestedMolecule => ({
  name: ensemble.name,
  structures: ensemble.conformers.length,
  graph: (rdkit) =>
    named(ensemble.name, () => {
      const graph = graphOfMolblock(rdkit, molblockOf({ ...ensemble, positions: ensemble.conformers[0] }));
      if (ensemble.smiles !== undefined) checkAtoms(graph, graphOfSmiles(rdkit, ensemble.smiles));
      return graph;
    }),
});

/** @throws InputError where the structure is of other atoms than the SMILES beside it */
function checkAtoms({ topology }: GraphWithStereo, { topology: asked }: GraphWithStereo): void {
  const [found, wanted] = [hillFormula(topology.atomicNumbers), hillFormula(asked.atomicNumbers)];
  if (found !== wanted)
    throw new InputError(`the structure's atoms (${found}) are not those of the SMILES (${wanted})`);
}

/** Runs, and says where the input is that it complains of. */
function placed<T>(place: { readonly file: string; readonly line: number }, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof InputError ? new InputError(error.message, place) : error;
  }
}

function named<T>(name: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof InputError
      ? new InputError(`${name}: ${error.message.replace(/^the record: /, "")}`)
      : error;
  }
}

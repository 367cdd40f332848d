/** The molecules that conformers are asked of: a SMILES, or a file of SMILES, SDF records or ensembles. */
import { existsSync } from "node:fs";
import { hillFormula } from "../chem/formula.ts";
import type { Molecule } from "../chem/molecule.ts";
import type { Rdkit } from "../chem/rdkit.ts";
import { type GraphWithStereo, graphOfMolblock, graphOfSmiles } from "../chem/rdkit-graph.ts";
import { InputError } from "../errors.ts";
import { extensionOf } from "../formats/format.ts";
import { unpacked } from "../formats/gzip.ts";
import { readLines } from "../formats/lines.ts";
import { formatSdf } from "../formats/sdf-write.ts";
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

/** @throws InputError for a file that cannot be read or holds nothing */
export async function* requestedMolecules(
  input: string,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<RequestedMolecule> {
  let count = 0;
  for await (const molecule of everyMolecule(input, limit)) {
    if (count++ >= limit) return;
    yield molecule;
  }
}

async function* everyMolecule(input: string, limit: number): AsyncGenerator<RequestedMolecule> {
  const extension = extensionOf(input);
  if (SMILES_FILES.includes(extension)) yield* smilesFile(input);
  else if (isJsonLines(input) || isXyz(input)) {
    for (const ensemble of await readEnsembles(input, limit)) yield ofEnsemble(ensemble);
  } else if (MOLECULE_FILES.includes(extension)) yield* moleculeFile(input);
  else if (existsSync(input))
    throw new InputError(
      `the name does not tell the format; name it ${[...SMILES_FILES, ...MOLECULE_FILES, ".extxyz", ".jsonl"].join(", ")} (each also with .gz)`,
      { file: input },
    );
  else yield { name: input, structures: 1, graph: (rdkit) => graphOfSmiles(rdkit, input) };
}

/** A SMILES in every line, a name behind it; lines that are blank or begin with # are passed over. */
async function* smilesFile(file: string): AsyncGenerator<RequestedMolecule> {
  const lines = readLines(unpacked(fileBytes(file), file), file);
  let found = 0;
  try {
    while (await lines.skipBlank()) {
      const line = lines.lineNumber();
      const [text] = await lines.take(1);
      if (text.startsWith("#")) continue;
      const [smiles, ...name] = text.trim().split(/\s+/);
      found++;
      yield {
        name: name.join(" ") || smiles,
        structures: 1,
        graph: (rdkit) => placed({ file, line }, () => graphOfSmiles(rdkit, smiles)),
      };
    }
  } finally {
    await lines.close();
  }
  if (found === 0) throw new InputError("the file holds no SMILES", { file });
}

async function* moleculeFile(file: string): AsyncGenerator<RequestedMolecule> {
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
  for await (const molecule of readMolecules(file)) {
    record++;
    if (last !== undefined && sameRecordGraph(last.molecule, molecule)) {
      last.structures++;
      continue;
    }
    if (last !== undefined) yield asked(last);
    last = { molecule, structures: 1, record };
  }
  if (last !== undefined) yield asked(last);
}

/** A flat record has no handedness to offer: stereo marks of SDF are not kept. */
function molblockOf(molecule: Molecule): string {
  const flat = molecule.positions.every((value, k) => k % 3 !== 2 || value === 0);
  const { atomicNumbers, bonds = [], formalCharges, positions, isotopes, radicals } = molecule;
  return formatSdf({
    atomicNumbers,
    bonds,
    positions: flat ? new Float64Array(positions.length) : positions,
    ...(formalCharges && { formalCharges }),
    ...(isotopes && { isotopes }),
    ...(radicals && { radicals }),
  });
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

/**
 * Molecules made ready to be looked at: evaluated, with bonds and SMILES as people write it, as the gallery page;
 * and as the four files of a first look.
 */
import { join } from "node:path";
import { withBonds } from "../chem/bond-orders.ts";
import type { Molecule } from "../chem/molecule.ts";
import { loadRdkit, readableSmiles } from "../chem/rdkit.ts";
import {
  type Evaluation,
  evaluateMolecules,
  type MoleculeVerdict,
  type Reference,
} from "../evaluate/metrics.ts";
import { type RuleChoice, ruleFor } from "../evaluate/rule.ts";
import { writeFileAtomically } from "../platform/node/atomic-write.ts";
import { writeMolecules } from "../platform/node/molecules.ts";
import { makeFolder } from "../platform/node/write-problem.ts";
import { recordOf } from "./gallery/record.ts";
import { type GalleryContent, galleryHtml } from "./gallery.ts";

/** More molecules than this make the page slow; they are in the report card all the same. */
const MOST_SHOWN = 500;
/** More atoms than this make no SMILES that anyone reads. */
const MOST_ATOMS_OF_SMILES = 200;

export interface Showcase extends Omit<GalleryContent, "evaluation" | "verdicts"> {
  readonly rule?: RuleChoice;
  /** For novelty and distances; also drawn, where `training` is not given. */
  readonly reference?: Reference;
  /** Told of the molecules that are judged. */
  readonly onProgress?: (molecules: number) => void;
}

/** Evaluates the molecules and writes the page about them; bonds they lack are perceived. */
export async function galleryPage(showcase: Showcase): Promise<{ evaluation: Evaluation; html: string }> {
  const {
    molecules,
    rule = "auto",
    reference,
    training = reference,
    onProgress,
    chain = [],
    ...rest
  } = showcase;
  const verdicts: MoleculeVerdict[] = [];
  const evaluation = await evaluateMolecules(molecules, {
    rule,
    reference,
    onProgress,
    onMolecule: (verdict) => verdicts.push(verdict),
  });
  const shown = molecules.slice(0, MOST_SHOWN).map((molecule) => bonded(molecule, rule));
  const html = galleryHtml({
    ...rest,
    molecules: shown,
    verdicts: await withReadableSmiles(shown, verdicts),
    evaluation,
    chain: chain.map((frame) => bonded(frame, rule)),
    ...(training === undefined ? {} : { training }),
  });
  return { evaluation, html };
}

/**
 * Writes molecules.sdf, molecules.extxyz, report.json and gallery.html into a folder, which is made if need be.
 * @returns the evaluation, and how many molecules no SDF record can hold: they are in the other files only
 * @throws InputError when the folder cannot be written to
 */
export async function writeShowcase(
  folder: string,
  showcase: Showcase,
): Promise<{ evaluation: Evaluation; notInSdf: number }> {
  const { molecules, rule = "auto" } = showcase;
  const { evaluation, html } = await galleryPage(showcase);
  const records = molecules
    .map((molecule) => recordOf(bonded(molecule, rule)))
    .filter((record) => record !== undefined);
  await makeFolder(folder);
  await writeFileAtomically(join(folder, "molecules.sdf"), records);
  await writeMolecules(join(folder, "molecules.extxyz"), molecules);
  await writeFileAtomically(join(folder, "report.json"), `${JSON.stringify(evaluation, null, 2)}\n`);
  await writeFileAtomically(join(folder, "gallery.html"), html);
  return { evaluation, notInSdf: molecules.length - records.length };
}

const bonded = (molecule: Molecule, rule: RuleChoice): Molecule =>
  molecule.bonds === undefined ? withBonds(molecule, ruleFor(molecule, rule)) : molecule;

/** The SMILES of the metrics spells out every hydrogen; that of the page does not. */
async function withReadableSmiles(
  molecules: readonly Molecule[],
  verdicts: readonly MoleculeVerdict[],
): Promise<MoleculeVerdict[]> {
  const rdkit = await loadRdkit();
  return molecules.map((molecule, i) => {
    const verdict = verdicts[i];
    const record = recordOf(molecule);
    const legible = verdict.valid && molecule.atomicNumbers.length <= MOST_ATOMS_OF_SMILES;
    const smiles = legible && record !== undefined ? readableSmiles(rdkit, record) : null;
    return { ...verdict, smiles };
  });
}

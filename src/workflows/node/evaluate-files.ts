/** `equimol evaluate` as a function: the report card of molecules in files, and the page to look at them. */
import { basename } from "node:path";
import type { Molecule } from "../../chem/molecule.ts";
import { moleculesOf, setSize } from "../../data/molecule-set.ts";
import { loadDataset } from "../../data/store.ts";
import { InputError } from "../../errors.ts";
import {
  buildReference,
  type Evaluation,
  evaluateMolecules,
  type Reference,
} from "../../evaluate/metrics.ts";
import type { RuleChoice } from "../../evaluate/rule.ts";
import { breath } from "../../platform/breath.ts";
import { checkWritable, writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { readMolecules } from "../../platform/node/molecules.ts";
import { galleryPage } from "../../views/showcase.ts";
import { type Reporter, reporterOf, type WorkflowOptions } from "../workflow.ts";

/** Files of molecules, and what they are compared with. */
export interface EvaluateFilesOptions extends WorkflowOptions {
  /** Molecule files: .xyz, .extxyz, .sdf, each also .gz. */
  readonly files: readonly string[];
  /** Data set or molecule file to compare with: novelty, distances of distributions. */
  readonly reference?: string | undefined;
  /** Published stability rule; "auto" takes that of QM9 for molecules of H C N O F, else GEOM's. */
  readonly rule?: RuleChoice | undefined;
  /** Only the first so many molecules. */
  readonly limit?: number | undefined;
  /** Page (.html) to write. */
  readonly gallery?: string | undefined;
}

/** @throws InputError for a file or a data set that is wrong */
export async function evaluateFiles(options: EvaluateFilesOptions): Promise<Evaluation> {
  const { files, rule = "auto", limit, gallery } = options;
  const reporter = reporterOf(options);
  if (gallery !== undefined && !/\.html?$/i.test(gallery))
    throw new InputError(
      `${reporter.named("gallery")} takes a file name that ends in .html; got "${gallery}"`,
    );
  if (gallery !== undefined) await checkWritable(gallery);
  const reference =
    options.reference === undefined ? undefined : await referenceOf(options.reference, rule, reporter);
  const molecules = moleculesOfFiles(files, limit, reporter);
  const measuring = { rule, reference, onProgress: reporter.task("evaluating", limit) };
  if (gallery === undefined) return evaluateMolecules(molecules, measuring);

  const all: Molecule[] = [];
  for await (const molecule of molecules) all.push(molecule);
  const names = files.map((file) => basename(file)).join(", ");
  const { evaluation, html } = await galleryPage({
    ...measuring,
    molecules: all,
    title: `${all.length.toLocaleString("en-US")} molecules`,
    summary: files.length === 1 ? `From ${names}.` : `From ${files.length} files.`,
    provenance: { Files: names },
  });
  await writeFileAtomically(gallery, html);
  return evaluation;
}

/** The molecules of all files in turn. */
async function* moleculesOfFiles(
  files: readonly string[],
  limit = Number.POSITIVE_INFINITY,
  { checkSignal, reading }: Reporter,
): AsyncGenerator<Molecule> {
  let count = 0;
  for (const file of files) {
    for await (const molecule of readMolecules(file, { ...reading, limit: limit - count })) {
      yield molecule;
      checkSignal();
      if (++count % 100 === 0) await breath();
    }
    if (count >= limit) return;
  }
}

async function referenceOf(
  nameOrPath: string,
  rule: RuleChoice,
  { task, reading }: Reporter,
): Promise<Reference> {
  const { train } = await loadDataset(nameOrPath, reading);
  return buildReference(moleculesOf(train), {
    rule,
    onProgress: task("reading the reference", setSize(train)),
  });
}

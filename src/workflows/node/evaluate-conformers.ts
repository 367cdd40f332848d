/** `equimol evaluate conformers` as a function: conformers in a file against reference ones in another. */
import { readEnsembles } from "../../data/ensembles.ts";
import {
  type ConformerEvaluation,
  type ConformerEvaluationOptions,
  evaluateConformers,
} from "../../evaluate/conformers.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

export interface EvaluateConformerFilesOptions
  extends WorkflowOptions,
    Omit<ConformerEvaluationOptions, "onProgress"> {
  /** .sdf or .jsonl, each also .gz. */
  readonly generated: string;
  /** .sdf, .jsonl, or .extxyz, whose bonds are perceived, each also .gz. */
  readonly reference: string;
  /** Only the first so many reference molecules. */
  readonly limit?: number | undefined;
}

/** @throws InputError for a file that is wrong, or where no generated molecule is one of the references */
export async function evaluateConformerFiles(
  options: EvaluateConformerFilesOptions,
): Promise<ConformerEvaluation> {
  const { notice, warning, task, reading } = reporterOf(options);
  const generated = await readEnsembles(options.generated, undefined, reading);
  const references = await readEnsembles(options.reference, options.limit, reading);
  const evaluation = await evaluateConformers(generated, references, {
    ...options,
    onProgress: task("comparing", references.length),
  });
  const { missing, joined } = evaluation;
  for (const [side, count] of Object.entries(joined))
    if (count > 0)
      notice(
        `${count} of the ${side === "references" ? "reference" : side} ensembles ${count === 1 ? "is" : "are"} of a molecule that came before, and joined to it`,
      );
  if (missing.length > 0)
    warning(
      `${missing.length} of ${references.length} references have no generated conformer and count as not covered (first: ${missing[0]})`,
    );
  return evaluation;
}

/** `equimol conformers` as a function: conformers of one molecule, or of every molecule of a file, into a file. */
import type { Molecule } from "../../chem/molecule.ts";
import { loadRdkit } from "../../chem/rdkit.ts";
import { type RequestedMolecule, requestedMolecules } from "../../data/requested-molecules.ts";
import { InputError } from "../../errors.ts";
import type { ProcessingStage } from "../../evaluate/conformer-processing.ts";
import { findModel } from "../../models/edm/folder.ts";
import { loadConformerModel } from "../../models/geodiff/folder.ts";
import type { StereoReport } from "../../models/geodiff/generate.ts";
import { type ConformerEngineOptions, createConformerNetwork } from "../../models/geodiff/network.ts";
import { breather } from "../../platform/breath.ts";
import { checkMoleculeTarget, writeMolecules } from "../../platform/node/molecules.ts";
import {
  type ConformerSampling,
  type ConformersOptions,
  conformerSampling,
  conformersOf,
} from "../conformers.ts";
import { reporterOf, type WorkflowEvent } from "../workflow.ts";

export interface ConformersToFileOptions
  extends Omit<ConformersOptions, "model" | "molecule" | "name" | "count" | "engine"> {
  /** A SMILES, or a file: .smi, .sdf, .extxyz (bonds are perceived), .jsonl, each also .gz. */
  readonly molecule: string;
  /** .sdf, .xyz or .extxyz, each also .gz. */
  readonly out: string;
  /** Model folder, run folder or shipped model; the shipped one by default. */
  readonly model?: string | undefined;
  /** Of each molecule, 10 by default; or so many times what the file has of it. */
  readonly count?: number | { readonly times: number } | undefined;
  /** Only the first so many molecules of the file. */
  readonly limit?: number | undefined;
  readonly engine?: ConformerEngineOptions | undefined;
}

export interface ConformersToFileReport extends ConformerSampling {
  readonly model: string;
  readonly out: string;
  readonly molecules: number;
  readonly conformers: number;
  readonly seed: number;
  readonly engine: string;
  readonly seconds: number;
  /** Of all molecules together. */
  readonly stereo: StereoReport;
  readonly failed: readonly { readonly name: string; readonly error: string }[];
  readonly results: readonly {
    readonly name: string;
    readonly conformers: number;
    readonly stereo: StereoReport;
    readonly stages: readonly ProcessingStage[];
  }[];
}

/**
 * In a file of many, a molecule that fails is warned of and reported; the others come out.
 * @throws InputError for options or a file that are wrong, and where no molecule gave a conformer
 */
export async function conformersToFile(options: ConformersToFileOptions): Promise<ConformersToFileReport> {
  const { molecule, out, model: source = "conformers", count = 10, seed = 0, limit, signal } = options;
  const { notice, warning, task, named, reading } = reporterOf(options);
  const began = performance.now();
  await checkMoleculeTarget(out);
  const model = await loadConformerModel(findModel(source));
  const sampling = conformerSampling(model, options, named);
  const rdkit = await loadRdkit();
  const asked: RequestedMolecule[] = [];
  for await (const each of requestedMolecules(molecule, limit, reading)) asked.push(each);
  const engine = await createConformerNetwork(model.config, { onNotice: notice, named, ...options.engine });

  const results: ConformersToFileReport["results"][number][] = [];
  const failed: ConformersToFileReport["failed"][number][] = [];
  const progress = task("conformers", asked.length);
  const heard = breather(signal);
  const molecules = async function* (): AsyncGenerator<Molecule> {
    for (const [position, { name, structures, graph }] of asked.entries()) {
      await heard();
      const wanted = typeof count === "number" ? count : count.times * structures;
      const onEvent = (event: WorkflowEvent): void =>
        event.kind === "progress" ? progress(position + event.done / wanted, name) : options.onEvent?.(event);
      try {
        const made = await conformersOf({
          ...options,
          model,
          molecule: graph(rdkit),
          name,
          count: wanted,
          engine,
          onEvent,
        });
        const { conformers, stereo, stages } = made;
        results.push({ name, conformers: conformers.length, stereo, stages });
        if (conformers.length === 0) failed.push({ name, error: `no conformer of ${wanted} was right` });
        for (const conformer of conformers) yield conformer.molecule;
      } catch (error) {
        if (!(error instanceof InputError) || asked.length === 1 || reading.strict) throw error;
        warning(error.message);
        failed.push({ name, error: error.message });
      }
    }
    progress(asked.length);
    if (results.every((result) => result.conformers === 0))
      throw new InputError(`no molecule of ${asked.length} gave a conformer: ${failed[0]?.error}`);
  };
  const written = await writeMolecules(out, molecules(), { onNotice: notice }).finally(() =>
    engine.dispose(),
  );
  const sum = (key: keyof StereoReport): number =>
    results.reduce((total, { stereo }) => total + stereo[key], 0);
  return {
    model: source,
    out,
    molecules: results.length,
    conformers: written,
    seed,
    ...sampling,
    engine: engine.name,
    seconds: (performance.now() - began) / 1000,
    stereo: {
      of: sum("of"),
      wrong: sum("wrong"),
      mirrored: sum("mirrored"),
      mended: sum("mended"),
      resampled: sum("resampled"),
      rebuilt: sum("rebuilt"),
      rejected: sum("rejected"),
      lost: sum("lost"),
    },
    failed,
    results,
  };
}

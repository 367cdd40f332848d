/** Conformers of a molecule from a trained model, relaxed, pruned and ranked as asked. Runs in Node and in a page. */
import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { loadRdkit } from "../chem/rdkit.ts";
import { type GraphWithStereo, graphOfSmiles } from "../chem/rdkit-graph.ts";
import { openStereoText } from "../chem/stereo-open.ts";
import { InputError } from "../errors.ts";
import {
  type ProcessedConformer,
  type ProcessingOptions,
  type ProcessingStage,
  processConformers,
} from "../evaluate/conformer-processing.ts";
import { MAX_SDF_COORDINATE } from "../formats/sdf/write.ts";
import type { ConformerSampler } from "../models/geodiff/config.ts";
import {
  generateConformers,
  recommendedConformerSampling,
  type StereoReport,
  takesTemperature,
} from "../models/geodiff/generate.ts";
import type { ConformerModel } from "../models/geodiff/model.ts";
import {
  type ConformerEngineOptions,
  type ConformerNetwork,
  createConformerNetwork,
} from "../models/geodiff/network.ts";
import { impossibility } from "../models/geodiff/possible.ts";
import { engineFor, type Reporter, reporterOf, type WorkflowOptions } from "./workflow.ts";

/** Larger molecules are refused: every pair of atoms is computed. */
const MAX_ATOMS = 150;

/** What is left out is as the model recommends; where a sampler is named, 50 steps at temperature 1. */
export interface ConformerSamplingRequest {
  readonly sampler?: ConformerSampler | undefined;
  /** Denoising steps, at most the model's. */
  readonly steps?: number | undefined;
  /** Multiplies the noise of the steps; below 1 geometry is sounder and varies less. */
  readonly temperature?: number | undefined;
}
/** Sampler, steps and temperature, resolved. */
export type ConformerSampling = ReturnType<typeof recommendedConformerSampling>;

export interface ConformersOptions extends WorkflowOptions, ConformerSamplingRequest, ProcessingOptions {
  readonly model: ConformerModel;
  /** A SMILES, or a graph from a SMILES or a record. */
  readonly molecule: string | GraphWithStereo;
  /** For the records' names and for messages; the SMILES by default. */
  readonly name?: string | undefined;
  /** 10 by default. */
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
  /** Keeps what the network makes, whatever its stereochemistry. */
  readonly anyStereo?: boolean | undefined;
  /** What computes: a network that is open already and stays so, or how to open one. */
  readonly engine?: ConformerNetwork | ConformerEngineOptions | undefined;
}

/** One conformer of a molecule. */
export interface GeneratedConformer {
  readonly index: number;
  /** Positions in Å, bonds, charges. */
  readonly molecule: Molecule;
  /** MMFF94 in kcal/mol, where processing asked for it and MMFF94 has the parameters. */
  readonly energy?: number;
}

/** The conformers that were made, and how. */
export interface ConformersReport extends ConformerSampling {
  /** In order of their index, or of their energy where they are ranked. Those given up are missing. */
  readonly conformers: readonly GeneratedConformer[];
  readonly seed: number;
  readonly engine: string;
  readonly seconds: number;
  readonly stereo: StereoReport;
  /** The set before and after each step of processing; none where nothing was asked for. */
  readonly stages: readonly ProcessingStage[];
}

/**
 * Conformer i of a seed is the same however many are made.
 * @throws InputError for a SMILES that is wrong, a molecule that the model cannot take, or sampling that does not fit
 * @example
 * const model = await loadConformerModel(findModel("conformers"));
 * const { conformers } = await conformersOf({ model, molecule: "CC(=O)Oc1ccccc1C(=O)O", count: 50 });
 */
export async function conformersOf(options: ConformersOptions): Promise<ConformersReport> {
  const { model, molecule, count = 10, seed = 0, anyStereo = false, signal } = options;
  const { notice, task, named } = reporterOf(options);
  const began = performance.now();
  const sampling = conformerSampling(model, options, named);
  const graph = typeof molecule === "string" ? graphOfSmiles(await loadRdkit(), molecule) : molecule;
  const { topology, stereo } = graph;
  const name = options.name ?? (typeof molecule === "string" ? molecule : undefined);
  checkGraph(graph, model, name);
  const of = name === undefined ? "" : `${name}: `;
  const open = graph.open && openStereoText(graph.open);
  if (open !== undefined) notice(`${of}${open}`);
  if (!anyStereo) checkPossible(graph, seed, of, named);
  const { engine, close } = await engineFor(options.engine, (how?: ConformerEngineOptions) =>
    createConformerNetwork(model.config, { onNotice: notice, named, ...how }),
  );
  const progress = task("conformers", count);
  const made = await generateConformers(model, engine, graph, {
    ...sampling,
    count,
    seed,
    anyStereo,
    signal,
    onProgress: (share) => progress(share * count),
  }).finally(close);
  if (made.report.rebuilt > 0)
    notice(
      `${of}${made.report.rebuilt} of ${count} conformers are by distance geometry, relaxed by MMFF94 where it has parameters: what the network made of them was wrong`,
    );
  const whole = made.conformers.filter(({ positions }) =>
    positions.every((x) => Math.abs(x) <= MAX_SDF_COORDINATE),
  );
  const { conformers, stages } = asksForMore(options)
    ? processConformers(topology, stereo, whole, options)
    : { conformers: whole, stages: [] };
  const { atomicNumbers, bonds, formalCharges } = topology;
  return {
    ...sampling,
    conformers: conformers.map(({ index, positions, energy }: ProcessedConformer) => ({
      index,
      molecule: {
        ...(name !== undefined && { name: `${name} conformer ${index}` }),
        atomicNumbers,
        positions,
        bonds,
        formalCharges,
        ...(graph.isotopes && { isotopes: graph.isotopes }),
        properties: { seed, index, ...(energy !== undefined && { mmff94: energy }) },
      },
      ...(energy !== undefined && { energy }),
    })),
    seed,
    engine: engine.name,
    seconds: (performance.now() - began) / 1000,
    stereo: { ...made.report, lost: made.report.lost + made.conformers.length - whole.length },
    stages,
  };
}

/** The sampling that is asked for, completed. @throws InputError where it does not fit the model */
export function conformerSampling(
  { config, schedule }: ConformerModel,
  { sampler: chosen, steps: wanted, temperature: cooling }: ConformerSamplingRequest,
  named: Reporter["named"],
): ConformerSampling {
  const recommended = recommendedConformerSampling(
    chosen === undefined ? config : { ...config, sampling: undefined },
  );
  const { sampler, steps, temperature } = {
    sampler: chosen ?? recommended.sampler,
    steps: wanted ?? recommended.steps,
    temperature: cooling ?? recommended.temperature,
  };
  if (cooling !== undefined && !takesTemperature(sampler))
    throw new InputError(
      `${named("temperature")} multiplies the noise of the steps; ${sampler} adds none here`,
    );
  if (!(Number.isInteger(steps) && steps >= 1 && steps <= schedule.steps))
    throw new InputError(`${named("steps")} takes an integer from 1 to ${schedule.steps}; got "${steps}"`);
  return { sampler, steps, temperature };
}

const asksForMore = ({ relax, rank, energyWindow, prune }: ProcessingOptions): boolean =>
  relax === true || rank === true || energyWindow !== undefined || prune !== undefined;

/** @throws InputError for a configuration that cannot exist */
function checkPossible(graph: GraphWithStereo, seed: number, of: string, named: Reporter["named"]): void {
  const impossible = impossibility(graph, seed);
  if (impossible === undefined) return;
  const { atoms, strain } = impossible;
  const why =
    strain === undefined
      ? "no structure has it"
      : `it strains them by ${Math.round(strain)} kcal/mol (MMFF94) more than another one`;
  throw new InputError(
    `${of}the configuration of atoms ${atoms.map((atom) => atom + 1).join(", ")}, where rings hold each other, cannot exist: ${why}; check the SMILES or the record, or ask for ${named("anyStereo")}`,
  );
}

/** @throws InputError for a molecule that the model cannot take */
function checkGraph(
  { topology: { atomicNumbers } }: GraphWithStereo,
  { config }: ConformerModel,
  name: string | undefined,
): void {
  const of = name === undefined ? "" : `${name}: `;
  const n = atomicNumbers.length;
  if (n > MAX_ATOMS)
    throw new InputError(`${of}${n} atoms with hydrogens; at most ${MAX_ATOMS} are computed`);
  const strange = [...new Set(atomicNumbers)].filter((z) => !config.elements.includes(z));
  if (strange.length > 0)
    throw new InputError(
      `${of}${strange.map(symbolOf).join(", ")} is not in the model's set (${config.elements.map(symbolOf).join(" ")})`,
    );
}

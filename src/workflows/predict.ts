/** Energies and forces, or a property, of molecules. Runs in Node and in a page. */
import type { Molecule } from "../chem/molecule.ts";
import type { AtomwiseEngine } from "../engines/atomwise-engine.ts";
import { type EngineOptions, openEngine } from "../engines/open-engine.ts";
import { InputError } from "../errors.ts";
import { moleculeProblem } from "../models/geometric/check.ts";
import { networkOf } from "../models/geometric/config.ts";
import type { GeometricModel } from "../models/geometric/model.ts";
import { type Prediction, predictions } from "../models/geometric/predict.ts";
import { breather } from "../platform/breath.ts";
import { engineFor, reporterOf, type WorkflowOptions } from "./workflow.ts";

/** A molecule and where it is from. */
export interface PlacedMolecule {
  readonly file?: string;
  /** In its file, or in what was given; from 1. */
  readonly index: number;
  readonly molecule: Molecule;
}

export interface PredictWith extends WorkflowOptions {
  /** What computes: an engine that is open already and stays so, or how to open one. */
  readonly engine?: AtomwiseEngine | EngineOptions | undefined;
}

export interface PredictOptions extends PredictWith {
  readonly model: GeometricModel;
  /** Where their properties have the model's, or they have forces, the errors are reported. */
  readonly molecules: readonly Molecule[];
}

export interface PredictReport {
  readonly engine: string;
  readonly seconds: number;
  /** What is predicted: "energy", "alpha". */
  readonly property: string;
  readonly unit: string;
  /** Smallest and largest value in training, where the model says so. */
  readonly range?: readonly [number, number];
  /** Predictions beyond it. */
  readonly outside?: number;
  /** Mean absolute error against known values; null where none is known. */
  readonly mae: number | null;
  /** Of a force field. */
  readonly forceUnit?: string;
  /** Mean over molecules of the mean absolute error of a component; null where no forces are known. */
  readonly forceMae?: number | null;
  /** In the order of the molecules. */
  readonly molecules: readonly (PlacedMolecule & Prediction & { readonly known?: number })[];
}

/**
 * What a force field or property network says of molecules.
 * @throws InputError for a molecule that the model cannot judge
 * @example
 * const model = await loadGeometric(findModel("qm9-alpha"));
 * const { mae, molecules: found } = await predict({ model, molecules });
 */
export const predict = ({ model, molecules, ...options }: PredictOptions): Promise<PredictReport> =>
  predictPlaced(
    model,
    molecules.map((molecule, k) => ({ molecule, index: k + 1 })),
    options,
  );

/** As `predict`, of molecules that know where they are from. */
export async function predictPlaced(
  model: GeometricModel,
  placed: readonly PlacedMolecule[],
  options: PredictWith,
): Promise<PredictReport> {
  const { notice, warning, task, named } = reporterOf(options);
  for (const { file, index, molecule } of placed) {
    const problem = moleculeProblem(model.config, molecule);
    if (problem !== undefined)
      throw new InputError(`molecule ${index}: ${problem}`, file === undefined ? {} : { file });
  }
  const { engine, close } = await engineFor(options.engine, (how?: EngineOptions) =>
    openEngine({ atomwise: networkOf(model.config) }, { onNotice: notice, named, ...how }),
  );
  const { property, unit, range } = model.config.output;
  const progress = task("molecules", placed.length);
  const heard = breather(options.signal);
  const began = performance.now();
  const molecules: PredictReport["molecules"][number][] = [];
  try {
    const all = placed.map(({ molecule }) => molecule);
    for await (const prediction of predictions(model, engine, all)) {
      const place = placed[molecules.length];
      const known = place.molecule.properties?.[property];
      molecules.push({ ...place, ...prediction, ...(typeof known === "number" && { known }) });
      progress(molecules.length);
      await heard();
    }
  } finally {
    close();
  }
  const seconds = (performance.now() - began) / 1000;
  const errors = molecules.flatMap(({ value, known }) =>
    known === undefined ? [] : [Math.abs(value - known)],
  );
  const forceErrors = molecules.flatMap(({ forces, molecule: { forces: known } }) =>
    forces && known ? [meanOf(Array.from(forces, (f, i) => Math.abs(f - known[i]))) as number] : [],
  );
  const outside = range ? molecules.filter(({ value }) => value < range[0] || value > range[1]).length : 0;
  if (range && outside > 0)
    warning(
      `${outside} of ${molecules.length} predictions are outside the training range of ${property} (${range[0]} … ${range[1]} ${unit})`,
    );
  return {
    engine: engine.name,
    seconds,
    property,
    unit,
    ...(range && { range, outside }),
    mae: meanOf(errors),
    ...(model.config.kind === "forcefield" && { forceUnit: `${unit}/Å`, forceMae: meanOf(forceErrors) }),
    molecules,
  };
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;

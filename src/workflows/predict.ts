/** Energies and forces, or a property, of molecules. Runs in Node and in a page. */
import { chargeOf } from "../chem/electrons/charge.ts";
import type { Molecule } from "../chem/molecule.ts";
import type { AtomwiseEngine } from "../engines/atomwise-engine.ts";
import { type EngineOptions, openEngine } from "../engines/open-engine.ts";
import { InputError } from "../errors.ts";
import { moleculeProblem } from "../models/geometric/check.ts";
import { networkOf } from "../models/geometric/config.ts";
import type { GeometricModel } from "../models/geometric/model.ts";
import { type Prediction, predictions } from "../models/geometric/predict.ts";
import { labelsOf, propertyOf } from "../physics/labels.ts";
import { energyUnitNamed, kcalOf } from "../physics/units.ts";
import { breather } from "../platform/breath.ts";
import { engineFor, reporterOf, type WorkflowOptions } from "./workflow.ts";

/** A molecule and where it is from. */
export interface PlacedMolecule {
  readonly file?: string;
  /** In its file, or in what was given; from 1. */
  readonly index: number;
  readonly molecule: Molecule;
}

/** What the file says of a molecule, in the model's unit; under whatever name and in whatever unit it stands there. */
export interface Known {
  readonly known?: number;
  /** [N, 3] */
  readonly knownForces?: Float64Array;
}

/** How predictions are computed. */
export interface PredictWith extends WorkflowOptions {
  /** What computes: an engine that is open already and stays so, or how to open one. */
  readonly engine?: AtomwiseEngine | EngineOptions | undefined;
}

/** A model and the molecules that it judges. */
export interface PredictOptions extends PredictWith {
  readonly model: GeometricModel;
  /** Where their properties have the model's, or they have forces, the errors are reported. */
  readonly molecules: readonly Molecule[];
}

/** What was predicted, molecule by molecule, with errors where truth is known. */
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
  readonly molecules: readonly (PlacedMolecule & Prediction & Known)[];
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
  const remarks = remarkCounter();
  const known = placed.map(({ file, index, molecule }) =>
    inMolecule(file, index, () => knownOf(molecule, model.config, remarks.add)),
  );
  remarks.tell(notice);
  const progress = task("molecules", placed.length);
  const heard = breather(options.signal);
  const began = performance.now();
  const molecules: PredictReport["molecules"][number][] = [];
  try {
    const all = placed.map(({ molecule }) => molecule);
    for await (const prediction of predictions(model, engine, all)) {
      const { value, forces } = known[molecules.length];
      molecules.push({
        ...placed[molecules.length],
        ...prediction,
        ...(value !== undefined && { known: value }),
        ...(forces !== undefined && { knownForces: forces }),
      });
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
  const forceErrors = molecules.flatMap(({ forces, knownForces }) =>
    forces && knownForces
      ? [meanOf(Array.from(forces, (f, i) => Math.abs(f - knownForces[i]))) as number]
      : [],
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

interface KnownValues {
  readonly value?: number;
  readonly forces?: Float64Array;
}

/** What the molecule is labelled with, in the model's unit. @throws InputError for a unit that is not known */
function knownOf(
  molecule: Molecule,
  { kind, output: { property, unit } }: GeometricModel["config"],
  remark: (text: string) => void,
): KnownValues {
  const charge = chargeOf(molecule);
  if (charge !== 0)
    remark(
      `a charge of ${charge > 0 ? "+" : ""}${charge} is not seen: the model knows elements and positions alone`,
    );
  if ((molecule.radicals ?? []).some((radical) => radical !== 0))
    remark("radicals are not seen by the model");
  const own = energyUnitNamed(unit);
  if (kind !== "forcefield" || own === undefined) return knownProperty(molecule, property, unit, remark);
  const { energy, forces, unit: given, remarks } = labelsOf(molecule);
  if (energy === undefined && forces === undefined) return {};
  for (const text of remarks) remark(text);
  if (given === undefined)
    remark(`the file names no unit of energy (energy_unit=…); its values are taken to be in ${unit}`);
  else if (given !== own) remark(`energies in ${given} are converted to the model's ${unit}`);
  const factor = given === undefined || given === own ? 1 : kcalOf(given) / kcalOf(own);
  return {
    ...(energy !== undefined && { value: factor * energy }),
    ...(forces && { forces: factor === 1 ? forces : forces.map((f) => factor * f) }),
  };
}

function knownProperty(
  molecule: Molecule,
  property: string,
  unit: string,
  remark: (text: string) => void,
): KnownValues {
  const { value, key, unit: given } = propertyOf(molecule, property);
  if (value === undefined || key === undefined) return {};
  if (key !== property) remark(`${key} is taken for ${property}`);
  if (given === undefined || given === unit) return { value };
  const [from, to] = [energyUnitNamed(given), energyUnitNamed(unit)];
  if (from === undefined || to === undefined) {
    remark(`${key} is in ${given}, the model's ${property} in ${unit || "no unit"}: it is not compared`);
    return {};
  }
  if (from !== to) remark(`${key} in ${given} is converted to the model's ${unit}`);
  return { value: from === to ? value : (kcalOf(from) / kcalOf(to)) * value };
}

/** Remarks with the number of molecules that each is of. */
function remarkCounter() {
  const counts = new Map<string, number>();
  return {
    add: (text: string): void => {
      counts.set(text, (counts.get(text) ?? 0) + 1);
    },
    tell: (notice: (text: string) => void): void => {
      for (const [text, count] of counts) notice(`${text} (${count} molecule${count === 1 ? "" : "s"})`);
    },
  };
}

function inMolecule<T>(file: string | undefined, index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`molecule ${index}: ${error.message}`, file === undefined ? {} : { file });
  }
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;

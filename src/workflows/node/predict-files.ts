/** `equimol predict` as a function: predictions for the molecules in files, into another. */
import type { Molecule } from "../../chem/molecule.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import type { Reading } from "../../formats/records.ts";
import { findModel } from "../../models/edm/folder.ts";
import { loadGeometric } from "../../models/geometric/folder.ts";
import { modelKindOf } from "../../models/model-folder.ts";
import { inEnergyUnit } from "../../physics/labels.ts";
import { energyUnitNamed } from "../../physics/units.ts";
import { checkMoleculeTarget, readMolecules, writeMolecules } from "../../platform/node/molecules.ts";
import { type PlacedMolecule, type PredictReport, predictPlaced } from "../predict.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

/** Files of molecules, the model that judges them, and where to write. */
export interface PredictFilesOptions extends WorkflowOptions {
  /** Model folder, run folder or shipped model: a force field or a property network. */
  readonly model: string;
  /** .xyz, .extxyz, .sdf, each also .gz. */
  readonly files: readonly string[];
  /** Extended XYZ of the molecules with what was predicted. */
  readonly out?: string | undefined;
  /** Only the first so many molecules. */
  readonly limit?: number | undefined;
  readonly engine?: EngineOptions | undefined;
}

/** What was predicted, molecule by molecule, and of which model. */
export interface PredictFilesReport extends PredictReport {
  readonly model: string;
}

/** @throws InputError for a model that predicts nothing, a file that is wrong, or a molecule the model cannot judge */
export async function predictFiles(options: PredictFilesOptions): Promise<PredictFilesReport> {
  const { model: source, files, out, limit = Number.POSITIVE_INFINITY } = options;
  const { named, checkSignal, reading } = reporterOf(options);
  if (out !== undefined) {
    if (!/\.(ext)?xyz(\.gz)?$/i.test(out))
      throw new InputError(`${named("out")} writes extended XYZ: end its name in .extxyz`, { file: out });
    await checkMoleculeTarget(out);
  }
  const folder = findModel(source);
  const kind = await modelKindOf(folder);
  if (kind !== "forcefield" && kind !== "property")
    throw new InputError(
      `is a model of kind "${kind}", which predicts nothing; train one with equimol train forcefield or property`,
      { file: source },
    );
  const model = await loadGeometric(folder);
  const placed: PlacedMolecule[] = [];
  for (const file of files) {
    let index = 0;
    const onSkipped = counted(reading.onSkipped, () => index++);
    for await (const molecule of readMolecules(file, {
      ...reading,
      onSkipped,
      limit: limit - placed.length,
    })) {
      checkSignal();
      placed.push({ file, index: ++index, molecule });
    }
  }
  if (placed.length === 0) throw new InputError("the files hold no molecules");
  const report = await predictPlaced(model, placed, options);
  if (out !== undefined)
    await writeMolecules(
      out,
      report.molecules.map((each) => predicted(report, each)),
    );
  return { model: source, ...report };
}

/** The listener, which also counts: the index of a molecule is its place in the file. */
const counted = (onSkipped: Reading["onSkipped"], count: () => void): Reading["onSkipped"] =>
  onSkipped &&
  ((record) => {
    count();
    onSkipped(record);
  });

/**
 * The molecule with what was predicted: energy and forces, and whatever energies the file has then in the same unit; or
 * `predicted_NAME`.
 */
function predicted(
  { property, unit }: PredictReport,
  { molecule, value, forces }: PredictReport["molecules"][number],
): Molecule {
  if (forces === undefined)
    return { ...molecule, properties: { ...molecule.properties, [`predicted_${property}`]: value } };
  const own = energyUnitNamed(unit);
  const { properties, ...rest } = own === undefined ? molecule : inEnergyUnit(molecule, own);
  return { ...rest, forces, properties: { ...properties, [property]: value, energy_unit: unit } };
}

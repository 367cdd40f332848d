/** `equimol lab train` as a function: trains a model of the lab, measures it and draws its picture. */
import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { InputError } from "../../../errors.ts";
import { loadLabData, shapeKindOf } from "../../../lab/data/catalog.ts";
import { labKind } from "../../../lab/models/kinds.ts";
import { loadLabModel } from "../../../lab/models/lab-folder.ts";
import { labPreset, labSettingsSchema } from "../../../lab/train/settings.ts";
import { trainLab } from "../../../lab/train/train.ts";
import { findModel } from "../../../models/edm/folder.ts";
import { reporterOf } from "../../workflow.ts";
import { supervised, type TrainingOptions, type TrainingReport, trainingSettings } from "../training.ts";
import { type LabMeasurement, type LabMeasuring, measured } from "./measure.ts";

export interface TrainLabModelOptions extends Omit<TrainingOptions, "out">, Omit<LabMeasuring, "seed"> {
  /** A kind of model, such as "ddpm"; `LAB_KINDS` has all. */
  readonly model: string;
  /** A data set by its name (`LAB_DATA`), or a file of points; "two-moons" by default. */
  readonly data?: string | undefined;
  /** runs/lab/MODEL-DATA by default, with a number where that is taken. */
  readonly out?: string | undefined;
}

export interface TrainLabModelReport extends TrainingReport, Partial<LabMeasurement> {}

/**
 * The report has no measurement where the signal ended the training.
 * @throws InputError for settings or data that do not fit, WorkError when training diverges
 * @example await trainLabModel({ model: "ddpm", set: [{ training: { epochs: 20 } }] });
 */
export async function trainLabModel(options: TrainLabModelOptions): Promise<TrainLabModelReport> {
  const { data: source = "two-moons", preset, resume = false } = options;
  const { notice, named } = reporterOf(options);
  const kind = labKind(options.model);
  const name = basename(source, extname(source));
  const out = options.out ?? freeFolder(join("runs", "lab", `${kind.name}-${name}`), resume);
  if (preset !== undefined && resume)
    throw new InputError(
      `${named("preset")} starts a run; one that is resumed has its settings in its config.yaml`,
    );
  const training = { ...options, out, preset: undefined };
  const settings = await trainingSettings(labSettingsSchema(kind), training, {
    base: labPreset(kind, source, shapeKindOf(source), preset),
  });
  const data = await loadLabData(source, settings.data);
  const report = await supervised(training, "rows", (events) =>
    trainLab({ ...events, onNotice: notice, model: kind.name, settings, data, out, resume }),
  );
  if (report.interrupted) return report;
  notice("measuring and drawing");
  const trained = await loadLabModel(findModel(out), {}, { onNotice: notice });
  return {
    ...report,
    ...(await measured(trained, data, { ...options, seed: settings.training.seed }, out)),
  };
}

/** The folder, or the first of `folder-2`, `folder-3` … that holds nothing yet. */
function freeFolder(folder: string, resume: boolean): string {
  if (resume || !existsSync(folder)) return folder;
  for (let k = 2; ; k++) if (!existsSync(`${folder}-${k}`)) return `${folder}-${k}`;
}

/** What the workflows of the lab share: a trained model with its data, measured and drawn. */
import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { loadLabData } from "../../../lab/data/catalog.ts";
import { type LabData, shapeText } from "../../../lab/data/lab-data.ts";
import { labPanels } from "../../../lab/figures/lab-pictures.ts";
import { evaluateLabModel, type LabEvaluation } from "../../../lab/figures/lab-report.ts";
import { type ImageJudge, judgeOf } from "../../../lab/judge/judge.ts";
import { loadLabModel, type TrainedLabModel } from "../../../lab/models/lab-folder.ts";
import { findModel } from "../../../models/edm/folder.ts";
import { prepareRuntime } from "../../../platform/prepare.ts";
import { mergeSettings, parseAssignment, type Settings } from "../../../train/config-file.ts";
import { figureSvg, writeFigure } from "../../../views/pictures/figure.ts";
import { reporterOf, type WorkflowOptions } from "../../workflow.ts";

/** How much is measured. */
export interface LabMeasuring {
  /** Samples to compare with test rows; 10,000 points or 500 images by default. */
  readonly samples?: number | undefined;
  /** Test rows whose likelihood is computed; 2,000 points or 500 images by default. */
  readonly likelihoodRows?: number | undefined;
  /** Train a classifier of the data's labels where there is none yet, and let it judge images. */
  readonly judge?: boolean | undefined;
  readonly seed?: number | undefined;
}

/** Settings of a trained model that replace its own, such as `{ sampler: "ddim" }` or "sampler=ddim". */
export interface LabChanges {
  readonly set?: readonly (string | Settings)[] | undefined;
}

/** @throws InputError for a folder that holds no model of the lab, or settings that it does not have */
export async function changedModel(
  source: string,
  { set = [], ...options }: LabChanges & WorkflowOptions,
): Promise<TrainedLabModel> {
  const { named, notice: onNotice } = reporterOf(options);
  await prepareRuntime("cpu");
  const changes = set.map((each) =>
    typeof each === "string" ? parseAssignment(each.replace(/^model\./, ""), named) : each,
  );
  return loadLabModel(findModel(source), mergeSettings(...changes), { onNotice });
}

/** The data that a model was made for, or others of the same shape. @throws InputError for others */
export async function dataOf({ config }: TrainedLabModel, name?: string): Promise<LabData> {
  const data = await loadLabData(name ?? config.data.source, config.data.settings);
  const [wanted, found] = [config.shape, data.shape].map((shape) => shapeText(shape));
  if (wanted !== found)
    throw new InputError(`the model was trained on ${wanted}; "${data.name}" has ${found}`);
  return data;
}

/** What a measuring found. */
export interface LabMeasurement {
  readonly evaluation: LabEvaluation;
  /** picture.svg and picture.png in the folder, where there is one. */
  readonly pictures: readonly string[];
}

/** Measures the model, draws its picture into the folder and disposes of it. */
export async function measured(
  { model, parameters, kind }: TrainedLabModel,
  data: LabData,
  options: LabMeasuring & WorkflowOptions,
  folder: string | undefined,
): Promise<LabMeasurement> {
  const { samples, likelihoodRows, seed = 0, signal } = options;
  const images = data.shape.kind === "images";
  let judge: ImageJudge | undefined;
  try {
    if (options.judge) judge = await judgeFor(data, options);
    const { evaluation, samples: rows } = await evaluateLabModel(model, parameters, data, {
      samples: samples ?? (images ? 500 : 10_000),
      likelihoodRows: likelihoodRows ?? (images ? 500 : 2000),
      ...{ seed, judge, signal },
    });
    if (folder === undefined) return { evaluation, pictures: [] };
    const panels = await labPanels(kind.name, model, parameters, data, rows, seed);
    signal?.throwIfAborted();
    return { evaluation, pictures: await writeFigure(join(folder, "picture"), figureSvg(panels, 4)) };
  } finally {
    judge?.dispose();
    model.dispose?.();
  }
}

/** @throws InputError for data without images and labels */
async function judgeFor(data: LabData, options: WorkflowOptions): Promise<ImageJudge> {
  const { task, named } = reporterOf(options);
  if (data.shape.kind !== "images")
    throw new InputError(`${named("judge")} takes images (mnist, mnist-grey), not ${shapeText(data.shape)}`);
  return judgeOf(data.source, {
    signal: options.signal,
    onTraining: () => {
      const progress = task("training the classifier", 100);
      return (share) => progress(Math.round(100 * share));
    },
  });
}

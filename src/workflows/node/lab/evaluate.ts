/** `equimol lab evaluate` as a function: measures a trained model of the lab, and draws its picture again. */
import { reporterOf, type WorkflowOptions } from "../../workflow.ts";
import {
  changedModel,
  dataOf,
  type LabChanges,
  type LabMeasurement,
  type LabMeasuring,
  measured,
} from "./measure.ts";

export interface MeasureLabModelOptions extends WorkflowOptions, LabMeasuring, LabChanges {
  /** Model or run folder. */
  readonly model: string;
  /** Other data than those it was trained on: a name, or a file of points. */
  readonly data?: string | undefined;
  /** Folder for picture.svg and picture.png; none are drawn by default. */
  readonly picture?: string | undefined;
}

/** Figures of a model of the lab, and its picture. */
export interface MeasureLabModelReport extends LabMeasurement {
  readonly model: string;
  readonly kind: string;
  readonly data: string;
}

/** @throws InputError for a model, settings or data that do not fit each other */
export async function measureLabModel(options: MeasureLabModelOptions): Promise<MeasureLabModelReport> {
  const { model, picture } = options;
  const progress = reporterOf(options).task("measuring", 1);
  const trained = await changedModel(model, options);
  const data = await dataOf(trained, options.data);
  const measurement = await measured(trained, data, options, picture);
  progress(1);
  return { model, kind: trained.kind.name, data: data.name, ...measurement };
}

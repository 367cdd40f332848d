/** Trains a model of the lab on rows into a run folder. */
import { InputError } from "../../errors.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import type { TrainingOutcome } from "../../train/loop.ts";
import { runTraining, type TrainOptions } from "../../train/training.ts";
import { type LabData, rowLength, shapeText } from "../data/lab-data.ts";
import type { LabDataSettings } from "../data/settings.ts";
import { type LabConfig, labModelOf, saveLabModel } from "../models/lab-folder.ts";
import type { LabSettings } from "./settings.ts";
import { labTask } from "./task.ts";

/** Where a run of the lab lies, and how long it may take. */
export interface TrainLabOptions extends TrainOptions<LabSettings> {
  /** Name of the kind of model. */
  readonly model: string;
  readonly data: LabData;
}

/** @throws InputError for data or settings that do not fit, WorkError when training diverges: it says at which step */
export async function trainLab(options: TrainLabOptions): Promise<TrainingOutcome> {
  const { settings, data } = options;
  checkRows(data);
  const { device } = await prepareRuntime(options.device ?? "cpu", options.named);
  const D = rowLength(data.shape);
  const config: LabConfig = {
    kind: "lab",
    format: 1,
    model: options.model,
    settings: settings.model as LabConfig["settings"],
    shape: data.shape,
    data: {
      name: data.name,
      source: data.source,
      settings: settings.data as LabDataSettings,
      ...(data.shape.kind === "points" ? rangeOf(data.train, D) : { lowest: [], highest: [] }),
      ...(data.standardisation && {
        standardisation: {
          shift: [...data.standardisation.shift],
          scale: data.standardisation.scale,
        },
      }),
    },
    provenance: {},
  };
  const { engine, device: asked, onNotice } = options;
  const { kind, model } = labModelOf(config, {
    ...(engine && { engine }),
    ...(asked && { device: asked }),
    ...(onNotice && { onNotice }),
  });
  const rows = data.train.length / D;
  return runTraining(options, {
    data: { name: data.name, rows, sha256: data.sha256 },
    parameters: layoutSize(model.layout),
    ...{
      train: rows,
      valid: data.valid.length / D,
      engine: (await model.kernels?.engine()) ?? `jax (${device})`,
    },
    nativeUpdates: model.kernels !== undefined,
    title: kind.title,
    about: `${kind.source}; trained on ${rows.toLocaleString("en")} ${shapeText(data.shape)} of \`${data.name}\``,
    save: (folder, provenance, values) => saveLabModel(folder, { ...config, provenance }, model, values),
    task: () => labTask(model, data, settings.training),
  });
}

/** Smallest and largest value of each column. */
function rangeOf(rows: Float32Array, D: number): { lowest: number[]; highest: number[] } {
  const lowest = new Array<number>(D).fill(Number.POSITIVE_INFINITY);
  const highest = new Array<number>(D).fill(Number.NEGATIVE_INFINITY);
  for (let i = 0; i < rows.length; i++) {
    lowest[i % D] = Math.min(lowest[i % D], rows[i]);
    highest[i % D] = Math.max(highest[i % D], rows[i]);
  }
  return { lowest, highest };
}

/** Rows are numbers, and not all the same. */
function checkRows({ name, shape, train }: LabData): void {
  const D = rowLength(shape);
  const bad = train.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0)
    throw new InputError(`data "${name}": row ${Math.floor(bad / D)} has ${train[bad]} in column ${bad % D}`);
  if (train.length < 2 * D) throw new InputError(`data "${name}" has fewer than 2 rows`);
  if (train.every((x, i) => x === train[i % D]))
    throw new InputError(
      `data "${name}": all ${train.length / D} rows are the same; there is no density to learn`,
    );
}

/** `equimol lab sample` as a function: new rows from a trained model of the lab, as numbers or as a picture. */
import { extname } from "node:path";
import { InputError, WorkError } from "../../../errors.ts";
import { rowLength } from "../../../lab/data/lab-data.ts";
import { samplePanel } from "../../../lab/figures/lab-pictures.ts";
import type { TrainedLabModel } from "../../../lab/models/lab-folder.ts";
import { sampleProduct } from "../../../lab/models/score/annealed.ts";
import { checkWritable, writeFileAtomically } from "../../../platform/node/atomic-write.ts";
import { figureSvg, writePicture } from "../../../views/pictures/figure.ts";
import { reporterOf, type WorkflowOptions } from "../../workflow.ts";
import { changedModel, dataOf, type LabChanges } from "./measure.ts";

export interface SampleLabModelOptions extends WorkflowOptions, LabChanges {
  /** Model or run folder. */
  readonly model: string;
  /** .csv for the numbers, in the unit of the data; .svg or .png for a picture of them. */
  readonly out: string;
  /** Rows, 1,000 by default. */
  readonly count?: number | undefined;
  readonly seed?: number | undefined;
  /** Another model of the same kind and levels: rows from the product of both densities (energy, ncsn). */
  readonly with?: string | undefined;
}

/** How many rows were drawn, and where they are. */
export interface SampleLabModelReport {
  readonly model: string;
  readonly kind: string;
  readonly out: string;
  readonly rows: number;
  /** Numbers in a row. */
  readonly columns: number;
  readonly seed: number;
  readonly seconds: number;
}

/** @throws InputError for a model or a file that is wrong, WorkError when samples are not finite */
export async function sampleLabModel(options: SampleLabModelOptions): Promise<SampleLabModelReport> {
  const { model: source, out, count = 1000, seed = 0 } = options;
  const { task, checkSignal } = reporterOf(options);
  const form = extname(out).toLowerCase();
  if (![".csv", ".svg", ".png"].includes(form))
    throw new InputError("ends in none of .csv, .svg, .png", { file: out });
  await checkWritable(out);
  const trained = await changedModel(source, options);
  const { config, model, parameters, kind } = trained;
  const columns = rowLength(config.shape);
  const other = options.with === undefined ? undefined : await changedModel(options.with, options);
  const progress = task("sampling", count);
  const began = performance.now();
  checkSignal();
  const drawn = other
    ? sampleProduct(
        [trained, other].map((each) => ({ ...each, columns: rowLength(each.config.shape) })),
        count,
        seed,
      )
    : model.sample(parameters, count, seed);
  const rows = await drawn.finally(() => {
    for (const each of [model, other?.model]) each?.dispose?.();
  });
  const seconds = (performance.now() - began) / 1000;
  progress(count);
  checkSignal();
  if (!rows.every(Number.isFinite))
    throw new WorkError("samples are not finite: the model is not trained, or broken");
  if (form === ".csv") await writeFileAtomically(out, csv(rows, config));
  else {
    const note = `${count} samples, seed ${seed}`;
    await writePicture(out, figureSvg([samplePanel(await dataOf(trained), kind.name, rows, note)], 1));
  }
  return { model: source, kind: kind.name, out, rows: count, columns, seed, seconds };
}

/** One row in each line, in the unit of the data. */
function csv(rows: Float32Array, { shape, data }: TrainedLabModel["config"]): string {
  const D = rowLength(shape);
  const { shift, scale } = data.standardisation ?? { shift: new Array<number>(D).fill(0), scale: 1 };
  const lines: string[] = [];
  for (let i = 0; i < rows.length; i += D) {
    const row = Array.from(rows.subarray(i, i + D), (x, d) => Number((shift[d] + scale * x).toPrecision(7)));
    lines.push(row.join(","));
  }
  return `${lines.join("\n")}\n`;
}

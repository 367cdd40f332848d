/** The picture of a trained model of the lab: data, samples and density, or images; and what the kind adds. */

import type { Panel } from "../../views/pictures/figure.ts";
import {
  gridOver,
  heatMap,
  imageGrid,
  panel,
  scatter,
  type View,
  viewOf,
} from "../../views/pictures/panels.ts";
import { mixtureLogDensity } from "../data/gaussian-mixture.ts";
import { type LabData, rowLength } from "../data/lab-data.ts";
import type { LabModel } from "../models/lab-model.ts";

/** Side of density maps; of those made of bounds, which take longer. */
const GRID = 64;
const BOUND_GRID = 40;
const IMAGES_ACROSS = 10;

/** Rows of any shape as a panel's content. */
function rowsDrawn(data: LabData, rows: Float32Array, view: View, color?: string): string {
  const { shape } = data;
  if (shape.kind === "images") return imageGrid(rows, shape.height, shape.width, IMAGES_ACROSS);
  return scatter(rows, rowLength(shape), view, color);
}

/** Panel of data as they are. */
export function dataPanel(data: LabData): Panel {
  const view = viewOf(data.train, rowLength(data.shape));
  const rows = data.test.subarray(0, 4000 * rowLength(data.shape));
  return panel("data", rowsDrawn(data, rows, view, "#57606a"), data.name);
}

/** Panel of samples, in the view of the data. */
export const samplePanel = (data: LabData, title: string, samples: Float32Array, note?: string): Panel =>
  panel(title, rowsDrawn(data, samples, viewOf(data.train, rowLength(data.shape))), note);

/** The density of a model on a grid: without noise where it can be had so, else the exponential of its bound. */
function densityOf({ density, logLikelihood }: LabModel, seed: number) {
  if (density) return { size: density.side ?? GRID, ...density };
  if (logLikelihood === undefined) return undefined;
  const exact = logLikelihood.kind === "exact";
  return {
    size: exact ? GRID : BOUND_GRID,
    note: exact ? "exact" : "exp of the lower bound",
    of: (parameters: Float32Array, rows: Float32Array) => logLikelihood.of(parameters, rows, seed),
  };
}

/** Data, samples, and where there is one the density, beside the true one; then the kind's own pictures. */
export async function labPanels(
  title: string,
  model: LabModel,
  parameters: Float32Array,
  data: LabData,
  samples: Float32Array,
  seed: number,
): Promise<readonly Panel[]> {
  const { shape } = data;
  const panels = [dataPanel(data), samplePanel(data, "samples", samples, title)];
  const plane = shape.kind === "points" && shape.dimension === 2;
  if (plane && data.mixture) {
    const grid = gridOver(viewOf(data.train, 2), GRID);
    panels.push(panel("true density", heatMap(mixtureLogDensity(data.mixture, grid).map(Math.exp), GRID)));
  }
  const density = plane ? densityOf(model, seed) : undefined;
  if (density) {
    const logs = await density.of(parameters, gridOver(viewOf(data.train, 2), density.size));
    panels.push(panel("density", heatMap(logs.map(Math.exp), density.size), density.note));
  }
  for (const { name, rows, columns } of (await model.pictures?.(parameters, seed)) ?? []) {
    const content =
      shape.kind === "images"
        ? imageGrid(rows, shape.height, shape.width, columns, Number.POSITIVE_INFINITY)
        : scatter(rows, rowLength(shape), viewOf(data.train, rowLength(shape)));
    panels.push(panel(name.replaceAll("-", " "), content));
  }
  return panels;
}

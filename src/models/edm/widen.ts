/**
 * A model's parameters in a larger network that computes the same function until it is trained (Chen, Goodfellow,
 * Shlens 2016, "Net2Net"; here new units start from random inputs instead of copies, so that nothing must be broken
 * apart). More input channels: a conditional model starts from an unconditional one. More units and layers: what a small
 * network learned fast a large one need not learn again.
 * New units draw their inputs as a new network does, and no old unit listens to them; new layers add nothing yet.
 */
import { WorkError } from "../../errors.ts";
import { initialParameters, namedViews, type ParameterSpec } from "../../nets/layers/parameters.ts";
import type { EdmConfig } from "./config.ts";
import { type EdmModel, modelLayout } from "./model.ts";

/** Parts of a layer's input: every hidden vector, then what is not of the hidden width. */
function inputParts(width: number, hidden: number): number[] {
  const vectors = Math.floor(width / hidden);
  const rest = width - vectors * hidden;
  return [...Array<number>(vectors).fill(hidden), ...(rest > 0 ? [rest] : [])];
}

const isOfNewBlock = (name: string, before: EdmConfig, after: EdmConfig): boolean =>
  after.network.kind === "egnn" && Number(/^blocks\.(\d+)\./.exec(name)?.[1] ?? -1) >= before.network.layers;

/** What makes a block of a network that is new change neither features nor positions. */
const isLastOfBlock = (name: string): boolean =>
  /^blocks\.\d+\.(gcl\.\d+\.node\.1\.(weight|bias)|coord\.2\.weight)$/.test(name);

/**
 * @param seed of the new units
 * @throws WorkError when `config` is not the model's network with channels, units or layers added
 */
export function widenedParameters(model: EdmModel, config: EdmConfig, seed = 0): Float32Array {
  const before = modelLayout(model.config);
  const layout = modelLayout(config);
  const parameters = initialParameters(layout, seed);
  const [small, large] = [model.config.network.hidden, config.network.hidden];
  const from = namedViews(before, model.parameters);
  const shapes = new Map(before.map((spec) => [spec.name, spec]));
  const views = namedViews(layout, parameters);
  const lost = before.find(({ name }) => !views.has(name));
  if (lost !== undefined) throw notHeld(lost.name);
  for (const spec of layout) {
    const view = views.get(spec.name) as Float32Array;
    const own = from.get(spec.name);
    const shape = shapes.get(spec.name);
    if (own !== undefined && shape !== undefined) place(own, shape, view, spec, small, large);
    else if (!isOfNewBlock(spec.name, model.config, config)) throw notHeld(spec.name);
    else if (isLastOfBlock(spec.name)) view.fill(0);
  }
  return parameters;
}

/** Copies a tensor into a larger one, part of the input by part. */
function place(
  own: Float32Array,
  { name, shape }: ParameterSpec,
  view: Float32Array,
  { shape: newShape }: ParameterSpec,
  small: number,
  large: number,
): void {
  const [rows, columns = 1] = shape;
  const [newRows, newColumns = 1] = newShape;
  if (rows > newRows || columns > newColumns) throw notHeld(name);
  const units = newRows === large && rows === small && large > small; // rows that are hidden units
  const parts = name === "embedding.weight" || shape.length < 2 ? [columns] : inputParts(columns, small);
  const newParts =
    name === "embedding.weight" || shape.length < 2 ? [newColumns] : inputParts(newColumns, large);
  if (parts.length !== newParts.length) throw notHeld(name);
  for (let row = 0; row < newRows; row++) {
    if (row >= rows) {
      if (!units) view.fill(0, row * newColumns, (row + 1) * newColumns); // a channel
      continue;
    }
    view.fill(0, row * newColumns, (row + 1) * newColumns);
    let [at, to] = [row * columns, row * newColumns];
    parts.forEach((width, k) => {
      view.set(own.subarray(at, at + width), to);
      at += width;
      to += newParts[k];
    });
  }
}

const notHeld = (name: string): WorkError =>
  new WorkError(`tensor "${name}" of the wider network does not hold the model's`);

/**
 * A model's parameters in a network with more input channels: what is new is zero, so that the wider network computes
 * the same function until it is trained. So a conditional model starts from an unconditional one.
 */
import { WorkError } from "../../errors.ts";
import { layoutSize, namedViews } from "../../nets/parameters.ts";
import type { EdmConfig } from "./config.ts";
import { type EdmModel, modelLayout } from "./model.ts";

/** @throws WorkError when `config` is not the model's network with channels added at the end */
export function widenedParameters(model: EdmModel, config: EdmConfig): Float32Array {
  const before = modelLayout(model.config);
  const layout = modelLayout(config);
  const parameters = new Float32Array(layoutSize(layout));
  const from = namedViews(before, model.parameters);
  [...namedViews(layout, parameters).entries()].forEach(([name, view], k) => {
    const own = from.get(name);
    const [rows, columns = 1] = before[k].shape;
    const width = layout[k].shape[1] ?? 1;
    if (own === undefined || before[k].name !== name || rows > layout[k].shape[0] || columns > width)
      throw new WorkError(`tensor "${name}" of the wider network does not hold the model's`);
    for (let row = 0; row < rows; row++)
      view.set(own.subarray(row * columns, (row + 1) * columns), row * width);
  });
  return parameters;
}

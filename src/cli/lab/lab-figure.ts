/** `equimol lab figure`: pictures that belong to no single model. */
import { drawLabFigure } from "../../workflows/node/lab/figure.ts";
import { follow } from "../follow.ts";
import { commonOptions, threadsOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const labFigure = defineVerb({
  meta: {
    name: "figure",
    description: "Draw a figure of the textbooks: divergences (which divergence makes which fit).",
  },
  args: {
    name: { type: "positional", required: true, description: "divergences" },
    out: { type: "string", required: true, valueHint: "FILE", description: "file to write: .svg or .png" },
    ...threadsOption,
    ...commonOptions,
  },
  examples: [
    {
      command: "equimol lab figure divergences --out divergences.png",
      does: "one and two Gaussians fitted to a correlated and a bimodal density",
    },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const { name: figure, out } = args;
    const report = await follow(output, (events) => drawLabFigure({ ...events, figure, out }));
    output.result(report);
    output.print(`${report.panels} panels → ${out}`);
  },
});

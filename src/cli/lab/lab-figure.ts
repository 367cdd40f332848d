/** `equimol lab figure`: pictures that belong to no single model. */
import { extname } from "node:path";
import { InputError } from "../../errors.ts";
import { DIVERGENCE_FITS, divergencePanels } from "../../lab/figures/divergence-figure.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { figureSvg, pngOf } from "../../views/pictures/figure.ts";
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
    if (args.name !== "divergences")
      throw new InputError(`unknown figure "${args.name}"; there is divergences`);
    const form = extname(args.out).toLowerCase();
    if (form !== ".svg" && form !== ".png")
      throw new InputError("ends in neither .svg nor .png", { file: args.out });
    await prepareRuntime("cpu");
    const progress = output.progress("fitting", DIVERGENCE_FITS);
    let done = 0;
    const panels = await divergencePanels(() => progress.update(++done));
    progress.done();
    const svg = figureSvg(panels, 4);
    await writeFileAtomically(args.out, form === ".svg" ? svg : await pngOf(svg));
    output.result({ out: args.out, panels: panels.length });
    output.print(`${panels.length} panels → ${args.out}`);
  },
});

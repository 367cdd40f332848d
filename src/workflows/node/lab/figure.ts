/** `equimol lab figure` as a function: pictures that belong to no single model. */
import { extname } from "node:path";
import { InputError } from "../../../errors.ts";
import { DIVERGENCE_FITS, divergencePanels } from "../../../lab/figures/divergence-figure.ts";
import { checkWritable } from "../../../platform/node/atomic-write.ts";
import { prepareRuntime } from "../../../platform/prepare.ts";
import { figureSvg, writePicture } from "../../../views/pictures/figure.ts";
import { reporterOf, type WorkflowOptions } from "../../workflow.ts";

/** Which figure, and where to. */
export interface DrawLabFigureOptions extends WorkflowOptions {
  /** "divergences": which divergence makes which fit. */
  readonly figure: string;
  /** .svg or .png */
  readonly out: string;
}

/** @throws InputError for a figure that there is not, or a file that is no picture */
export async function drawLabFigure(
  options: DrawLabFigureOptions,
): Promise<{ readonly out: string; readonly panels: number }> {
  const { figure, out } = options;
  const { task, checkSignal } = reporterOf(options);
  if (figure !== "divergences") throw new InputError(`unknown figure "${figure}"; there is divergences`);
  if (![".svg", ".png"].includes(extname(out).toLowerCase()))
    throw new InputError("ends in neither .svg nor .png", { file: out });
  await checkWritable(out);
  await prepareRuntime("cpu");
  const progress = task("fitting", DIVERGENCE_FITS);
  let done = 0;
  const panels = await divergencePanels(() => {
    checkSignal();
    progress(++done);
  });
  await writePicture(out, figureSvg(panels, 4));
  return { out, panels: panels.length };
}

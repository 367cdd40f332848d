/** What the verbs of the lab share: data of a run, measuring, the picture, and how figures are said. */
import { join } from "node:path";
import type { ArgsDef } from "citty";
import { loadLabData } from "../../lab/data/catalog.ts";
import type { LabData, LabShape } from "../../lab/data/lab-data.ts";
import { labPanels } from "../../lab/figures/lab-pictures.ts";
import {
  type Distance,
  evaluateLabModel,
  type LabEvaluation,
  type LabEvaluationOptions,
} from "../../lab/figures/lab-report.ts";
import type { TrainedLabModel } from "../../lab/models/lab-folder.ts";
import { parseAssignment } from "../../train/config-file.ts";
import { figureSvg, writeFigure } from "../../views/pictures/figure.ts";
import { integerOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";

/** Settings of a trained model that may be others when it is used; belongs into the verb's `repeatable`. */
export const setArg = {
  set: {
    type: "string",
    valueHint: "KEY=VALUE",
    description: "another setting of the model, such as its sampler; see its page for what there is",
  },
} as const satisfies ArgsDef;

/** Options of verbs that measure. */
export const measureArgs = {
  samples: {
    type: "string",
    valueHint: "N",
    description: "samples to compare with test rows (10000 points, 500 images)",
  },
  "likelihood-rows": {
    type: "string",
    valueHint: "N",
    description: "test rows whose likelihood is computed (2000 points, 500 images)",
  },
} as const satisfies ArgsDef;

/** @throws InputError for numbers that are none */
export function measureOptions(
  args: { readonly samples?: string | undefined; readonly "likelihood-rows"?: string | undefined },
  seed: number,
): (shape: LabShape) => LabEvaluationOptions {
  const samples = integerOption("samples", args.samples, { min: 10 });
  const likelihoodRows = integerOption("likelihood-rows", args["likelihood-rows"], { min: 2 });
  return ({ kind }) => ({
    seed,
    samples: samples ?? (kind === "images" ? 500 : 10_000),
    likelihoodRows: likelihoodRows ?? (kind === "images" ? 500 : 2000),
  });
}

/** The data that a model was made for, or others that are asked for. */
export const dataOf = (trained: TrainedLabModel, name?: string): Promise<LabData> =>
  loadLabData(name ?? trained.config.data.source, trained.config.data.settings);

/** `--set KEY=VALUE` of a trained model: settings of the model, with or without `model.` before them. */
export const changedSettings = (rawArgs: readonly string[]): Readonly<Record<string, unknown>> =>
  Object.assign(
    {},
    ...valuesOf(rawArgs, "set").map((assignment) => parseAssignment(assignment.replace(/^model\./, ""))),
  );

/** Measures the model and draws its picture beside the run: picture.svg and picture.png. */
export async function measureAndDraw(
  trained: TrainedLabModel,
  data: LabData,
  optionsFor: (shape: LabShape) => LabEvaluationOptions,
  folder: string | undefined,
): Promise<{ readonly evaluation: LabEvaluation; readonly pictures: readonly string[] }> {
  const { model, parameters, kind } = trained;
  const options = optionsFor(data.shape);
  const { evaluation, samples } = await evaluateLabModel(model, parameters, data, options);
  if (folder === undefined) return { evaluation, pictures: [] };
  const panels = await labPanels(kind.name, model, parameters, data, samples, options.seed);
  return { evaluation, pictures: await writeFigure(join(folder, "picture"), figureSvg(panels, 4)) };
}

const figure = (value: number): string => String(Number(value.toPrecision(4)));

/** The evaluation in lines for a person. */
export function evaluationText(evaluation: LabEvaluation): string {
  const { logLikelihood, slicedWasserstein, mmd, samples, secondsPer10000Samples, figures } = evaluation;
  const lines: string[] = [];
  if (logLikelihood) {
    const { kind, mean, sem, rows, truth } = logLikelihood;
    lines.push(
      `log-likelihood       ${kind === "exact" ? "" : "≥ "}${mean.toFixed(3)} ± ${sem.toFixed(3)} nats (${kind}, ${rows} test rows)${truth === undefined ? "" : `; true density ${truth.toFixed(3)}`}`,
    );
  }
  const beside = ({ samples: own, data, ratio, range, draws }: Distance): string =>
    `${figure(own)}; data against data ${figure(data)} (${range.map(figure).join(" to ")} in ${draws} draws), ratio ${ratio.toFixed(2)}`;
  lines.push(`sliced Wasserstein   ${beside(slicedWasserstein)} (${samples} samples)`);
  if (mmd) lines.push(`MMD                  ${beside(mmd)}`);
  lines.push(`sampling             ${figure(secondsPer10000Samples)} s for 10,000`);
  for (const [name, value] of Object.entries(figures ?? {}))
    lines.push(`${name.padEnd(20)} ${figure(value)}`);
  return lines.join("\n");
}

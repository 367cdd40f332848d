/** What the verbs of the lab share: options, and how figures are said. */
import type { ArgsDef } from "citty";
import type { Distance, LabEvaluation } from "../../lab/figures/lab-report.ts";
import type { LabMeasuring } from "../../workflows/node/lab/measure.ts";
import { integerOption } from "../options/options.ts";

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
  judge: {
    type: "boolean",
    description: "let a classifier judge the images; it is trained on the data's labels, once, and kept",
  },
} as const satisfies ArgsDef;

/** @throws InputError for numbers that are none */
export const measureOptions = (args: {
  readonly samples?: string | undefined;
  readonly "likelihood-rows"?: string | undefined;
  readonly judge?: boolean | undefined;
}): Pick<LabMeasuring, "samples" | "likelihoodRows" | "judge"> => ({
  judge: args.judge ?? false,
  samples: integerOption("samples", args.samples, { min: 10 }),
  likelihoodRows: integerOption("likelihood-rows", args["likelihood-rows"], { min: 2 }),
});

const figure = (value: number): string => String(Number(value.toPrecision(4)));

/** The evaluation in lines for a person. */
export function evaluationText(evaluation: LabEvaluation): string {
  const { logLikelihood, slicedWasserstein, mmd, judgement, samples, secondsPer10000Samples, figures } =
    evaluation;
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
  if (judgement) {
    const { accuracy, recognised, confidence, classes, frechet } = judgement;
    const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
    lines.push(`Fréchet distance     ${beside(frechet)}, of a classifier's features`);
    lines.push(
      `classifier           right about ${share(accuracy)} of test images; sure (p ≥ 0.9) of ${share(recognised.samples)} of the samples, ${share(recognised.data)} of the data; mean confidence ${share(confidence.samples)} and ${share(confidence.data)}`,
    );
    lines.push(`samples by class     ${classes.map((value, k) => `${k}: ${share(value)}`).join(", ")}`);
  }
  lines.push(`sampling             ${figure(secondsPer10000Samples)} s for 10,000`);
  for (const [name, value] of Object.entries(figures ?? {}))
    lines.push(`${name.padEnd(20)} ${figure(value)}`);
  return lines.join("\n");
}

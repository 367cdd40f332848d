/** A comparison of models in words: one table, and a note for the picture of each. */
import type { ComparisonRow, kernelBaseline } from "./lab-comparison.ts";

/** A row without its samples. */
type Row = ComparisonRow extends infer R ? (R extends unknown ? Omit<R, "samples"> : never) : never;
type Measured = Extract<Row, { readonly evaluation: unknown }>;

/** Rows of a comparison, one for each model. */
export interface Comparison {
  readonly rows: readonly Row[];
  /** Of points: what a density estimator without a model reaches. */
  readonly kernel?: ReturnType<typeof kernelBaseline>;
}

/** `≥ −0.31 nats, 1.2 × data` */
export const noteOf = ({
  evaluation: { logLikelihood: log, slicedWasserstein: distance },
}: Measured): string =>
  `${log ? `log p ${log.kind === "exact" ? "=" : "≥"} ${log.mean.toFixed(2)}, ` : ""}SW ${distance.ratio.toFixed(1)} × data`;

/** Columns of equal width, readable as text and as Markdown. */
export function comparisonTable({ rows, kernel }: Comparison): string {
  const head = [
    "model",
    "log p, nats",
    "sliced W₂",
    "× data",
    "parameters",
    "steps",
    "train, s",
    "10,000 samples, s",
  ];
  const body = rows.map((row) => {
    if ("problem" in row) return [row.model, "–", "–", "–", "–", "–", "–", "–"];
    const { logLikelihood: log, slicedWasserstein: distance, secondsPer10000Samples } = row.evaluation;
    return [
      row.model,
      log ? `${log.kind === "exact" ? "=" : "≥"} ${log.mean.toFixed(3)}` : "–",
      distance.samples.toFixed(4),
      distance.ratio.toFixed(2),
      row.parameters.toLocaleString("en"),
      String(row.steps),
      row.trainingSeconds.toFixed(0),
      secondsPer10000Samples.toPrecision(2),
    ];
  });
  const known = rows.find((row): row is Measured => "evaluation" in row)?.evaluation;
  const blank = ["", "", "", ""];
  const reference = known?.slicedWasserstein.data.toFixed(4) ?? "–";
  const truth = known?.logLikelihood?.truth;
  if (kernel) body.unshift(["kernel estimate", `= ${kernel.mean.toFixed(3)}`, "–", "–", ...blank]);
  body.unshift([
    "the data",
    truth === undefined ? "–" : `= ${truth.toFixed(3)}`,
    reference,
    "1.00",
    ...blank,
  ]);
  const widths = head.map((title, k) => Math.max(title.length, ...body.map((cells) => cells[k].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]) : cell.padStart(widths[k]))).join(" | ")} |`;
  const rule = `|${widths.map((width, k) => `${"-".repeat(width + 1)}${k === 0 ? "-" : ":"}`).join("|")}|`;
  return [line(head), rule, ...body.map(line)].join("\n");
}

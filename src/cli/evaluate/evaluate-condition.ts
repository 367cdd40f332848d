/** What `equimol evaluate --condition` prints. */
import type { PropertyError, SweepEvaluation } from "../../evaluate/condition.ts";
import { withUnit } from "../../models/edm/condition.ts";
import type { ConditionReport } from "../../workflows/node/evaluate-condition.ts";

export function conditionText(report: ConditionReport): string {
  const property = withUnit({ ...report, name: report.property });
  if ("sweep" in report) return sweepTable(property, report.judge, report.sweep);
  const { yardsticks, generated } = report;
  const rows: [string, PropertyError][] = [
    ["labels shuffled", yardsticks.shuffled],
    ["#atoms only", yardsticks.sizeOnly],
    ["generated", generated.all],
    ["  in one piece", generated.connected],
    ["  stable", generated.stable],
    ["real molecules", yardsticks.real],
  ];
  return [
    `Mean absolute error of ${property} by ${report.judge}, guidance ${report.guidance}`,
    ...rows.map(([name, each]) => `  ${name.padEnd(18)}${errorText(each)}`),
    `  rank correlation of what was asked for and what came: ${generated.rankCorrelation.toFixed(3)}; bias ${generated.bias.toFixed(3)}`,
  ].join("\n");
}

const errorText = ({ mae, sem, molecules }: PropertyError): string =>
  mae === null || sem === null ? "–" : figureText(mae, sem, molecules);

const figureText = (value: number, sem: number, molecules: number): string =>
  `${value.toPrecision(4).padStart(9)} ± ${sem.toPrecision(2).padEnd(8)} ${molecules.toLocaleString("en").padStart(7)} molecules`;

const sweepTable = (property: string, judge: string, response: SweepEvaluation): string =>
  [
    `What was asked for and what came, ${property} by ${judge}`,
    ...response.frames.map(
      ({ asked, mean, sem, molecules }) =>
        `  ${asked.toPrecision(4).padStart(9)}  ${figureText(mean, sem, molecules)}`,
    ),
    `  the means rise from frame to frame: ${response.monotone ? "yes" : "no"}; rank correlation of the means ${response.rankCorrelationOfMeans.toFixed(3)}, of all molecules ${response.rankCorrelation.toFixed(3)}`,
  ].join("\n");

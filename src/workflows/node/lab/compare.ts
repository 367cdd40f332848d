/** `equimol lab compare` as a function: models on one data set for the same time, one table and one figure. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../../errors.ts";
import { loadLabData } from "../../../lab/data/catalog.ts";
import { labDataSchema } from "../../../lab/data/settings.ts";
import { type Comparison, comparisonTable, noteOf } from "../../../lab/figures/comparison-table.ts";
import { type ComparisonRow, compareLab, kernelBaseline } from "../../../lab/figures/lab-comparison.ts";
import { dataPanel, samplePanel } from "../../../lab/figures/lab-pictures.ts";
import { wallClock } from "../../../lab/figures/lab-report.ts";
import { LAB_KINDS, labKind } from "../../../lab/models/kinds.ts";
import { writeFileAtomically } from "../../../platform/node/atomic-write.ts";
import { readSettings, type Settings } from "../../../train/config-file.ts";
import { figureSvg, writeFigure } from "../../../views/pictures/figure.ts";
import { reporterOf, type WorkflowOptions } from "../../workflow.ts";
import type { LabMeasuring } from "./measure.ts";

export const CLOCKS = ["wall", "processor"] as const;

/** What is compared, on which data and for how long. */
export interface CompareLabModelsOptions extends WorkflowOptions, LabMeasuring {
  /** A data set by its name, or a file of points; "two-moons" by default. */
  readonly data?: string | undefined;
  /** Settings of the data, such as `{ noise: 0.1 }` or "noise=0.1". */
  readonly set?: readonly (string | Settings)[] | undefined;
  /** Kinds of models; all by default, and those that cannot take the data say so. */
  readonly models?: readonly string[] | undefined;
  /** Training time of each model, 20 by default. */
  readonly seconds?: number | undefined;
  /** What all seconds are of; "processor" leaves out what other programs take. */
  readonly clock?: (typeof CLOCKS)[number] | undefined;
  /** Folder of runs, compare.json, compare.md and the figure; runs/lab/compare-DATA by default. */
  readonly out?: string | undefined;
}

/** The table of a comparison, and its figure. */
export interface CompareLabModelsReport extends Comparison {
  readonly data: string;
  readonly seconds: number;
  readonly clock: (typeof CLOCKS)[number];
  readonly pictures: readonly string[];
}

/** @throws InputError for a kind or data that there are not, or a folder that holds a comparison already */
export async function compareLabModels(options: CompareLabModelsOptions): Promise<CompareLabModelsReport> {
  const { models, seconds = 20, clock = "wall", set = [], seed = 0, signal } = options;
  const { samples = 4000, likelihoodRows = 1000 } = options;
  const { notice, task, named } = reporterOf(options);
  const kinds = models?.map(labKind) ?? LAB_KINDS;
  const dataSettings = readSettings(labDataSchema, {
    assignments: set.map((each) => (typeof each === "string" ? each.replace(/^data\./, "") : each)),
    named,
  });
  const data = await loadLabData(options.data ?? "two-moons", dataSettings);
  const out = options.out ?? join("runs", "lab", `compare-${data.name}`);
  if (existsSync(join(out, "compare.json")))
    throw new InputError(`holds a comparison already; give another ${named("out")}`, { file: out });
  const progress = task("comparing", kinds.length);
  const all: ComparisonRow[] = [];
  const compared = compareLab(kinds, {
    ...{ data, dataSettings, seconds, out, samples, likelihoodRows, seed, signal },
    clock: clock === "wall" ? wallClock : processorClock,
    onKind: ({ name }) => progress(all.length, name),
  });
  for await (const row of compared) {
    all.push(row);
    notice("problem" in row ? `${row.model}: ${row.problem}` : `${row.model}: done`);
  }
  progress(all.length);
  const panels = all.flatMap((row) =>
    "problem" in row ? [] : [samplePanel(data, row.model, row.samples, noteOf(row))],
  );
  const kernel = data.shape.kind === "points" ? kernelBaseline(data, likelihoodRows) : undefined;
  const rows = all.map((row) => {
    if ("problem" in row) return row;
    const { samples: _, ...figures } = row;
    return figures;
  });
  const pictures = await writeFigure(join(out, "compare"), figureSvg([dataPanel(data), ...panels], 5));
  const report = { data: data.name, seconds, clock, ...(kernel && { kernel }), rows, pictures };
  await writeFileAtomically(join(out, "compare.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileAtomically(join(out, "compare.md"), `${comparisonTable(report)}\n`);
  return report;
}

/** Seconds that this process has computed, in all its threads. */
const processorClock = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

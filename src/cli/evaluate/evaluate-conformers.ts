/** `equimol evaluate conformers`: coverage and matching of generated conformers against reference ones. */
import type { CoverageSummary } from "../../evaluate/conformer-metrics.ts";
import type { ConformerEvaluation } from "../../evaluate/conformers.ts";
import { evaluateConformerFiles } from "../../workflows/node/evaluate-conformers.ts";
import { follow } from "../follow.ts";
import { commonOptions, integerOption, numberOption, readingOption, seedOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const evaluateConformersVerb = defineVerb({
  meta: {
    name: "conformers",
    description:
      "Measures conformers against reference ones: COV and MAT, recall and precision, geometry, diversity.",
  },
  args: {
    generated: { type: "positional", required: true, description: "generated conformers: .sdf or .jsonl" },
    reference: {
      type: "positional",
      required: true,
      description: "reference conformers: .sdf, .jsonl, or .extxyz, whose bonds are perceived",
    },
    thresholds: {
      type: "string",
      valueHint: "A,B,…",
      default: "0.5,0.75,1.25",
      description: "thresholds δ of COV in Å",
    },
    baselines: {
      type: "boolean",
      default: true,
      description: "also measure OpenChemLib's conformers with MMFF94, and noise",
    },
    limit: { type: "string", valueHint: "K", description: "only the first K reference molecules" },
    ...seedOption,
    ...readingOption,
    ...commonOptions,
  },
  examples: [
    { command: "equimol evaluate conformers generated.sdf reference.sdf", does: "with both baselines" },
    {
      command: "equimol evaluate conformers generated.sdf drugs.jsonl.gz --no-baselines --json",
      does: "for a program",
    },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const thresholds = args.thresholds
      .split(",")
      .map((text) => numberOption("thresholds", text.trim(), { min: 0, max: 100 }));
    const limit = integerOption("limit", args.limit, { min: 1 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const { generated, reference, baselines } = args;
    const evaluation = await follow(output, (events) =>
      evaluateConformerFiles({ ...events, generated, reference, thresholds, baselines, limit, seed }),
    );
    output.result(evaluation);
    output.print(conformerTable(evaluation));
  },
});

/** The figures side by side. */
function conformerTable({ generated, rules, noise }: ConformerEvaluation): string {
  const columns: readonly (readonly [string, CoverageSummary | undefined])[] = [
    ["generated", generated],
    ["OpenChemLib + MMFF94", rules],
    ["noise", noise],
  ];
  const shown = columns.filter(
    (column): column is readonly [string, CoverageSummary] => column[1] !== undefined,
  );
  const share = (value: number | null | undefined): string =>
    value === null || value === undefined ? "–" : `${(100 * value).toFixed(1)} %`;
  const length = (value: number | null | undefined): string =>
    value === null || value === undefined ? "–" : `${value.toFixed(3)} Å`;
  const row = (label: string, cell: (summary: CoverageSummary) => string): string =>
    [label.padEnd(24), ...shown.map(([, summary]) => cell(summary).padStart(22))].join("");
  const lines = [
    ["".padEnd(24), ...shown.map(([name]) => name.padStart(22))].join(""),
    row("molecules", ({ molecules }) => String(molecules)),
    row("conformers", (summary) => String(summary.generated)),
    ...generated.coverage.flatMap(({ threshold }, k) => [
      row(`COV-R ${threshold} Å`, ({ coverage }) => share(coverage[k].recall.mean)),
      row(`  median`, ({ coverage }) => share(coverage[k].recall.median)),
    ]),
    row("MAT-R", ({ matching }) => length(matching.recall?.mean)),
    row("  median", ({ matching }) => length(matching.recall?.median)),
    ...generated.coverage.map(({ threshold }, k) =>
      row(`COV-P ${threshold} Å`, ({ coverage }) => share(coverage[k].precision.mean)),
    ),
    row("MAT-P", ({ matching }) => length(matching.precision?.mean)),
    row("diversity", ({ diversity }) => length(diversity?.mean)),
    row("bond lengths sound", ({ soundBonds }) => share(soundBonds)),
    row("bond angles sound", ({ soundAngles }) => share(soundAngles)),
    row("no clashes", ({ noClashes }) => share(noClashes)),
    `stereochemistry as in the reference: ${generated.stereo.count} of ${generated.stereo.of} generated`,
  ];
  return lines.join("\n");
}

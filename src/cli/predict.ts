/** `equimol predict`: energies, forces and properties of molecules in files. */
import { symbolOf } from "../chem/elements.ts";
import { hillFormula } from "../chem/formula.ts";
import { type PredictFilesReport, predictFiles } from "../workflows/node/predict-files.ts";
import { follow } from "./follow.ts";
import { section } from "./help.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import { commonOptions, integerOption, readingOption } from "./options/options.ts";
import { createOutput } from "./output.ts";
import { defineVerb } from "./verb.ts";

/** Rows that the table shows. */
const SHOWN = 20;

export const predict = defineVerb({
  meta: {
    name: "predict",
    description:
      "Predicts energies and forces, or a property, of molecules in files. Where a file gives the true values, the errors are shown too.",
  },
  variadic: true,
  args: {
    files: { type: "positional", description: "molecule files: .xyz, .extxyz, .sdf, each also with .gz" },
    model: {
      type: "string",
      required: true,
      valueHint: "MODEL",
      description: "model or run folder, or name of a shipped model",
    },
    out: {
      type: "string",
      valueHint: "FILE",
      description: "extended XYZ of the molecules with what was predicted",
    },
    limit: { type: "string", valueHint: "K", description: "only the first K molecules" },
    ...engineArgs,
    ...readingOption,
    ...commonOptions,
  },
  examples: [
    {
      command: "equimol predict --model rmd17-ethanol-painn ethanol.xyz",
      does: "energy and largest force",
    },
    {
      command: "equimol predict --model rmd17-ethanol-painn test.extxyz.gz --out predicted.extxyz",
      does: "errors against the file's values; a file with energies and forces",
    },
    { command: "equimol predict --model qm9-alpha molecules.sdf --json", does: "polarizabilities as JSON" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const { model, out, _: files } = args;
    const limit = integerOption("limit", args.limit, { min: 1 });
    const engine = engineOptions(args);
    const report = await follow(output, (events) =>
      predictFiles({ ...events, model, files, out, limit, engine }),
    );
    output.result({ ...report, molecules: report.molecules.map((row) => jsonRow(report.property, row)) });
    output.print(table(cells(report)));
    if (report.molecules.length > SHOWN)
      output.print(`… ${report.molecules.length - SHOWN} more; --out and --json have all`);
    const summary = errorRows(report);
    if (summary.length > 0)
      output.print(`\n${section("Against the values in the files", summary, output.colours)}`);
  },
});

type Row = PredictFilesReport["molecules"][number];

/** The value under the property's name. */
const jsonRow = (property: string, { file, index, molecule, value, known, forces }: Row) => ({
  file,
  index,
  formula: hillFormula(molecule.atomicNumbers),
  [property]: value,
  known,
  ...(forces && { forces: Array.from(forces) }),
});

function cells({ property, unit, forceUnit, mae, molecules }: PredictFilesReport): string[][] {
  const number = (value: number): string => value.toPrecision(Math.abs(value) >= 1e5 ? 10 : 7);
  const header = [
    "molecule",
    "formula",
    `${property} (${unit})`,
    ...(mae === null ? [] : ["in the file"]),
    ...(forceUnit === undefined ? [] : [`largest force (${forceUnit})`]),
  ];
  const rows = molecules
    .slice(0, SHOWN)
    .map(({ file, index, molecule, value, known, forces }) => [
      `${file}:${index}`,
      hillFormula(molecule.atomicNumbers),
      number(value),
      ...(mae === null ? [] : [known === undefined ? "–" : number(known)]),
      ...(forces ? [largest(forces, molecule.atomicNumbers)] : []),
    ]);
  return [header, ...rows];
}

function errorRows(report: PredictFilesReport): [string, string][] {
  const { property, unit, mae, forceUnit, forceMae = null, molecules } = report;
  const known = molecules.filter((row) => row.known !== undefined).length;
  const rows: [string, string][] = [];
  if (mae !== null)
    rows.push([`${property}, mean absolute error`, `${mae.toPrecision(4)} ${unit} (${known} molecules)`]);
  if (forceMae !== null)
    rows.push(["forces, mean absolute error", `${forceMae.toPrecision(4)} ${forceUnit}`]);
  return rows;
}

function largest(forces: Float64Array, atomicNumbers: Uint8Array): string {
  let [best, at] = [-1, 0];
  for (let i = 0; i < atomicNumbers.length; i++) {
    const size = Math.hypot(forces[3 * i], forces[3 * i + 1], forces[3 * i + 2]);
    if (size > best) [best, at] = [size, i];
  }
  return `${best.toPrecision(4)} on ${symbolOf(atomicNumbers[at])}${at + 1}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, k) => cell.padEnd(widths[k]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

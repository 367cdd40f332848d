/** `equimol predict`: energies, forces and properties of molecules in files. */
import { symbolOf } from "../chem/elements.ts";
import { hillFormula } from "../chem/formula.ts";
import type { Molecule } from "../chem/molecule.ts";
import { openEngine } from "../engines/open-engine.ts";
import { InputError } from "../errors.ts";
import { findModel } from "../models/edm/folder.ts";
import { moleculeProblem } from "../models/geometric/check.ts";
import { networkOf } from "../models/geometric/config.ts";
import { loadGeometric } from "../models/geometric/folder.ts";
import { type Prediction, predictions } from "../models/geometric/predict.ts";
import { modelKindOf } from "../models/model-folder.ts";
import { checkMoleculeTarget, readMolecules, writeMolecules } from "../platform/node/molecules.ts";
import { section } from "./help.ts";
import { engineArgs, engineOptions } from "./options/engine-options.ts";
import { commonOptions, integerOption } from "./options/options.ts";
import { createOutput, type Output } from "./output.ts";
import { defineVerb } from "./verb.ts";

interface Found {
  readonly file: string;
  /** In its file, from 1. */
  readonly index: number;
  readonly molecule: Molecule;
}

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
    const limit = integerOption("limit", args.limit, { min: 1 }) ?? Number.POSITIVE_INFINITY;
    const choice = engineOptions(args);
    if (args.out !== undefined) {
      if (!/\.(ext)?xyz(\.gz)?$/i.test(args.out))
        throw new InputError("--out writes extended XYZ: end its name in .extxyz", { file: args.out });
      await checkMoleculeTarget(args.out);
    }
    const folder = findModel(args.model);
    const kind = await modelKindOf(folder);
    if (kind !== "forcefield" && kind !== "property")
      throw new InputError(
        `is a model of kind "${kind}", which predicts nothing; train one with equimol train forcefield or property`,
        { file: args.model },
      );
    const model = await loadGeometric(folder);
    const found: Found[] = [];
    for (const file of args._) {
      let index = 0;
      for await (const molecule of readMolecules(file)) {
        index++;
        if (found.length >= limit) break;
        const problem = moleculeProblem(model.config, molecule);
        if (problem !== undefined) throw new InputError(`molecule ${index}: ${problem}`, { file });
        found.push({ file, index, molecule });
      }
    }
    if (found.length === 0) throw new InputError("the files hold no molecules");

    const engine = await openEngine(
      { atomwise: networkOf(model.config) },
      { ...choice, onNotice: output.log },
    );
    const bar = output.progress("molecules", found.length);
    const results: Prediction[] = [];
    const started = performance.now();
    try {
      const molecules = found.map(({ molecule }) => molecule);
      for await (const prediction of predictions(model, engine, molecules)) {
        results.push(prediction);
        bar.update(results.length);
      }
    } finally {
      bar.done();
      engine.dispose();
    }
    const seconds = (performance.now() - started) / 1000;
    if (args.out !== undefined)
      await writeMolecules(
        args.out,
        results.map((result, k) => predicted(model.config.output.property, found[k].molecule, result)),
      );
    report(output, model.config.output, found, results, { model: args.model, engine: engine.name, seconds });
  },
});

/** The molecule with what was predicted: energy and forces, or `predicted_NAME`. */
function predicted(property: string, molecule: Molecule, { value, forces }: Prediction): Molecule {
  const { forces: _, ...rest } = molecule;
  return {
    ...rest,
    ...(forces ? { forces } : {}),
    properties: { ...molecule.properties, [forces ? property : `predicted_${property}`]: value },
  };
}

const meanOf = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;

function report(
  output: Output,
  {
    property,
    unit,
    range,
  }: { property: string; unit: string; range?: readonly [number, number] | undefined },
  found: readonly Found[],
  results: readonly Prediction[],
  facts: Readonly<Record<string, unknown>>,
): void {
  const truth = found.map(({ molecule }) => molecule.properties?.[property]);
  const errors = results.flatMap(({ value }, k) => {
    const known = truth[k];
    return typeof known === "number" ? [Math.abs(value - known)] : [];
  });
  const forceErrors = results.flatMap(({ forces }, k) => {
    const known = found[k].molecule.forces;
    return forces && known ? [meanOf(Array.from(forces, (f, i) => Math.abs(f - known[i]))) as number] : [];
  });
  const [mae, forceMae] = [meanOf(errors), meanOf(forceErrors)];
  const outside = range ? results.filter(({ value }) => value < range[0] || value > range[1]).length : 0;
  if (range && outside > 0)
    output.warn(
      `${outside} of ${results.length} predictions are outside the training range of ${property} (${range[0]} … ${range[1]} ${unit})`,
    );
  output.result({
    ...facts,
    property,
    unit,
    ...(range ? { range, outside } : {}),
    mae,
    ...(results[0].forces ? { forceUnit: `${unit}/Å`, forceMae } : {}),
    molecules: results.map(({ value, forces }, k) => ({
      file: found[k].file,
      index: found[k].index,
      formula: hillFormula(found[k].molecule.atomicNumbers),
      [property]: value,
      ...(typeof truth[k] === "number" ? { known: truth[k] } : {}),
      ...(forces ? { forces: Array.from(forces) } : {}),
    })),
  });
  const number = (value: number): string => value.toPrecision(Math.abs(value) >= 1e5 ? 10 : 7);
  const header = [
    "molecule",
    "formula",
    `${property} (${unit})`,
    ...(errors.length > 0 ? ["in the file"] : []),
    ...(results[0].forces ? [`largest force (${unit}/Å)`] : []),
  ];
  const rows = results
    .slice(0, SHOWN)
    .map(({ value, forces }, k) => [
      `${found[k].file}:${found[k].index}`,
      hillFormula(found[k].molecule.atomicNumbers),
      number(value),
      ...(errors.length > 0 ? [typeof truth[k] === "number" ? number(truth[k] as number) : "–"] : []),
      ...(forces ? [largest(forces, found[k].molecule.atomicNumbers)] : []),
    ]);
  output.print(table([header, ...rows]));
  if (results.length > SHOWN) output.print(`… ${results.length - SHOWN} more; --out and --json have all`);
  const summary: [string, string][] = [
    ...(mae === null
      ? []
      : [
          [
            `${property}, mean absolute error`,
            `${mae.toPrecision(4)} ${unit} (${errors.length} molecules)`,
          ] as [string, string],
        ]),
    ...(forceMae === null
      ? []
      : [["forces, mean absolute error", `${forceMae.toPrecision(4)} ${unit}/Å`] as [string, string]]),
  ];
  if (summary.length > 0)
    output.print(`\n${section("Against the values in the files", summary, output.colours)}`);
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

/** `equimol evaluate`: the report card of molecules in files, and the gallery page on request. */
import type { Molecule } from "../chem/molecule.ts";
import { moleculesOf } from "../data/molecule-set.ts";
import { InputError } from "../errors.ts";
import { commonOptions, integerOption } from "./options.ts";
import { createOutput, type Output } from "./output.ts";
import { defineVerb } from "./verb.ts";

export const evaluate = defineVerb({
  meta: {
    name: "evaluate",
    description: "Measures molecules: stability, validity, uniqueness, novelty, connectedness, geometry.",
  },
  variadic: true,
  args: {
    files: {
      type: "positional",
      description: "molecule files: .xyz, .extxyz, .sdf, each also with .gz",
    },
    reference: {
      type: "string",
      valueHint: "DATA",
      description: "data set or molecule file to compare with: novelty and distances of distributions",
    },
    rule: {
      type: "enum",
      options: ["auto", "qm9", "geom"],
      default: "auto",
      description: "published stability rule; auto takes qm9 where only H C N O F occur",
    },
    limit: { type: "string", valueHint: "K", description: "only the first K molecules" },
    gallery: { type: "string", valueHint: "HTML", description: "write a page to look at the molecules" },
    ...commonOptions,
  },
  examples: [
    { command: "equimol evaluate samples.sdf", does: "the report card of generated molecules" },
    {
      command: "equimol evaluate samples.sdf --reference qm9 --json",
      does: "with novelty against a data set, for a program",
    },
    { command: "equimol evaluate samples.sdf --gallery look.html", does: "and a page to look at them" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const limit = integerOption("limit", args.limit, { min: 1 });
    const molecules = await moleculesOfFiles(args._, limit);
    const { evaluateMolecules } = await import("../evaluate/metrics.ts");
    const { reportCard } = await import("../evaluate/report.ts");
    const reference = args.reference === undefined ? undefined : await loadReference(args.reference, output);

    const bar = output.progress("evaluating", molecules.length);
    const evaluation = await evaluateMolecules(molecules, {
      rule: args.rule,
      reference,
      onProgress: (done: number) => bar.update(done),
    });
    bar.done();
    output.result(evaluation);
    output.print(reportCard(evaluation, { colour: output.colours.isColorSupported }));
  },
});

async function moleculesOfFiles(files: readonly string[], limit = Infinity): Promise<Molecule[]> {
  const { readMolecules } = await import("../formats/read.ts");
  const molecules: Molecule[] = [];
  for (const file of files) {
    const before = molecules.length;
    for await (const molecule of readMolecules(file)) {
      if (molecules.length >= limit) return molecules;
      molecules.push(molecule);
    }
    if (molecules.length === before) throw new InputError("holds no molecules", { file });
  }
  return molecules;
}

async function loadReference(nameOrPath: string, output: Output) {
  const { loadDataset } = await import("../data/store.ts");
  const { buildReference } = await import("../evaluate/metrics.ts");
  output.log(`reading the reference ${nameOrPath}`);
  return buildReference([...moleculesOf((await loadDataset(nameOrPath)).train)]);
}

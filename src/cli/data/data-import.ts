/** `equimol data import FILES… --name NAME`. */
import { importDataset } from "../../data/import.ts";
import { commonOptions, integerOption, readingOption } from "../options/options.ts";
import { optionWord, valuesOf } from "../options/words.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { showDataset } from "./data-show.ts";

export const importFiles = defineVerb({
  meta: {
    name: "import",
    description:
      "Turns molecule files (xyz, extxyz, sdf, raw QM9; also .gz) into a data set. Numbers that a file gives for each molecule become its properties.",
  },
  variadic: true,
  args: {
    files: {
      type: "positional",
      description: "files, folders or patterns, for training; before the options that take files",
    },
    name: { type: "string", required: true, valueHint: "NAME", description: "name of the data set" },
    valid: { type: "string", valueHint: "FILES…", description: "files, folders or patterns, for validation" },
    test: { type: "string", valueHint: "FILES…", description: "files, folders or patterns, for testing" },
    "max-atoms": { type: "string", valueHint: "N", description: "leave out molecules with more atoms" },
    replace: { type: "boolean", description: "replace a data set of this name" },
    ...readingOption,
    ...commonOptions,
  },
  repeatable: ["valid", "test"],
  greedy: ["valid", "test"],
  examples: [
    { command: "equimol data import mine/ --name mine", does: "every molecule file in a folder" },
    {
      command: "equimol data import train-*.extxyz.gz --name qm9s --valid valid-00.extxyz.gz",
      does: "with a part for validation",
    },
    { command: "equimol data import big.sdf --name small --max-atoms 30", does: "only the small ones" },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const maxAtoms = integerOption("max-atoms", args["max-atoms"], { min: 1 });
    let bar: ReturnType<typeof output.progress> | undefined;
    const info = await importDataset({
      name: args.name,
      files: args._,
      valid: valuesOf(rawArgs, "valid"),
      test: valuesOf(rawArgs, "test"),
      replace: args.replace === true,
      named: optionWord,
      ...output.reading,
      ...(maxAtoms === undefined ? {} : { maxAtoms }),
      onProgress: ({ filesDone, files, molecules }) => {
        bar ??= output.progress("files", files);
        bar.update(filesDone, `${molecules.toLocaleString("en")} molecules`);
      },
    }).finally(() => bar?.done());
    const dropped = info.provenance.dropped.moreThanMaxAtoms ?? 0;
    if (dropped > 0)
      output.log(`${dropped.toLocaleString("en")} molecules with more than ${maxAtoms} atoms were left out`);
    await showDataset(args.name, output);
  },
});

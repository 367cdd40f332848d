/** `equimol data fetch qm9` and `equimol data make minimol`: data sets that come from elsewhere than your files. */
import { InputError } from "../../errors.ts";
import { commonOptions, integerOption, seedOption } from "../options/options.ts";
import { optionWord } from "../options/words.ts";
import { createOutput, type Progress } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { showDataset } from "./data-show.ts";

const target = {
  name: { type: "string", valueHint: "NAME", description: "name of the data set (as the word before)" },
  replace: { type: "boolean", description: "replace a data set of this name" },
} as const;

export const fetchPublished = defineVerb({
  meta: {
    name: "fetch",
    description:
      "Downloads QM9 (86 MB) and rebuilds the split of EGNN and EDM: 100,000 / 17,748 / 13,083 molecules. A transfer that broke off goes on where it was.",
  },
  args: {
    dataset: { type: "positional", required: true, description: "qm9" },
    ...target,
    url: {
      type: "string",
      valueHint: "URL",
      description: "place that has dsgdb9nsd.xyz.tar.bz2 and uncharacterized.txt (also EQUIMOL_QM9_URL)",
    },
    ...commonOptions,
  },
  examples: [
    { command: "equimol data fetch qm9", does: "from figshare" },
    { command: "equimol data fetch qm9 --url https://mirror.example/qm9", does: "from a mirror" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    onlyOne("fetch", "qm9", args.dataset);
    const { fetchQm9 } = await import("../../data/fetch.ts");
    const name = args.name ?? args.dataset;
    let phase = "";
    let bar: Progress | undefined;
    await fetchQm9({
      name,
      baseUrl: args.url,
      replace: args.replace === true,
      named: optionWord,
      onProgress: (progress) => {
        const megabytes = progress.phase === "download";
        const units = (count: number) => (megabytes ? Math.round(count / 1e6) : count);
        if (progress.phase !== phase) {
          bar?.done();
          phase = progress.phase;
          bar = output.progress(megabytes ? "downloading (MB)" : "reading", units(progress.total));
        }
        bar?.update(units(progress.done));
      },
    }).finally(() => bar?.done());
    await showDataset(name, output);
  },
});

export const makeBuiltIn = defineVerb({
  meta: {
    name: "make",
    description:
      "Makes minimol: small molecules of H C N O F, drawn at random and relaxed with MMFF94. The same bytes for the same seed.",
  },
  args: {
    dataset: { type: "positional", required: true, description: "minimol" },
    count: { type: "string", valueHint: "N", default: "2500", description: "molecules" },
    ...seedOption,
    ...target,
    ...commonOptions,
  },
  examples: [
    { command: "equimol data make minimol", does: "2,500 molecules, in a minute" },
    { command: "equimol data make minimol --count 200 --name tiny", does: "enough for a try, in seconds" },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    onlyOne("make", "minimol", args.dataset);
    const count = integerOption("count", args.count, { min: 10 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const { makeMinimol } = await import("../../data/minimol.ts");
    const name = args.name ?? args.dataset;
    const bar = output.progress("molecules", count);
    await makeMinimol({
      name,
      count,
      seed,
      replace: args.replace === true,
      named: optionWord,
      onProgress: (made) => bar.update(made),
    }).finally(bar.done);
    await showDataset(name, output);
  },
});

function onlyOne(verb: string, known: string, given: string): void {
  if (given === known) return;
  const other = verb === "fetch" ? ["minimol", "make"] : ["qm9", "fetch"];
  const hint = given === other[0] ? `: equimol data ${other[1]} ${given}` : `; there is: ${known}`;
  throw new InputError(`"${given}" is not a data set to ${verb}${hint}`);
}

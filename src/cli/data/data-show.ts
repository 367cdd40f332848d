/** `equimol data list` and `equimol data show NAME`. */
import { describeDataset, listDatasets } from "../../data/catalog.ts";
import type { DatasetInfo, PropertyStatistics } from "../../data/dataset-info.ts";
import { dataHome } from "../../platform/node/home.ts";
import { section } from "../help.ts";
import { commonOptions, readingOption } from "../options/options.ts";
import { createOutput, type Output } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const list = defineVerb({
  meta: { name: "list", description: "The data sets there are." },
  args: { ...commonOptions },
  examples: [{ command: "equimol data list", does: "names, molecules, elements" }],
  run: async ({ args }) => {
    const output = createOutput(args);
    const entries = await listDatasets();
    output.result({
      home: dataHome(),
      datasets: entries.map(({ name, folder, info, problem }) => ({
        name,
        folder,
        ...(info === undefined ? { problem } : summary(info)),
      })),
    });
    if (entries.length === 0) {
      output.print(`no data sets in ${dataHome()} yet; "equimol data make minimol" makes one`);
      return;
    }
    const rows = entries.map(({ name, info, problem }): [string, string] => [
      name,
      info === undefined
        ? `damaged: ${problem}`
        : `${moleculesText(info)}; ${info.elements.join(" ")}; ${sizesText(info)}`,
    ]);
    output.print(section(`data sets in ${dataHome()}`, rows, output.colours));
  },
});

export const show = defineVerb({
  meta: { name: "show", description: "What a data set, or a molecule file, holds." },
  args: {
    data: {
      type: "positional",
      required: true,
      description: "name or folder of a data set, or a molecule file",
    },
    ...readingOption,
    ...commonOptions,
  },
  examples: [
    { command: "equimol data show minimol", does: "sizes, elements, properties, origin" },
    { command: "equimol data show molecules.sdf --json", does: "of a file, for a program" },
  ],
  run: async ({ args }) => showDataset(args.data, createOutput(args)),
});

/** Answers with what is known of the data set. */
export async function showDataset(nameOrPath: string, output: Output): Promise<void> {
  const { location, info } = await describeDataset(nameOrPath, dataHome(), output.reading);
  output.result({ location, ...info });
  const sources = info.provenance.sources.map(({ file }) => file);
  const named = sources.length > 3 ? [...sources.slice(0, 3), `… ${sources.length - 3} more`] : sources;
  const dropped = Object.entries(info.provenance.dropped)
    .filter(([, count]) => count > 0)
    .map(([why, count]) => `${count.toLocaleString("en")} ${why}`);
  output.print(
    section(
      info.name,
      [
        ["place", location],
        ["molecules", moleculesText(info)],
        ["elements", info.elements.map((symbol) => `${symbol} ${elementShare(info, symbol)}`).join("  ")],
        ["atoms", sizesText(info)],
        ["from", [info.provenance.command, ...named].join(", ")],
        ...(dropped.length > 0 ? [["left out", dropped.join(", ")] as const] : []),
        ["sha256", info.sha256],
      ],
      output.colours,
    ),
  );
  const properties = Object.entries(info.properties);
  if (properties.length === 0) return;
  output.print(
    `\n${section("Properties (of the training part)", properties.map(propertyRow), output.colours)}`,
  );
}

const summary = ({ molecules, atoms, elements, largest }: DatasetInfo) => ({
  molecules,
  atoms,
  elements,
  largest,
});

function moleculesText({ molecules: { train, valid, test } }: DatasetInfo): string {
  const parts = [`${train.toLocaleString("en")} train`];
  if (valid > 0) parts.push(`${valid.toLocaleString("en")} valid`);
  if (test > 0) parts.push(`${test.toLocaleString("en")} test`);
  return parts.join(" / ");
}

/** Smallest, mean and largest molecule, and a bar for each size between. */
function sizesText({ sizes, molecules }: DatasetInfo): string {
  const present = Object.keys(sizes).map(Number);
  const [least, most] = [Math.min(...present), Math.max(...present)];
  if (least === most) return `${most}`;
  const mean = present.reduce((sum, size) => sum + size * sizes[size], 0) / molecules.train;
  const highest = Math.max(...Object.values(sizes));
  const bars = Array.from({ length: most - least + 1 }, (_, k) => {
    const count = sizes[least + k] ?? 0;
    return count === 0 ? " " : "▁▂▃▄▅▆▇█"[Math.floor((7.99 * count) / highest)];
  });
  return `${least} … ${most}, mean ${mean.toFixed(1)}  ${bars.length <= 60 ? bars.join("") : ""}`.trimEnd();
}

function elementShare({ elementCounts }: DatasetInfo, symbol: string): string {
  const all = Object.values(elementCounts).reduce((a, b) => a + b, 0);
  return `${((100 * elementCounts[symbol]) / all).toFixed(1)} %`;
}

function propertyRow([name, { count, mean, mad, min, max, unit }]: [string, PropertyStatistics]): [
  string,
  string,
] {
  const text = (value: number | null): string =>
    value === null ? "?" : String(Number(value.toPrecision(6)));
  const known = `known of ${count.toLocaleString("en")}`;
  if (mean === null) return [name, known];
  return [
    name,
    `${known}; mean ${text(mean)} ± ${text(mad)} (MAD), ${text(min)} … ${text(max)} ${unit ?? ""}`.trimEnd(),
  ];
}

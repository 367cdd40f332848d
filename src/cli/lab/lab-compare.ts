/** `equimol lab compare`: all models on one data set for the same time, one table and one figure. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../errors.ts";
import { loadLabData } from "../../lab/data/catalog.ts";
import { labDataSchema } from "../../lab/data/settings.ts";
import { type ComparisonRow, compareLab, kernelBaseline } from "../../lab/figures/lab-comparison.ts";
import { dataPanel, samplePanel } from "../../lab/figures/lab-pictures.ts";
import { wallClock } from "../../lab/figures/lab-report.ts";
import { LAB_KINDS, labKind } from "../../lab/models/kinds.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { readSettings } from "../../train/config-file.ts";
import { figureSvg, writeFigure } from "../../views/pictures/figure.ts";
import { commonOptions, integerOption, numberOption, seedOption, threadsOption } from "../options/options.ts";
import { valuesOf } from "../options/words.ts";
import { createOutput } from "../output.ts";
import { exitCodeOf, onSignal, type Signal } from "../signals.ts";
import { defineVerb } from "../verb.ts";
import { measureArgs, measureOptions } from "./lab-run.ts";

export const labCompare = defineVerb({
  meta: {
    name: "compare",
    description: "Train all models of the lab on one data set for the same time and compare them.",
  },
  args: {
    data: {
      type: "string",
      default: "two-moons",
      valueHint: "NAME|FILE",
      description: "data of `equimol lab list`, or a file of points",
    },
    models: { type: "string", valueHint: "A,B,…", description: "only these models (all that take the data)" },
    seconds: { type: "string", default: "20", valueHint: "S", description: "training time of each model" },
    clock: {
      type: "string",
      default: "wall",
      valueHint: "wall|processor",
      description: "what all seconds are of: processor leaves out what other programs take",
    },
    out: {
      type: "string",
      valueHint: "FOLDER",
      description: "folder of runs, table and figure (runs/lab/compare-DATA)",
    },
    set: { type: "string", valueHint: "data.KEY=VALUE", description: "a setting of the data" },
    ...measureArgs,
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab compare --data two-moons", does: "every model, twenty seconds each" },
    {
      command: "equimol lab compare --data checkerboard --models real-nvp,maf,ddpm --seconds 60",
      does: "three of them, a minute each",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const kinds =
      args.models === undefined ? LAB_KINDS : args.models.split(",").map((name) => labKind(name.trim()));
    const seconds = numberOption("seconds", args.seconds, { min: 1 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    if (args.clock !== "wall" && args.clock !== "processor")
      throw new InputError(`--clock is wall or processor, not "${args.clock}"`);
    const clock = args.clock === "wall" ? wallClock : processorClock;
    const optionsFor = measureOptions(
      { samples: args.samples ?? "4000", "likelihood-rows": args["likelihood-rows"] ?? "1000" },
      seed,
    );
    const dataSettings = readSettings(labDataSchema, {
      assignments: valuesOf(rawArgs, "set").map((assignment) => assignment.replace(/^data\./, "")),
    });
    const data = await loadLabData(args.data, dataSettings);
    const out = args.out ?? join("runs", "lab", `compare-${data.name}`);
    if (existsSync(join(out, "compare.json")))
      throw new InputError("holds a comparison already; give another --out", { file: out });
    const options = optionsFor(data.shape);

    const abort = new AbortController();
    let signal: Signal | undefined;
    const release = onSignal((received) => {
      signal = received;
      abort.abort();
    });
    const progress = output.progress("comparing", kinds.length);
    const rows: ComparisonRow[] = [];
    try {
      const all = compareLab(kinds, {
        ...options,
        data,
        dataSettings,
        seconds,
        clock,
        out,
        signal: abort.signal,
        onKind: ({ name }) => progress.update(rows.length, name),
      });
      for await (const row of all) {
        rows.push(row);
        output.log("problem" in row ? `${row.model}: ${row.problem}` : `${row.model}: done`);
      }
    } catch (error) {
      if (signal === undefined) throw error;
      return { exitCode: exitCodeOf(signal) };
    } finally {
      progress.done();
      release();
    }
    const kernel = data.shape.kind === "points" ? kernelBaseline(data, options.likelihoodRows) : undefined;
    const table = comparisonTable(rows, kernel);
    const panels = rows.flatMap((row) =>
      "problem" in row ? [] : [samplePanel(data, row.model, row.samples, noteOf(row))],
    );
    const pictures = await writeFigure(join(out, "compare"), figureSvg([dataPanel(data), ...panels], 5));
    const result = {
      data: data.name,
      seconds,
      clock: args.clock,
      kernel,
      rows: rows.map((row) => ("samples" in row ? { ...row, samples: undefined } : row)),
      pictures,
    };
    await writeFileAtomically(join(out, "compare.json"), `${JSON.stringify(result, null, 2)}\n`);
    await writeFileAtomically(join(out, "compare.md"), `${table}\n`);
    output.result(result);
    output.print(`${table}\n\nfigure: ${pictures.join(", ")}`);
    return { exitCode: 0 };
  },
});

/** Seconds that this process has computed, in all its threads. */
const processorClock = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

type Measured = Extract<ComparisonRow, { readonly evaluation: unknown }>;

/** `≥ −0.31 nats, 1.2 × data` */
const noteOf = ({ evaluation: { logLikelihood: log, slicedWasserstein: distance } }: Measured): string =>
  `${log ? `log p ${log.kind === "exact" ? "=" : "≥"} ${log.mean.toFixed(2)}, ` : ""}SW ${distance.ratio.toFixed(1)} × data`;

/** Columns of equal width, readable as text and as Markdown. */
function comparisonTable(
  rows: readonly ComparisonRow[],
  kernel: ReturnType<typeof kernelBaseline> | undefined,
): string {
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

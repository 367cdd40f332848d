/** `equimol lab sample`: new rows from a trained model of the lab, as numbers and as a picture. */
import { extname } from "node:path";
import { InputError, WorkError } from "../../errors.ts";
import { rowLength } from "../../lab/data/lab-data.ts";
import { samplePanel } from "../../lab/figures/lab-pictures.ts";
import { loadLabModel } from "../../lab/models/lab-folder.ts";
import { sampleProduct } from "../../lab/models/score/annealed.ts";
import { findModel } from "../../models/edm/folder.ts";
import { writeFileAtomically } from "../../platform/node/atomic-write.ts";
import { prepareRuntime } from "../../platform/prepare.ts";
import { figureSvg, pngOf } from "../../views/pictures/figure.ts";
import { commonOptions, integerOption, seedOption, threadsOption } from "../options/options.ts";
import { createOutput, duration } from "../output.ts";
import { defineVerb } from "../verb.ts";
import { changedSettings, dataOf, setArg } from "./lab-run.ts";

export const labSample = defineVerb({
  meta: { name: "sample", description: "Draw new rows from a trained model of the lab." },
  args: {
    model: { type: "string", required: true, valueHint: "RUN", description: "run or model folder" },
    count: { type: "string", alias: "n", default: "1000", valueHint: "N", description: "how many rows" },
    out: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "file to write: .csv for the numbers, .svg or .png for a picture of them",
    },
    with: {
      type: "string",
      valueHint: "RUN",
      description:
        "another model of the same kind and levels: rows from the product of both densities (energy, ncsn)",
    },
    ...setArg,
    ...seedOption,
    ...threadsOption,
    ...commonOptions,
  },
  repeatable: ["set"],
  examples: [
    { command: "equimol lab sample --model runs/lab/ddpm-two-moons -n 1000 --out rows.csv", does: "numbers" },
    {
      command:
        "equimol lab sample --model runs/lab/ddpm-two-moons --set sampler=ddim --set sampleSteps=20 --out ddim.png",
      does: "a picture, with another sampler",
    },
  ],
  run: async ({ args, rawArgs }) => {
    const output = createOutput(args);
    const n = integerOption("count", args.count, { min: 1, max: 10_000_000 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const form = extname(args.out).toLowerCase();
    if (![".csv", ".svg", ".png"].includes(form))
      throw new InputError("ends in none of .csv, .svg, .png", { file: args.out });
    await prepareRuntime("cpu");
    const changes = changedSettings(rawArgs);
    const trained = await loadLabModel(findModel(args.model), changes);
    const { config, model, parameters, kind } = trained;
    const began = performance.now();
    const other = args.with === undefined ? undefined : await loadLabModel(findModel(args.with), changes);
    const rows = other
      ? await sampleProduct(
          [trained, other].map((each) => ({ ...each, columns: rowLength(each.config.shape) })),
          n,
          seed,
        )
      : await model.sample(parameters, n, seed);
    const seconds = (performance.now() - began) / 1000;
    if (!rows.every(Number.isFinite))
      throw new WorkError("samples are not finite: the model is not trained, or broken");
    if (form === ".csv") await writeFileAtomically(args.out, csv(rows, trained.config));
    else {
      const data = await dataOf(trained);
      const svg = figureSvg([samplePanel(data, kind.name, rows, `${n} samples, seed ${seed}`)], 1);
      await writeFileAtomically(args.out, form === ".svg" ? svg : await pngOf(svg));
    }
    output.result({ model: args.model, kind: kind.name, out: args.out, rows: n, seed, seconds });
    output.print(`${n} rows of ${rowLength(config.shape)} numbers in ${duration(seconds)} → ${args.out}`);
  },
});

/** One row in each line, in the unit of the data. */
function csv(
  rows: Float32Array,
  { shape, data }: Awaited<ReturnType<typeof loadLabModel>>["config"],
): string {
  const D = rowLength(shape);
  const { shift, scale } = data.standardisation ?? { shift: new Array<number>(D).fill(0), scale: 1 };
  const lines: string[] = [];
  for (let i = 0; i < rows.length; i += D) {
    const row = Array.from(rows.subarray(i, i + D), (x, d) => Number((shift[d] + scale * x).toPrecision(7)));
    lines.push(row.join(","));
  }
  return `${lines.join("\n")}\n`;
}

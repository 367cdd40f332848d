/** `equimol conformers`: structures of given molecules from a trained model. */
import { CONFORMER_SAMPLERS } from "../models/geodiff/config.ts";
import { CONFORMER_ENGINES } from "../models/geodiff/network.ts";
import { type ConformersToFileReport, conformersToFile } from "../workflows/node/conformers-to-file.ts";
import { follow } from "./follow.ts";
import {
  commonOptions,
  integerOption,
  numberOption,
  readingOption,
  seedOption,
  threadsOption,
} from "./options/options.ts";
import { createOutput, duration, type Output } from "./output.ts";
import { program, quoted } from "./program.ts";
import { defineVerb } from "./verb.ts";

export const conformers = defineVerb({
  meta: {
    name: "conformers",
    description: "Make conformers of given molecules by diffusion over their coordinates (GeoDiff).",
  },
  args: {
    molecule: {
      type: "positional",
      required: true,
      description:
        "a SMILES, or a file of many molecules: .smi, .sdf, .extxyz (bonds are perceived), .jsonl, each also .gz",
    },
    count: {
      type: "string",
      alias: "n",
      default: "10",
      valueHint: "N|Kx",
      description: "conformers of each molecule; 2x: twice as many as the file has of it",
    },
    out: {
      type: "string",
      required: true,
      valueHint: "FILE",
      description: "file to write: .sdf, .xyz or .extxyz, each also .gz",
    },
    model: {
      type: "string",
      default: "conformers",
      valueHint: "RUN|NAME",
      description: "model folder, run folder or shipped model",
    },
    sampler: {
      type: "enum",
      options: [...CONFORMER_SAMPLERS],
      description: "how noise becomes structures (what the model recommends, else sde-dpm-solver)",
    },
    steps: {
      type: "string",
      valueHint: "K",
      description: "denoising steps, at most the model's (what it recommends, else 50)",
    },
    temperature: {
      type: "string",
      valueHint: "τ",
      description:
        "multiplies the noise of the steps; below 1: geometry that is sounder and varies less (what the model recommends, else 1)",
    },
    limit: { type: "string", valueHint: "K", description: "only the first K molecules of the file" },
    "any-stereo": { type: "boolean", description: "keep conformers whose stereochemistry came out wrong" },
    relax: { type: "boolean", description: "then relax each with MMFF94" },
    "energy-window": {
      type: "string",
      valueHint: "E",
      description: "then leave out those more than E kcal/mol (MMFF94) above the lowest",
    },
    prune: {
      type: "string",
      valueHint: "R",
      description: "then leave out those within R Å (RMSD of heavy atoms) of one of lower energy",
    },
    rank: { type: "boolean", description: "then sort by energy (MMFF94)" },
    ...seedOption,
    engine: {
      type: "enum",
      options: [...CONFORMER_ENGINES],
      default: "auto",
      description: "what computes the network",
    },
    ...threadsOption,
    ...readingOption,
    ...commonOptions,
  },
  examples: [
    {
      command: 'equimol conformers "CC(=O)Oc1ccccc1C(=O)O" -n 50 --out aspirin.sdf',
      does: "50 conformers of aspirin",
    },
    {
      command:
        "equimol conformers molecules.smi -n 20 --relax --energy-window 10 --prune 0.5 --rank --out low.sdf",
      does: "of every SMILES of a file, cleaned up and sorted",
    },
    {
      command: "equimol conformers reference.sdf -n 2x --out generated.sdf",
      does: "twice as many as the reference has, to be measured against it",
    },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const { molecule, model, out, sampler, engine, relax, rank } = args;
    integerOption("threads", args.threads, { min: 1 });
    const options = {
      ...{ molecule, model, out, sampler, engine: { engine }, relax, rank },
      anyStereo: args["any-stereo"],
      count: countOption(args.count),
      steps: integerOption("steps", args.steps, { min: 1 }),
      seed: integerOption("seed", args.seed, { min: 0 }),
      limit: integerOption("limit", args.limit, { min: 1 }),
      temperature: numberOption("temperature", args.temperature, { min: 0, max: 2 }),
      energyWindow: numberOption("energy-window", args["energy-window"], { min: 0 }),
      prune: numberOption("prune", args.prune, { min: 0 }),
    };
    const report = await follow(output, (events) => conformersToFile({ ...events, ...options }));
    output.result(report);
    printDetails(output, report);
    const { molecules, conformers, steps, temperature, failed, seconds } = report;
    output.print(
      `${conformers} conformers of ${molecules} molecule${molecules === 1 ? "" : "s"} in ${duration(seconds)} (${report.sampler}, ${steps} steps${temperature === 1 ? "" : `, temperature ${temperature}`}, ${report.engine}) → ${out}\nMeasure them with: ${program()} evaluate conformers ${quoted(out)} REFERENCE`,
    );
    return { exitCode: failed.length > 0 ? 2 : 0 };
  },
});

/** "20", or "2x": so many for each structure of the input. */
function countOption(text: string): number | { readonly times: number } {
  const value = integerOption("count", text.replace(/x$/i, ""), { min: 1, max: 100_000 });
  return /x$/i.test(text) ? { times: value } : value;
}

/** What became of the stereochemistry, and the sets before and after each step of processing. */
function printDetails(output: Output, { stereo, failed, results }: ConformersToFileReport): void {
  const { of, wrong, mirrored, mended, resampled, rebuilt, rejected, lost } = stereo;
  if (wrong + rejected + lost > 0)
    output.log(
      `${wrong} of ${of} first samples were wrong in stereochemistry or broken (${percent(wrong, of)}); ${mirrored} mirrored, ${mended} mended, ${resampled} sampled anew, ${rebuilt} by distance geometry, ${rejected} given up${lost > 0 ? `; ${lost} not finite` : ""}`,
    );
  if (failed.length > 0)
    output.warn(
      `${failed.length} molecule${failed.length === 1 ? "" : "s"} failed; the others are in the file`,
    );
  for (const { name, stages } of results) {
    if (stages.length === 0) continue;
    output.print(name);
    for (const { step, conformers: left, meanEnergy, lowestEnergy, diversity, sound } of stages) {
      const energy =
        meanEnergy === null || lowestEnergy === null
          ? "no MMFF94 energy"
          : `energy ${meanEnergy.toFixed(1)} (lowest ${lowestEnergy.toFixed(1)}) kcal/mol`;
      output.print(
        `  ${step.padEnd(14)} ${String(left).padStart(5)} conformers  ${energy}  diversity ${diversity === null ? "–" : `${diversity.toFixed(2)} Å`}  sound ${percent(sound, left)}`,
      );
    }
  }
}

const percent = (count: number, of: number): string =>
  of === 0 ? "–" : `${((100 * count) / of).toFixed(1)} %`;

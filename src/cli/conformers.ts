/** `equimol conformers`: structures of given molecules from a trained model. */
import { symbolOf } from "../chem/elements.ts";
import type { Molecule } from "../chem/molecule.ts";
import { loadRdkit } from "../chem/rdkit.ts";
import type { GraphWithStereo } from "../chem/rdkit-graph.ts";
import { InputError } from "../errors.ts";
import {
  type ProcessingOptions,
  type ProcessingStage,
  processConformers,
} from "../evaluate/conformer-processing.ts";
import { coordinatesFit } from "../formats/format-molecules.ts";
import { findModel } from "../models/edm/folder.ts";
import { CONFORMER_SAMPLERS } from "../models/geodiff/config.ts";
import { loadConformerModel } from "../models/geodiff/folder.ts";
import {
  type ConformerOptions,
  generateConformers,
  recommendedConformerSampling,
  type StereoReport,
  takesTemperature,
} from "../models/geodiff/generate.ts";
import type { ConformerModel } from "../models/geodiff/model.ts";
import { CONFORMER_ENGINES, createConformerNetwork } from "../models/geodiff/network.ts";
import { checkMoleculeTarget, writeMolecules } from "../platform/node/molecules.ts";
import { type RequestedMolecule, requestedMolecules } from "./conformer-input.ts";
import { commonOptions, integerOption, numberOption, seedOption, threadsOption } from "./options/options.ts";
import { createOutput, duration, type Output } from "./output.ts";
import { program, quoted } from "./program.ts";
import { defineVerb } from "./verb.ts";

/** Larger molecules are refused: every pair of atoms is computed. */
const MAX_ATOMS = 150;

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
    const began = performance.now();
    const count = countOption(args.count);
    const wantedSteps = integerOption("steps", args.steps, { min: 1 });
    const seed = integerOption("seed", args.seed, { min: 0 });
    const limit = integerOption("limit", args.limit, { min: 1 });
    integerOption("threads", args.threads, { min: 1 });
    const cooling = numberOption("temperature", args.temperature, { min: 0, max: 2 });
    const energyWindow = numberOption("energy-window", args["energy-window"], { min: 0 });
    const prune = numberOption("prune", args.prune, { min: 0 });
    const processing: ProcessingOptions = {
      relax: args.relax === true,
      rank: args.rank === true,
      ...(energyWindow !== undefined && { energyWindow }),
      ...(prune !== undefined && { prune }),
    };
    await checkMoleculeTarget(args.out);
    const model = await loadConformerModel(findModel(args.model));
    const recommended = recommendedConformerSampling(
      args.sampler === undefined ? model.config : { ...model.config, sampling: undefined },
    );
    const sampler = CONFORMER_SAMPLERS.find((name) => name === args.sampler) ?? recommended.sampler;
    const steps = wantedSteps ?? recommended.steps;
    if (cooling !== undefined && !takesTemperature(sampler))
      throw new InputError(`--temperature multiplies the noise of the steps; ${sampler} adds none here`);
    const temperature = cooling ?? recommended.temperature;
    if (steps > model.schedule.steps)
      throw new InputError(`--steps takes an integer from 1 to ${model.schedule.steps}; got "${args.steps}"`);
    const rdkit = await loadRdkit();
    const network = await createConformerNetwork(model.config, {
      engine: args.engine,
      onNotice: output.log,
    });

    const results: MoleculeResult[] = [];
    const failures: { readonly name: string; readonly error: string }[] = [];
    const asked: RequestedMolecule[] = [];
    for await (const molecule of requestedMolecules(args.molecule, limit)) asked.push(molecule);
    const progress = output.progress("conformers", asked.length);
    const molecules = async function* (): AsyncGenerator<Molecule> {
      for (const [position, { name, structures, graph: graphOf }] of asked.entries()) {
        let graph: GraphWithStereo;
        try {
          graph = graphOf(rdkit);
          checkGraph(graph, model, name);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          if (asked.length === 1) throw error;
          output.warn(error.message);
          failures.push({ name, error: error.message });
          continue;
        }
        const wanted = count.times ? count.value * structures : count.value;
        const options: ConformerOptions = {
          count: wanted,
          seed,
          sampler,
          steps,
          temperature,
          anyStereo: args["any-stereo"] === true,
          onProgress: (share) => progress.update(position + share, name),
        };
        const { conformers: made, report } = await generateConformers(model, network, graph, options);
        const fitting = made.filter(({ positions }) =>
          coordinatesFit(args.out, { atomicNumbers: graph.topology.atomicNumbers, positions }),
        );
        const processed = asksForMore(processing)
          ? processConformers(graph.topology, graph.stereo, fitting, processing)
          : { conformers: fitting, stages: [] };
        results.push({
          name,
          conformers: processed.conformers.length,
          stereo: { ...report, lost: report.lost + made.length - fitting.length },
          stages: processed.stages,
        });
        if (processed.conformers.length === 0)
          failures.push({ name, error: `no conformer of ${wanted} was right` });
        for (const conformer of processed.conformers) {
          const { index, positions } = conformer;
          const { atomicNumbers, bonds, formalCharges } = graph.topology;
          const energy = "energy" in conformer ? conformer.energy : undefined;
          yield {
            name: `${name} conformer ${index}`,
            atomicNumbers,
            positions,
            bonds,
            formalCharges,
            properties: { seed, index, ...(energy !== undefined && { mmff94: energy }) },
          };
        }
      }
      if (results.every((result) => result.conformers === 0))
        throw new InputError(`no molecule of ${asked.length} gave a conformer: ${failures[0]?.error}`);
    };
    let written: number;
    try {
      written = await writeMolecules(args.out, molecules());
    } finally {
      progress.done();
      network.dispose();
    }
    const seconds = (performance.now() - began) / 1000;
    output.result({
      model: args.model,
      out: args.out,
      molecules: results.length,
      conformers: written,
      seed,
      sampler,
      steps,
      temperature,
      engine: network.name,
      seconds,
      stereo: totals(results),
      failed: failures,
      results,
    });
    report(output, results, failures.length);
    output.print(
      `${written} conformers of ${results.length} molecule${results.length === 1 ? "" : "s"} in ${duration(seconds)} (${sampler}, ${steps} steps${temperature === 1 ? "" : `, temperature ${temperature}`}, ${network.name}) → ${args.out}\nMeasure them with: ${program()} evaluate conformers ${quoted(args.out)} REFERENCE`,
    );
    return { exitCode: failures.length > 0 ? 2 : 0 };
  },
});

interface MoleculeResult {
  readonly name: string;
  readonly conformers: number;
  readonly stereo: StereoReport;
  readonly stages: readonly ProcessingStage[];
}

const asksForMore = ({ relax, rank, energyWindow, prune }: ProcessingOptions): boolean =>
  relax === true || rank === true || energyWindow !== undefined || prune !== undefined;

/** "20", or "2x": so many for each structure of the input. */
function countOption(text: string): { readonly value: number; readonly times: boolean } {
  const times = /x$/i.test(text);
  return { value: integerOption("count", text.replace(/x$/i, ""), { min: 1, max: 100_000 }), times };
}

/** @throws InputError for a molecule that the model cannot take */
function checkGraph({ topology }: GraphWithStereo, { config }: ConformerModel, name: string): void {
  const n = topology.atomicNumbers.length;
  if (n > MAX_ATOMS)
    throw new InputError(`${name}: ${n} atoms with hydrogens; at most ${MAX_ATOMS} are computed`);
  const strange = [...new Set(topology.atomicNumbers)].filter((z) => !config.elements.includes(z));
  if (strange.length > 0)
    throw new InputError(
      `${name}: ${strange.map(symbolOf).join(", ")} is not in the model's set (${config.elements.map(symbolOf).join(" ")})`,
    );
}

function totals(results: readonly MoleculeResult[]): StereoReport {
  const sum = (of: (report: StereoReport) => number): number =>
    results.reduce((total, { stereo }) => total + of(stereo), 0);
  return {
    of: sum(({ of }) => of),
    wrong: sum(({ wrong }) => wrong),
    mirrored: sum(({ mirrored }) => mirrored),
    resampled: sum(({ resampled }) => resampled),
    rejected: sum(({ rejected }) => rejected),
    lost: sum(({ lost }) => lost),
  };
}

/** What became of the stereochemistry, and the sets before and after each step of processing. */
function report(output: Output, results: readonly MoleculeResult[], failed: number): void {
  const { of, wrong, mirrored, resampled, rejected, lost } = totals(results);
  if (wrong + rejected + lost > 0)
    output.log(
      `stereochemistry: ${wrong} of ${of} first samples were wrong (${percent(wrong, of)}); ${mirrored} mirrored, ${resampled} sampled anew, ${rejected} given up${lost > 0 ? `; ${lost} not finite` : ""}`,
    );
  if (failed > 0)
    output.warn(`${failed} molecule${failed === 1 ? "" : "s"} failed; the others are in the file`);
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

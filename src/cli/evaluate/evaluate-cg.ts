/** `equimol evaluate cg`: coarse-grained samples and trajectories beside the data they are to follow. */
import { type EvaluateBeadsReport, evaluateBeads } from "../../workflows/node/evaluate-beads.ts";
import { follow } from "../follow.ts";
import { commonOptions, numberOption, readingOption, threadsOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";

export const evaluateCg = defineVerb({
  meta: {
    name: "cg",
    description:
      "Compare coarse-grained samples and trajectories with data: free energies of φ and ψ, basins, transitions, forces.",
  },
  args: {
    files: {
      type: "positional",
      required: false,
      description: "files of frames: samples, or trajectories of `simulate`",
    },
    data: { type: "string", required: true, valueHint: "NAME|FILE", description: "data set to compare with" },
    model: {
      type: "string",
      valueHint: "RUN|NAME",
      description: "compare the forces of this model with those mapped onto the beads of the data",
    },
    noise: {
      type: "string",
      valueHint: "Å",
      description: "noise level of these forces (what the model recommends)",
    },
    temperature: {
      type: "string",
      valueHint: "K",
      default: "300",
      description: "of the data, for free energies",
    },
    figure: {
      type: "string",
      valueHint: "STEM",
      description: "draw Ramachandran plots and free-energy profiles to STEM.svg and STEM.png",
    },
    ...threadsOption,
    ...readingOption,
    ...commonOptions,
  },
  variadic: true,
  examples: [
    {
      command: "equimol evaluate cg samples.extxyz trajectory.extxyz --data ala2 --figure rama",
      does: "samples and dynamics beside the data, with a picture",
    },
    {
      command: "equimol evaluate cg --data ala2 --model ala2-cg",
      does: "effective forces against mapped forces",
    },
  ],
  run: async ({ args }) => {
    const output = createOutput(args);
    const { data, model, figure, _: files } = args;
    const temperature = numberOption("temperature", args.temperature, { min: 1e-3 });
    const noise = numberOption("noise", args.noise, { min: 1e-4, max: 10 });
    const report = await follow(output, (events) =>
      evaluateBeads({ ...events, files, data, model, noise, temperature, figure }),
    );
    output.result(report);
    const pictures = figure === undefined ? [] : [`Pictures: ${figure}.svg, ${figure}.png`];
    output.print([...described(report), ...pictures].join("\n"));
  },
});

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function described({ data, basins, floor, sets, forces }: EvaluateBeadsReport): string[] {
  const train = `${data.name} train`;
  const lines = [
    `Basins of ${train} (φ, ψ): ${basins.map(({ phi, psi, share }) => `${phi}°, ${psi}° ${percent(share)}`).join(" · ")}`,
    ...[...(floor ? [floor] : []), ...sets].flatMap((row) =>
      compared(row, floor === undefined ? "the data" : train),
    ),
  ];
  if (forces)
    lines.push(
      `Forces at noise ${forces.noise} Å against ${forces.components / 3} mapped ones: RMS ${forces.model.toFixed(2)} and ${forces.mapped.toFixed(2)} kcal/mol/Å, difference ${forces.difference.toFixed(2)}, correlation ${forces.correlation.toFixed(3)}`,
    );
  return lines;
}

function compared(row: EvaluateBeadsReport["sets"][number], reference: string): string[] {
  const { divergence, transitions } = row;
  const total = transitions?.flat().reduce((sum, count) => sum + count, 0);
  return [
    "",
    `${row.file} (${row.frames.toLocaleString("en")} frames)`,
    `  Jensen–Shannon divergence of φ/ψ: ${divergence.phiPsi.toFixed(4)} bits from ${reference}${row.fresh ? `, ${row.fresh.phiPsi.toFixed(4)} from fresh data` : ""} (φ ${divergence.phi.toFixed(4)}, ψ ${divergence.psi.toFixed(4)})`,
    `  free energy: ${row.freeEnergyError.toFixed(3)} kcal/mol RMS from it`,
    `  basins: ${row.basins.map(percent).join(" · ")}`,
    ...(transitions
      ? [
          `  transitions: ${total}; from each basin to each ${transitions.map((counts) => counts.join(" ")).join(" | ")}`,
        ]
      : []),
  ];
}

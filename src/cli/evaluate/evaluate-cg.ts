/** `equimol evaluate cg`: coarse-grained samples and trajectories beside the data they are to follow. */
import { basename, dirname, resolve } from "node:path";
import { type MoleculeSet, moleculeAt, setSize } from "../../data/molecule-set.ts";
import { type Dataset, loadDataset } from "../../data/store.ts";
import { InputError } from "../../errors.ts";
import { findBasins } from "../../evaluate/basins.ts";
import { compareForces, compareTorsions, type TorsionComparison } from "../../evaluate/bead-report.ts";
import { type Torsions, torsionsOf } from "../../evaluate/ramachandran.ts";
import { loadCg } from "../../models/cg/folder.ts";
import { cgPotential } from "../../models/cg/force-field.ts";
import { commonBeads } from "../../models/cg/frames.ts";
import type { CgModel } from "../../models/cg/model.ts";
import { findModel } from "../../models/edm/folder.ts";
import { checkWritable } from "../../platform/node/atomic-write.ts";
import { figureSvg, writeFigure } from "../../views/pictures/figure.ts";
import { profilePanel, ramachandranPanel } from "../../views/pictures/ramachandran.ts";
import { commonOptions, numberOption, threadsOption } from "../options/options.ts";
import { createOutput } from "../output.ts";
import { defineVerb } from "../verb.ts";

const COLORS = ["#1f2328", "#cf222e", "#0969da", "#1a7f37", "#bf8700", "#8250df"];

/** Frames with what the comparison is made of. */
interface FrameSet {
  readonly label: string;
  readonly torsions: Torsions;
  /** Trajectories, where the frames say which replica they are of. */
  readonly chains?: readonly Torsions[];
}

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
    const temperature = numberOption("temperature", args.temperature, { min: 1e-3 });
    const noise = numberOption("noise", args.noise, { min: 1e-4, max: 10 });
    if (noise !== undefined && args.model === undefined)
      throw new InputError("--noise is the level of a model's forces; add --model");
    if (args.figure !== undefined) await checkWritable(`${args.figure}.svg`);
    const data = await loadDataset(args.data);
    const beads = commonBeads(data.train, data.info.name);
    if (beads.length < 5) throw new InputError(`φ and ψ need 5 beads; the data have ${beads.length}`);
    const train: FrameSet = {
      label: `${data.info.name} train`,
      torsions: torsionsOf(data.train.positions, beads.length),
    };
    const fresh = data.valid ?? data.test;
    const valid: FrameSet | undefined = fresh && {
      label: `${data.info.name} ${data.valid ? "valid" : "test"}`,
      torsions: torsionsOf(fresh.positions, commonBeads(fresh, data.info.name, beads).length),
    };
    const sets: FrameSet[] = [];
    for (const file of args._) sets.push(await readFrames(file, beads));

    const map = findBasins(train.torsions);
    const references = [train, ...(valid ? [valid] : [])];
    const against = ({ torsions, chains }: FrameSet, reference: FrameSet): TorsionComparison =>
      compareTorsions(torsions, reference.torsions, map, temperature, chains);
    const compared = sets.map((set) => ({
      file: set.label,
      ...against(set, train),
      ...(valid && { fresh: against(set, valid).divergence }),
    }));
    const floor = valid && { ...against(valid, train), file: valid.label };
    const model = args.model === undefined ? undefined : await loadCg(findModel(args.model));
    const forces = model && (await forceComparison(model, data, noise));
    if (args.figure !== undefined) await draw(args.figure, [...references, ...sets]);

    output.result({
      data: { name: data.info.name, train: setSize(data.train), valid: fresh ? setSize(fresh) : 0 },
      basins: map.basins,
      ...(floor && { floor }),
      sets: compared,
      ...(forces && { forces }),
    });
    const rows = [...(floor ? [{ ...floor, fresh: undefined }] : []), ...compared];
    output.print(
      [
        `Basins of ${train.label} (φ, ψ): ${map.basins.map(({ phi, psi, share }) => `${phi}°, ${psi}° ${percent(share)}`).join(" · ")}`,
        ...rows.flatMap((row) => described(row, floor === undefined ? "" : train.label)),
        ...(forces
          ? [
              `Forces at noise ${forces.noise} Å against ${forces.components / 3} mapped ones: RMS ${forces.model.toFixed(2)} and ${forces.mapped.toFixed(2)} kcal/mol/Å, difference ${forces.difference.toFixed(2)}, correlation ${forces.correlation.toFixed(3)}`,
            ]
          : []),
        ...(args.figure === undefined ? [] : [`Pictures: ${args.figure}.svg, ${args.figure}.png`]),
      ].join("\n"),
    );
  },
});

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

function described(
  row: TorsionComparison & {
    readonly file: string;
    readonly fresh?: TorsionComparison["divergence"] | undefined;
  },
  reference: string,
): string[] {
  const { divergence, transitions } = row;
  const total = transitions?.flat().reduce((sum, count) => sum + count, 0);
  return [
    "",
    `${row.file} (${row.frames.toLocaleString("en")} frames)`,
    `  Jensen–Shannon divergence of φ/ψ: ${divergence.phiPsi.toFixed(4)} bits from ${reference || "the data"}${row.fresh ? `, ${row.fresh.phiPsi.toFixed(4)} from fresh data` : ""} (φ ${divergence.phi.toFixed(4)}, ψ ${divergence.psi.toFixed(4)})`,
    `  free energy: ${row.freeEnergyError.toFixed(3)} kcal/mol RMS from it`,
    `  basins: ${row.basins.map(percent).join(" · ")}`,
    ...(transitions
      ? [
          `  transitions: ${total}; from each basin to each ${transitions.map((counts) => counts.join(" ")).join(" | ")}`,
        ]
      : []),
  ];
}

/** The frames of a file; those with a `replica` are trajectories, in the order of the file. */
async function readFrames(file: string, beads: readonly number[]): Promise<FrameSet> {
  const { train: set } = await loadDataset(file);
  commonBeads(set, file, beads);
  const torsions = torsionsOf(set.positions, beads.length);
  const replica = set.properties.replica;
  if (replica === undefined) return { label: file, torsions };
  const frames = new Map<number, number[]>();
  replica.forEach((b, k) => {
    const own = frames.get(b);
    if (own) own.push(k);
    else frames.set(b, [k]);
  });
  const chains = [...frames.values()].map((own) => ({
    phi: Float64Array.from(own, (k) => torsions.phi[k]),
    psi: Float64Array.from(own, (k) => torsions.psi[k]),
  }));
  return { label: file, torsions, chains };
}

/** Forces of the model at the frames of the data that were held out, against those in the data. */
async function forceComparison(model: CgModel, data: Dataset, noise = model.config.forceNoise) {
  const set: MoleculeSet = data.valid ?? data.test ?? data.train;
  if (set.forces === undefined)
    throw new InputError(`data set "${data.info.name}" has no forces to compare with`);
  commonBeads(set, data.info.name, model.config.beads);
  const { forces } = await cgPotential(model, noise).evaluate(
    set.positions,
    moleculeAt(set, 0).atomicNumbers,
  );
  return { noise, ...compareForces(forces, set.forces) };
}

/** What a file is called in a picture: its name without ending, a trajectory by its folder's. */
function shortName(label: string): string {
  const name = basename(label).replace(/\.(ext)?xyz(\.gz)?$/, "");
  return name === "trajectory" ? basename(dirname(resolve(label))) : name;
}

async function draw(stem: string, sets: readonly FrameSet[]): Promise<void> {
  const lines = (key: "phi" | "psi") =>
    sets.map(({ label, torsions }, k) => ({
      label: shortName(label),
      angles: torsions[key],
      color: COLORS[k % COLORS.length],
    }));
  const panels = [
    ...sets.map(({ label, torsions }) =>
      ramachandranPanel(
        shortName(label),
        torsions,
        `${torsions.phi.length.toLocaleString("en")} frames; free energy, dark is low`,
      ),
    ),
    profilePanel("Free energy of φ", "φ / °", lines("phi")),
    profilePanel("Free energy of ψ", "ψ / °", lines("psi")),
  ];
  await writeFigure(stem, figureSvg(panels, Math.min(3, Math.ceil(panels.length / 2))));
}

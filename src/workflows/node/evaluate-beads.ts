/** `equimol evaluate cg` as a function: coarse-grained samples and trajectories beside the data they are to follow. */
import { basename, dirname, resolve } from "node:path";
import { moleculeAt, setSize } from "../../data/molecule-set.ts";
import { type Dataset, loadDataset } from "../../data/store.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { type BasinMap, findBasins } from "../../evaluate/basins.ts";
import {
  compareForces,
  compareTorsions,
  type ForceComparison,
  type TorsionComparison,
} from "../../evaluate/bead-report.ts";
import { type Torsions, torsionsOf } from "../../evaluate/ramachandran.ts";
import type { Reading } from "../../formats/records.ts";
import { loadCg } from "../../models/cg/folder.ts";
import { cgPotential } from "../../models/cg/force-field.ts";
import { commonBeads } from "../../models/cg/frames.ts";
import { findModel } from "../../models/edm/folder.ts";
import { energyUnitNamed, kcalOf } from "../../physics/units.ts";
import { breath } from "../../platform/breath.ts";
import { checkWritable } from "../../platform/node/atomic-write.ts";
import { writeFigure } from "../../views/pictures/figure.ts";
import { torsionsFigure } from "../../views/pictures/ramachandran.ts";
import { reporterOf, type WorkflowOptions } from "../workflow.ts";

/** Frames that are compared with data, and a model whose forces are. */
export interface EvaluateBeadsOptions extends WorkflowOptions {
  /** Files of frames: samples, or trajectories, whose frames say which replica they are of. */
  readonly files?: readonly string[] | undefined;
  /** Data set, or file of frames, to compare with. */
  readonly data: string;
  /** Compare the forces of this model with those mapped onto the beads of the data. */
  readonly model?: string | undefined;
  /** Noise level of these forces, Å; what the model recommends by default. */
  readonly noise?: number | undefined;
  /** Of the data, for free energies; 300 K by default. */
  readonly temperature?: number | undefined;
  /** Draw Ramachandran plots and free-energy profiles to this name with .svg and .png. */
  readonly figure?: string | undefined;
}

/** Distances from the data beside those that chance makes. */
export interface EvaluateBeadsReport {
  readonly data: { readonly name: string; readonly train: number; readonly valid: number };
  readonly basins: BasinMap["basins"];
  /** The data's own validation (or test) part against its training part: what there is to reach. */
  readonly floor?: TorsionComparison & { readonly file: string };
  /** Each file against the training part, and against the fresh one where there is one. */
  readonly sets: readonly (TorsionComparison & {
    readonly file: string;
    readonly fresh?: TorsionComparison["divergence"];
  })[];
  readonly forces?: ForceComparison & { readonly noise: number };
}

/** Frames with what the comparison is made of. */
interface FrameSet {
  readonly label: string;
  readonly torsions: Torsions;
  /** Trajectories, where the frames say which replica they are of. */
  readonly chains?: readonly Torsions[];
}

/** @throws InputError for frames of other beads, a model without data of forces, or options that do not fit each other */
export async function evaluateBeads(options: EvaluateBeadsOptions): Promise<EvaluateBeadsReport> {
  const { files = [], noise, temperature = 300, figure, signal } = options;
  const { task, named, notice, reading } = reporterOf(options);
  if (noise !== undefined && options.model === undefined)
    throw new InputError(`${named("noise")} is the level of a model's forces; add ${named("model")}`);
  if (figure !== undefined) await checkWritable(`${figure}.svg`);
  const data = await loadDataset(options.data, reading);
  const { name } = data.info;
  const beads = commonBeads(data.train, name);
  if (beads.length < 5) throw new InputError(`φ and ψ need 5 beads; the data have ${beads.length}`);
  const train: FrameSet = {
    label: `${name} train`,
    torsions: torsionsOf(data.train.positions, beads.length),
  };
  const fresh = data.valid ?? data.test;
  const valid: FrameSet | undefined = fresh && {
    label: `${name} ${data.valid ? "valid" : "test"}`,
    torsions: torsionsOf(fresh.positions, commonBeads(fresh, name, beads).length),
  };
  const progress = task("comparing", files.length);
  const map = findBasins(train.torsions);
  const against = ({ torsions, chains }: FrameSet, reference: FrameSet): TorsionComparison =>
    compareTorsions(torsions, reference.torsions, map, temperature, chains);
  const read: FrameSet[] = [];
  const sets: EvaluateBeadsReport["sets"][number][] = [];
  for (const file of files) {
    await breath();
    signal?.throwIfAborted();
    const set = await readFrames(file, beads, reading);
    read.push(set);
    sets.push({
      file,
      ...against(set, train),
      ...(valid && { fresh: against(set, valid).divergence }),
    });
    progress(sets.length);
  }
  const forces =
    options.model === undefined
      ? undefined
      : await forcesOf(options.model, data, noise, { onNotice: notice });
  signal?.throwIfAborted();
  if (figure !== undefined) {
    const all = [train, ...(valid ? [valid] : []), ...read];
    const drawn = all.map(({ label, torsions }) => ({ label: shortName(label), torsions }));
    await writeFigure(figure, torsionsFigure(drawn));
  }
  return {
    data: { name, train: setSize(data.train), valid: fresh ? setSize(fresh) : 0 },
    basins: map.basins,
    ...(valid && { floor: { ...against(valid, train), file: valid.label } }),
    sets,
    ...(forces && { forces }),
  };
}

/** The frames of a file; those with a `replica` are trajectories, in the order of the file. */
async function readFrames(file: string, beads: readonly number[], reading: Reading): Promise<FrameSet> {
  const { train: set } = await loadDataset(file, reading);
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
async function forcesOf(
  source: string,
  data: Dataset,
  chosen: number | undefined,
  engine: EngineOptions,
): Promise<NonNullable<EvaluateBeadsReport["forces"]>> {
  const model = await loadCg(findModel(source));
  const noise = chosen ?? model.config.forceNoise;
  const set = data.valid ?? data.test ?? data.train;
  if (set.forces === undefined)
    throw new InputError(`data set "${data.info.name}" has no forces to compare with`);
  commonBeads(set, data.info.name, model.config.beads);
  const potential = cgPotential(model, noise, engine);
  try {
    const { forces } = await potential.evaluate(set.positions, moleculeAt(set, 0).atomicNumbers);
    const known = inKcal(set.forces, data);
    return { noise, ...compareForces(forces, known) };
  } finally {
    potential.dispose?.();
  }
}

/** Forces of the data in kcal/mol/Å: as they are where the data say no unit. @throws InputError for data in no unit of energy */
function inKcal(forces: Float64Array, { info }: Dataset): Float64Array {
  const own = info.properties.energy?.unit;
  if (own === undefined) return forces;
  const unit = energyUnitNamed(own);
  if (unit === undefined)
    throw new InputError(`data set "${info.name}" has energies in "${own}", which is no unit of energy`);
  return unit === "kcal/mol" ? forces : forces.map((f) => kcalOf(unit) * f);
}

/** What a file is called in a picture: its name without ending, a trajectory by its folder's. */
function shortName(label: string): string {
  const name = basename(label).replace(/\.(ext)?xyz(\.gz)?$/, "");
  return name === "trajectory" ? basename(dirname(resolve(label))) : name;
}

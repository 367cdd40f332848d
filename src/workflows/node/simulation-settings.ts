/** What a simulation is asked to be, as settings: of a new one, and of one that goes on. */
import { existsSync } from "node:fs";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError } from "../../errors.ts";
import { loadCg } from "../../models/cg/folder.ts";
import { beadsAt, recommendedSampling, sampleBeads } from "../../models/cg/generate.ts";
import { findModel } from "../../models/edm/folder.ts";
import { ARGON } from "../../physics/reference-potentials.ts";
import { readSettings } from "../../simulate/folder.ts";
import { isCoarseGrained, modelSettings } from "../../simulate/open-potential.ts";
import {
  isDynamics,
  type Method,
  type PotentialSettings,
  type SimulationSettings,
  simulationSettingsSchema,
} from "../../simulate/settings.ts";
import { startingMolecules } from "../../simulate/start.ts";
import type { Reporter } from "../workflow.ts";

/** Potentials with a closed form. */
export const CLOSED_FORMS = ["lennard-jones", "harmonic"] as const;

/** Of a simulation that goes on, all but `steps` and `time` is as it was. */
export interface SimulationRequest {
  /**
   * File, or molecules, to start from; with replicas one for each, over again when they run out. A coarse-grained
   * model starts from samples of its own.
   */
  readonly start?: string | readonly Molecule[] | undefined;
  /** Force field: model folder, run folder or shipped model. */
  readonly model?: string | undefined;
  /** In place of a model. */
  readonly potential?: (typeof CLOSED_FORMS)[number] | undefined;
  /** Depth of Lennard-Jones, kcal/mol; argon's by default. */
  readonly epsilon?: number | undefined;
  /** Diameter of Lennard-Jones, Å; argon's by default. */
  readonly sigma?: number | undefined;
  /** Of Lennard-Jones, Å; none by default. */
  readonly cutoff?: number | undefined;
  /** Of harmonic wells, kcal/mol/Å²; 100 by default. */
  readonly stiffness?: number | undefined;
  /** Å: noise level whose score is the force of a coarse-grained model; what it recommends by default. */
  readonly noise?: number | undefined;
  /** "nvt" (Langevin BAOAB) by default, "nve" (velocity Verlet); "fire" and "lbfgs" optimise the geometry. */
  readonly method?: Method | undefined;
  /** Length in ps, 10 by default. */
  readonly time?: number | undefined;
  /** The same in steps; of optimisations the most there may be, 1000 by default. */
  readonly steps?: number | undefined;
  /** fs, 0.5 by default. */
  readonly timestep?: number | undefined;
  /** K, 300 by default: of the first velocities, and of the thermostat. */
  readonly temperature?: number | undefined;
  /** Of nvt, 1/ps; 1 by default. */
  readonly friction?: number | undefined;
  /** Trajectories at once, 1 by default. */
  readonly replicas?: number | undefined;
  /** Steps from frame to frame, 20 by default; 1 of optimisations. */
  readonly every?: number | undefined;
  /** Of energies that are written; kcal/mol by default. */
  readonly units?: SimulationSettings["units"] | undefined;
  /** Optimisations end when no atom feels more, kcal/mol/Å; 0.1 by default. */
  readonly forceTolerance?: number | undefined;
  /** Of velocities and noise. */
  readonly seed?: number | undefined;
}

type Named = Reporter["named"];

/** @throws InputError for values or combinations that make no simulation */
export async function newSettings(request: SimulationRequest, named: Named): Promise<SimulationSettings> {
  const { method = "nvt", units = "kcal/mol", replicas = 1, seed = 0, timestep = 0.5 } = request;
  const { temperature = 300, friction = 1, forceTolerance = 0.1 } = request;
  const { every = isDynamics(method) ? 20 : 1 } = request;
  const steps = stepsOf(request, { method, timestep }, named);
  const potential = await potentialOf(request, named);
  const molecules = await startOf(request, replicas, seed);
  const settings = simulationSettingsSchema.safeParse({
    ...{ format: 1, method, units, replicas, timestep, temperature, friction, seed, every, forceTolerance },
    ...{ steps, potential },
    elements: Array.from(molecules[0]?.atomicNumbers ?? []),
    start: molecules.flatMap(({ positions }) => Array.from(positions)),
  });
  if (settings.success) return settings.data;
  const [{ path, message }] = settings.error.issues;
  throw new InputError(`${named(String(path.at(path[0] === "potential" ? -1 : 0)))}: ${message}`);
}

/** The molecules of the file; of a coarse-grained model, where there is none, samples of it. */
async function startOf(
  { start, model }: SimulationRequest,
  replicas: number,
  seed: number,
): Promise<readonly Molecule[]> {
  if (start !== undefined) return startingMolecules(start, replicas);
  const folder = model === undefined ? undefined : findModel(model);
  if (folder === undefined || !(await isCoarseGrained(folder)))
    throw new InputError("a file with the molecule to start from is missing: equimol simulate START …");
  const beads = await loadCg(folder);
  const { sampler, steps } = recommendedSampling(beads.config);
  const positions = await sampleBeads(beads, { count: replicas, seed, sampler, steps });
  return Array.from({ length: replicas }, (_, b) => beadsAt(beads.config.beads, positions, b));
}

async function potentialOf(request: SimulationRequest, named: Named): Promise<PotentialSettings> {
  const { model, potential, noise } = request;
  if (model !== undefined && potential !== undefined)
    throw new InputError(
      `${named("model")} and ${named("potential")} both say where forces come from; give one of them`,
    );
  if (model !== undefined) {
    const needless = (["epsilon", "sigma", "cutoff", "stiffness"] as const).find(
      (name) => request[name] !== undefined,
    );
    if (needless !== undefined)
      throw new InputError(`${named(needless)} belongs to ${named("potential")}, not to a model`);
    return modelSettings(model, noise);
  }
  if (noise !== undefined)
    throw new InputError(
      `${named("noise")} is the level of a coarse-grained model's force; ${named("potential")} has none`,
    );
  const { epsilon = ARGON.epsilon, sigma = ARGON.sigma, cutoff, stiffness = 100 } = request;
  if (potential === "lennard-jones")
    return { kind: potential, epsilon, sigma, ...(cutoff === undefined ? {} : { cutoff }) };
  if (potential === "harmonic") return { kind: potential, stiffness };
  throw new InputError(
    `where do forces come from? Give ${named("model")}, or ${named("potential")} ${CLOSED_FORMS.join(" or ")}`,
  );
}

/** What a run was started with and cannot be changed when it goes on. */
const FIXED = [
  ...(["model", "potential", "method", "timestep", "temperature", "friction", "replicas", "every"] as const),
  ...(["units", "seed", "epsilon", "sigma", "cutoff", "stiffness", "forceTolerance", "noise"] as const),
];

/** Settings of the run in a folder; what they fix may not be given again, except as it is. @throws InputError */
export async function resumedSettings(
  out: string,
  request: SimulationRequest,
  named: Named,
): Promise<SimulationSettings> {
  if (!existsSync(out)) throw new InputError("there is no such folder to resume", { file: out });
  const settings = await readSettings(out);
  if (!isDynamics(settings.method))
    throw new InputError("is an optimisation, which is not resumed; start another from its final.extxyz", {
      file: out,
    });
  const was: Readonly<Record<string, unknown>> = {
    ...settings.potential,
    ...settings,
    potential: settings.potential.kind,
  };
  for (const name of FIXED) {
    const given = request[name];
    if (given === undefined || given === was[name]) continue;
    throw new InputError(
      `the simulation in ${out} was started with ${named(name)} ${was[name] ?? "(none)"}, not ${given}; leave it out, or start another`,
    );
  }
  const { start } = request;
  if (start !== undefined) {
    const [molecule] = await startingMolecules(start, 1);
    if (molecule.atomicNumbers.join() !== settings.elements.join())
      throw new InputError(
        `holds other atoms than the simulation in ${out}; leave it out`,
        typeof start === "string" ? { file: start } : {},
      );
  }
  return { ...settings, steps: stepsOf(request, settings, named, settings.steps) };
}

/** Steps in all; by default `otherwise`, or 10 ps, or for optimisations 1000. */
function stepsOf(
  { steps, time }: SimulationRequest,
  { method, timestep }: Pick<SimulationSettings, "method" | "timestep">,
  named: Named,
  otherwise?: number,
): number {
  if (steps !== undefined && time !== undefined)
    throw new InputError(`${named("steps")} and ${named("time")} both say how long; give one of them`);
  if (!isDynamics(method)) {
    if (time !== undefined)
      throw new InputError(`${named("time")} is of dynamics; an optimisation takes ${named("steps")}`);
    return steps ?? otherwise ?? 1000;
  }
  const asked =
    steps ?? (time === undefined ? otherwise : undefined) ?? Math.round((1000 * (time ?? 10)) / timestep);
  if (!(asked >= 1 && asked < 2 ** 32))
    throw new InputError(
      `${named("time")} ${time} ps is ${asked} steps of ${timestep} fs; expected from 1 to 4 billion`,
    );
  return asked;
}

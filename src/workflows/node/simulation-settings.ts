/** What a simulation in a folder is asked to be, as settings: of a new one, and of one that goes on. */
import { existsSync } from "node:fs";
import type { Molecule } from "../../chem/molecule.ts";
import { InputError, type Named } from "../../errors.ts";
import type { Reading } from "../../formats/records.ts";
import type { CgModel } from "../../models/cg/model.ts";
import type { GeometricModel } from "../../models/geometric/model.ts";
import { readMolecules } from "../../platform/node/molecules.ts";
import { marksOf, massesOf } from "../../simulate/marks.ts";
import { readSettings } from "../../simulate/node/folder.ts";
import { loadForces, modelSettings } from "../../simulate/node/model-settings.ts";
import { isCoarseGrained } from "../../simulate/open-potential.ts";
import { isDynamics, type SimulationSettings, simulationSettingsSchema } from "../../simulate/settings.ts";
import { startingMolecules } from "../../simulate/start.ts";
import {
  type ClosedForm,
  forcesOf,
  type SimulationRequest,
  sampledStart,
  settingsOf,
  stepsOf,
} from "../simulation-request.ts";

/** Of a simulation that goes on, all but `steps` and `time` is as it was. */
export interface FolderSimulationRequest extends SimulationRequest {
  /**
   * File, or molecules, to start from; with replicas one for each, over again when they run out. A coarse-grained
   * model starts from samples of its own.
   */
  readonly start?: string | readonly Molecule[] | undefined;
  /** Force field: model folder, run folder or shipped model. */
  readonly model?: string | undefined;
  /** In place of a model. */
  readonly potential?: ClosedForm | undefined;
}

/** @throws InputError for values or combinations that make no simulation */
export async function newSettings(
  request: FolderSimulationRequest,
  named: Named,
  reading: Reading = {},
): Promise<SimulationSettings> {
  const steps = stepsOf(request, named);
  const forces = forcesOf(request, named);
  const model = forces.kind === "model" ? await loadForces(forces.model) : undefined;
  const potential =
    forces.kind === "model" && model ? modelSettings(forces.model, model, forces.noise, named) : forces;
  const molecules = await startOf(request, model, reading);
  return settingsOf(simulationSettingsSchema, request, { format: 1, steps, potential, molecules }, named);
}

async function startOf(
  request: FolderSimulationRequest,
  model: GeometricModel | CgModel | undefined,
  reading: Reading,
): Promise<Molecule[]> {
  if (request.start !== undefined) return moleculesOf(request.start, request.replicas ?? 1, reading);
  if (model === undefined || !isCoarseGrained(model))
    throw new InputError("a file with the molecule to start from is missing: equimol simulate START …");
  return sampledStart(model, request);
}

/** The first molecules of a file or a list, one for each replica. @throws InputError when they do not fit together */
async function moleculesOf(
  start: string | readonly Molecule[],
  replicas: number,
  reading: Reading,
): Promise<Molecule[]> {
  if (typeof start !== "string") return startingMolecules(start, replicas);
  const read: Molecule[] = [];
  for await (const molecule of readMolecules(start, { ...reading, limit: replicas })) read.push(molecule);
  return startingMolecules(read, replicas, { file: start });
}

/** What a run was started with and cannot be changed when it goes on. */
const FIXED = [
  ...(["model", "potential", "method", "timestep", "temperature", "friction", "replicas", "every"] as const),
  ...(["units", "seed", "epsilon", "sigma", "cutoff", "stiffness", "forceTolerance", "noise"] as const),
];

/** Settings of the run in a folder; what they fix may not be given again, except as it is. @throws InputError */
export async function resumedSettings(
  out: string,
  request: FolderSimulationRequest,
  named: Named,
  reading: Reading = {},
): Promise<SimulationSettings> {
  if (!existsSync(out)) throw new InputError("there is no such folder to resume", { file: out });
  const settings = await readSettings(out, named);
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
  const { start, steps, time } = request;
  if (start !== undefined) {
    const [molecule] = await moleculesOf(start, 1, reading);
    const elements = Array.from(molecule.atomicNumbers) as SimulationSettings["elements"];
    const masses = massesOf({ elements, ...marksOf(molecule) });
    if (elements.join() !== settings.elements.join() || masses.join() !== massesOf(settings).join())
      throw new InputError(
        `holds other atoms than the simulation in ${out}; leave it out`,
        typeof start === "string" ? { file: start } : {},
      );
  }
  return { ...settings, steps: stepsOf({ ...settings, steps, time }, named, settings.steps) };
}

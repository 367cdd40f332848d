/** Molecular dynamics or the optimisation of a geometry, in memory. Runs in Node and in a page. */
import type { Molecule } from "../chem/molecule.ts";
import { InputError } from "../errors.ts";
import type { CgModel } from "../models/cg/model.ts";
import type { GeometricModel } from "../models/geometric/model.ts";
import type { Potential } from "../physics/potential.ts";
import { isCoarseGrained } from "../simulate/open-potential.ts";
import { createMemory, type ObservablesLine } from "../simulate/record.ts";
import { runSettingsSchema } from "../simulate/settings.ts";
import { startingMolecules } from "../simulate/start.ts";
import { summarize } from "../simulate/summary.ts";
import { type SimulationFigures, type SittingOptions, sit } from "./simulation.ts";
import {
  type ClosedForm,
  forcesOf,
  type SimulationRequest,
  sampledStart,
  settingsOf,
  stepsOf,
} from "./simulation-request.ts";
import { reporterOf } from "./workflow.ts";

/** What moves, by which forces, how long. */
export interface SimulateOptions extends SittingOptions, SimulationRequest {
  /**
   * What to start from; with replicas one molecule for each, over again when they run out. A coarse-grained model
   * starts from samples of its own.
   */
  readonly start?: readonly Molecule[] | undefined;
  /** Force field, or a coarse-grained model. */
  readonly model?: GeometricModel | CgModel | undefined;
  /** In place of a model: a closed form by name, or a potential of your own, which stays yours to dispose of. */
  readonly potential?: ClosedForm | Potential | undefined;
  /** Called with each frame as it is made; replicas of a step come in their order. */
  readonly onFrame?: ((frame: Molecule) => void) | undefined;
}

/** A simulation in memory: its figures and its frames. */
export type SimulateReport = SimulationFigures & {
  /** Every `every` steps one of each replica, with energies, forces, step and time among its properties. */
  readonly frames: readonly Molecule[];
  /** The last configuration of each replica. */
  readonly final: readonly Molecule[];
  /** The same moments as the frames: energies in kcal/mol, temperatures in K, of all replicas. */
  readonly lines: readonly ObservablesLine[];
};

/**
 * Runs until its end, `maxSeconds` or the signal.
 * @throws InputError for settings or a start that make no sense, and when the trajectory explodes
 * @example const { frames } = await simulate({ model: await geometricFromUrl("./ethanol"), start: [ethanol], time: 1 });
 */
export async function simulate(options: SimulateOptions): Promise<SimulateReport> {
  const { named } = reporterOf(options);
  const steps = stepsOf(options, named);
  const source = forcesOf(options, named);
  const molecules = await startOf(options);
  const potential = source.kind === "model" || source.kind === "own" ? undefined : source;
  const settings = settingsOf(runSettingsSchema, options, { steps, potential, molecules }, named);
  const { record, final, figures } = await sit(
    {
      ...{ settings, source, resumed: false, place: {} },
      open: async () => createMemory(options.onFrame),
    },
    options,
  );
  const { frames, lines } = record;
  const summary = await summarize({ settings, lines, frames, bonded: source.kind === "model" });
  return { ...figures(summary), frames, final, lines };
}

async function startOf(options: SimulateOptions): Promise<Molecule[]> {
  const { start, model, replicas = 1 } = options;
  if (start !== undefined) return startingMolecules(start, replicas);
  if (model === undefined || !isCoarseGrained(model))
    throw new InputError(`${reporterOf(options).named("start")} is missing: the molecule to start from`);
  return sampledStart(model, options);
}

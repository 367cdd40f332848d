/** What a simulation is asked to be, and the settings that it makes. */
import type { z } from "zod";
import type { Molecule } from "../chem/molecule.ts";
import { InputError, type Named } from "../errors.ts";
import { beadsAt, recommendedSampling, sampleBeads } from "../models/cg/generate.ts";
import type { CgModel } from "../models/cg/model.ts";
import type { Potential } from "../physics/potential.ts";
import { ARGON } from "../physics/reference-potentials.ts";
import { marksOf } from "../simulate/marks.ts";
import type { PotentialSource } from "../simulate/open-potential.ts";
import {
  isDynamics,
  type Method,
  type RunSettings,
  type runSettingsSchema,
  type simulationSettingsSchema,
} from "../simulate/settings.ts";

/** Potentials with a closed form. */
export const CLOSED_FORMS = ["lennard-jones", "harmonic"] as const;
/** Name of a potential with a closed form. */
export type ClosedForm = (typeof CLOSED_FORMS)[number];

/** How long and how a simulation runs; what is left out is as written here. */
export interface SimulationRequest {
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
  readonly units?: RunSettings["units"] | undefined;
  /** Optimisations end when no atom feels more, kcal/mol/Å; 0.1 by default. */
  readonly forceTolerance?: number | undefined;
  /** Of velocities and noise. */
  readonly seed?: number | undefined;
}

/**
 * The settings of a request.
 * @param parts what they have besides: steps, settings of the potential, a molecule for each replica to begin with
 * @throws InputError naming the option that is wrong
 */
export function settingsOf<S extends typeof runSettingsSchema | typeof simulationSettingsSchema>(
  schema: S,
  request: SimulationRequest,
  parts: Readonly<Record<string, unknown>> & { readonly molecules: readonly Molecule[] },
  named: Named,
): z.infer<S> {
  const { method = "nvt", units = "kcal/mol", replicas = 1, seed = 0, timestep = 0.5 } = request;
  const { temperature = 300, friction = 1, forceTolerance = 0.1 } = request;
  const { every = isDynamics(method) ? 20 : 1 } = request;
  const { molecules, ...others } = parts;
  const settings = schema.safeParse({
    ...{ method, units, replicas, timestep, temperature, friction, seed, every, forceTolerance },
    ...others,
    elements: Array.from(molecules[0]?.atomicNumbers ?? []),
    ...(molecules[0] && marksOf(molecules[0])),
    start: molecules.flatMap(({ positions }) => Array.from(positions)),
  });
  if (settings.success) return settings.data as z.infer<S>;
  const [{ path, message }] = settings.error.issues;
  throw new InputError(`${named(String(path.at(path[0] === "potential" ? -1 : 0)))}: ${message}`);
}

/**
 * Where a request says that forces come from.
 * @throws InputError where it says nothing, two things, or has options that belong to another
 */
export function forcesOf<Model>(
  request: SimulationRequest & {
    readonly model?: Model | undefined;
    readonly potential?: ClosedForm | Potential | undefined;
  },
  named: Named,
):
  | { readonly kind: "model"; readonly model: Model; readonly noise?: number }
  | Exclude<PotentialSource, { readonly kind: "model" }> {
  const { model, potential, noise } = request;
  if (model !== undefined && potential !== undefined)
    throw new InputError(
      `${named("model")} and ${named("potential")} both say where forces come from; give one of them`,
    );
  const needless = (["epsilon", "sigma", "cutoff", "stiffness"] as const).find(
    (name) => request[name] !== undefined,
  );
  const otherwise = model !== undefined || typeof potential === "object";
  if (otherwise && needless !== undefined)
    throw new InputError(
      `${named(needless)} belongs to ${named("potential")}, not to a ${model === undefined ? "potential of your own" : "model"}`,
    );
  if (model !== undefined) return { kind: "model", model, ...(noise !== undefined && { noise }) };
  if (noise !== undefined)
    throw new InputError(
      `${named("noise")} is the level of a coarse-grained model's force; ${named("potential")} has none`,
    );
  if (typeof potential === "object") return { kind: "own", potential };
  const { epsilon = ARGON.epsilon, sigma = ARGON.sigma, cutoff, stiffness = 100 } = request;
  if (potential === "lennard-jones")
    return { kind: potential, epsilon, sigma, ...(cutoff === undefined ? {} : { cutoff }) };
  if (potential === "harmonic") return { kind: potential, stiffness };
  throw new InputError(
    `where do forces come from? Give ${named("model")}, or ${named("potential")} ${CLOSED_FORMS.join(" or ")}`,
  );
}

/** Samples of a coarse-grained model, one for each replica to begin with. */
export async function sampledStart(
  model: CgModel,
  { replicas = 1, seed = 0 }: SimulationRequest,
): Promise<Molecule[]> {
  const { beads } = model.config;
  const positions = await sampleBeads(model, { ...recommendedSampling(model.config), count: replicas, seed });
  return Array.from({ length: replicas }, (_, b) => beadsAt(beads, positions, b));
}

/** Steps in all; by default `otherwise`, or 10 ps, or for optimisations 1000. @throws InputError for a length that is none */
export function stepsOf(
  { steps, time, ...request }: SimulationRequest,
  named: Named,
  otherwise?: number,
): number {
  const { method = "nvt", timestep = 0.5 } = request;
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

/** The options of `equimol simulate` as settings: of a new simulation, and of one that goes on. */
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
  METHODS,
  POTENTIALS,
  type PotentialSettings,
  type SimulationSettings,
} from "../../simulate/settings.ts";
import { startingMolecules } from "../../simulate/start.ts";
import { integerOption, numberOption } from "./options.ts";

/** Options that a run was started with and that cannot be changed when it goes on. */
const FIXED = [
  "model",
  "potential",
  "method",
  "timestep",
  "temperature",
  "friction",
  "replicas",
  "every",
  "units",
  "seed",
  "epsilon",
  "sigma",
  "cutoff",
  "stiffness",
  "force-tolerance",
  "noise",
] as const;

export type SimulateArgs = Readonly<
  Partial<Record<(typeof FIXED)[number] | "start" | "time" | "steps", string>>
> & {
  readonly out: string;
};

/** Settings of a new simulation. */
export async function settingsOfArgs(args: SimulateArgs): Promise<SimulationSettings> {
  const method = METHODS.find((name) => name === (args.method ?? "nvt"));
  if (method === undefined)
    throw new InputError(`--method ${args.method}: expected one of ${METHODS.join(", ")}`);
  const units = (["kcal/mol", "eV"] as const).find((unit) => unit === (args.units ?? "kcal/mol"));
  if (units === undefined) throw new InputError(`--units ${args.units}: expected kcal/mol or eV`);
  const replicas = integerOption("replicas", args.replicas ?? "1", { min: 1, max: 10_000 });
  const settings = {
    method,
    units,
    replicas,
    timestep: numberOption("timestep", args.timestep ?? "0.5", { min: 1e-6, max: 1e6 }),
    temperature: numberOption("temperature", args.temperature ?? "300", { min: 0, max: 1e6 }),
    friction: numberOption("friction", args.friction ?? "1", { min: 0, max: 1e9 }),
    seed: integerOption("seed", args.seed ?? "0", { min: 0 }),
    every: integerOption("every", args.every ?? (isDynamics(method) ? "20" : "1"), { min: 1 }),
    forceTolerance: numberOption("force-tolerance", args["force-tolerance"] ?? "0.1", { min: 1e-9 }),
  };
  const steps = stepsOf(args, settings);
  const potential = await potentialOfArgs(args);
  const molecules = await startOfArgs(args, replicas, settings.seed);
  const [first, ...others] = Array.from(molecules[0].atomicNumbers);
  return {
    format: 1,
    ...settings,
    steps,
    potential,
    elements: [first, ...others],
    start: molecules.flatMap(({ positions }) => Array.from(positions)),
  };
}

/** The molecules of the file; of a coarse-grained model, where there is none, samples of it. */
async function startOfArgs(
  { start, model }: SimulateArgs,
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

async function potentialOfArgs(args: SimulateArgs): Promise<PotentialSettings> {
  const { model, potential } = args;
  if (model !== undefined && potential !== undefined)
    throw new InputError("--model and --potential both say where forces come from; give one of them");
  if (model !== undefined) {
    const needless = (["epsilon", "sigma", "cutoff", "stiffness"] as const).find(
      (name) => args[name] !== undefined,
    );
    if (needless !== undefined) throw new InputError(`--${needless} belongs to --potential, not to a model`);
    return modelSettings(model, numberOption("noise", args.noise, { min: 1e-4, max: 10 }));
  }
  if (args.noise !== undefined)
    throw new InputError("--noise is the level of a coarse-grained model's force; --potential has none");
  const positive = { min: 1e-12 };
  if (potential === "lennard-jones") {
    const cutoff = numberOption("cutoff", args.cutoff, positive);
    return {
      kind: "lennard-jones",
      epsilon: numberOption("epsilon", args.epsilon ?? String(ARGON.epsilon), positive),
      sigma: numberOption("sigma", args.sigma ?? String(ARGON.sigma), positive),
      ...(cutoff === undefined ? {} : { cutoff }),
    };
  }
  if (potential === "harmonic")
    return { kind: "harmonic", stiffness: numberOption("stiffness", args.stiffness ?? "100", positive) };
  const known = POTENTIALS.filter((name) => name !== "model").join(" or ");
  throw new InputError(
    potential === undefined
      ? `where do forces come from? Give --model, or --potential ${known}`
      : `--potential ${potential}: expected ${known}`,
  );
}

/** Settings of the run in --out; what they fix may not be given again, except as it is. */
export async function settingsOfRun(args: SimulateArgs): Promise<SimulationSettings> {
  if (!existsSync(args.out)) throw new InputError("there is no such folder to resume", { file: args.out });
  const settings = await readSettings(args.out);
  if (!isDynamics(settings.method))
    throw new InputError("is an optimisation, which is not resumed; start another from its final.extxyz", {
      file: args.out,
    });
  const was: Readonly<Record<string, unknown>> = {
    ...settings.potential,
    ...settings,
    potential: settings.potential.kind,
    "force-tolerance": settings.forceTolerance,
  };
  for (const name of FIXED) {
    const given = args[name];
    if (given === undefined || given === String(was[name]) || Number(given) === was[name]) continue;
    throw new InputError(
      `the simulation in ${args.out} was started with --${name} ${was[name] ?? "(none)"}, not ${given}; leave it out, or start another`,
    );
  }
  if (args.start !== undefined) {
    const [molecule] = await startingMolecules(args.start, 1);
    if (molecule.atomicNumbers.join() !== settings.elements.join())
      throw new InputError(`holds other atoms than the simulation in ${args.out}; leave it out`, {
        file: args.start,
      });
  }
  return { ...settings, steps: stepsOf(args, settings, settings.steps) };
}

/** Steps in all; by default `otherwise`, or 10 ps, or for optimisations 1000. */
function stepsOf(
  args: SimulateArgs,
  { method, timestep }: Pick<SimulationSettings, "method" | "timestep">,
  otherwise?: number,
): number {
  const steps = integerOption("steps", args.steps, { min: 1, max: 2 ** 32 - 1 });
  const time = numberOption("time", args.time, { min: 0 });
  if (steps !== undefined && time !== undefined)
    throw new InputError("--steps and --time both say how long; give one of them");
  if (!isDynamics(method)) {
    if (time !== undefined) throw new InputError("--time is of dynamics; an optimisation takes --steps");
    return steps ?? otherwise ?? 1000;
  }
  const asked =
    steps ?? (time === undefined ? otherwise : undefined) ?? Math.round((1000 * (time ?? 10)) / timestep);
  if (asked < 1 || asked >= 2 ** 32)
    throw new InputError(
      `--time ${time} ps is ${asked} steps of ${timestep} fs; expected from 1 to 4 billion`,
    );
  return asked;
}

/** What makes a simulation what it is: kept in its folder, and compared when it goes on. */
import { z } from "zod";
import { MOST_ATOMS } from "../models/limits.ts";

const positive = z.number().positive();
const MOST_REPLICAS = 100_000;

const closedForms = [
  z.strictObject({
    kind: z.literal("lennard-jones"),
    /** kcal/mol */
    epsilon: positive,
    /** Å */
    sigma: positive,
    cutoff: positive.optional(),
  }),
  z.strictObject({
    kind: z.literal("harmonic"),
    /** kcal/mol/Å² */
    stiffness: positive,
  }),
] as const;

/** Where energies and forces come from. */
export const potentialSettingsSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("model"),
    /** Folder or name, as it was given. */
    model: z.string(),
    /** SHA-256 of the parameters, its first 16 digits. */
    parameters: z.string(),
    /** Å; of a coarse-grained model the noise level whose score is the force. */
    noise: positive.optional(),
  }),
  ...closedForms,
]);
/** What gives energies and forces, as settings.json keeps it. */
export type PotentialSettings = z.infer<typeof potentialSettingsSchema>;

export const METHODS = ["nvt", "nve", "fire", "lbfgs"] as const;
export type Method = (typeof METHODS)[number];
/** Whether the method moves in time, or looks for a minimum. */
export const isDynamics = (method: Method): method is "nvt" | "nve" => method === "nvt" || method === "nve";

const run = {
  method: z.enum(METHODS),
  /** fs */
  timestep: positive,
  /** K */
  temperature: z.number().nonnegative(),
  /** 1/ps */
  friction: z.number().nonnegative(),
  replicas: z.number().int().positive().max(MOST_REPLICAS),
  seed: z.number().int().nonnegative(),
  /** Steps in all: of dynamics how many are asked for, of optimisations the most there may be. */
  steps: z
    .number()
    .int()
    .positive()
    .lt(2 ** 32),
  /** Steps from frame to frame. */
  every: z.number().int().positive(),
  /** Unit of what is written. */
  units: z.enum(["kcal/mol", "eV"]),
  /** kcal/mol/Å, of optimisations */
  forceTolerance: positive,
  /** Nuclear charges. [N] */
  elements: z.array(z.number().int().min(1).max(118)).nonempty().max(MOST_ATOMS),
  /** Mass numbers of isotopes, 0 for the natural mixture. [N] */
  isotopes: z.array(z.number().int().nonnegative()).optional(),
  /** g/mol, where the start gives masses of its own. [N] */
  masses: z.array(positive).optional(),
  /** In units of e. [N] */
  formalCharges: z.array(z.number().int()).optional(),
  /** Spin multiplicity of radicals, 0 of other atoms. [N] */
  radicals: z.array(z.number().int().nonnegative()).optional(),
  /** Of the whole, in units of e, where the start says it. */
  charge: z.number().int().optional(),
  /** Where replica b began. Å [B, N, 3] */
  start: z.array(z.number()),
};

/** Settings of a run in memory: those of its potential are checked where it has a closed form. */
export const runSettingsSchema = z.strictObject({
  potential: z.discriminatedUnion("kind", closedForms).optional(),
  ...run,
});
/** All that decides what a simulation does, but for its potential. */
export type RunSettings = Omit<z.infer<typeof runSettingsSchema>, "potential">;

/** settings.json of a simulation's folder. */
export const simulationSettingsSchema = z
  .strictObject({
    format: z.literal(1),
    potential: potentialSettingsSchema,
    ...run,
  })
  .refine(({ elements, replicas, start }) => start.length === 3 * elements.length * replicas, {
    path: ["start"],
    message: "three coordinates of every atom of every replica were expected",
  })
  .superRefine((settings, context) => {
    for (const name of ["isotopes", "masses", "formalCharges", "radicals"] as const)
      if (settings[name] !== undefined && settings[name].length !== settings.elements.length)
        context.addIssue({ code: "custom", path: [name], message: "one value of every atom was expected" });
  });
/** All that decides what a simulation does. */
export type SimulationSettings = z.infer<typeof simulationSettingsSchema>;

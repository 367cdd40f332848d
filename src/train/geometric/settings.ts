/** Settings of `equimol train forcefield` and `equimol train property`. */
import { z } from "zod";
import { HALVES } from "../../data/halves.ts";
import { NETWORKS, networkSchema, POOLINGS } from "../../models/geometric/config.ts";
import { trainingSchema } from "../schema.ts";

/** A network without its kind is PaiNN: `--set network.hidden=128` is enough. */
const withKind = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !("kind" in value) ? { kind: "painn", ...value } : value;

const network = z.preprocess(withKind, networkSchema).prefault({});
const validation = z.strictObject({ molecules: z.number().int().positive().default(1000) }).prefault({});

/** Settings of a training of a force field, checked; what is left out is as in docs/networks.md. */
export const forceFieldSettingsSchema = z.strictObject({
  network,
  /** Unit of the energies in the data; forces are in this unit per Å. */
  unit: z.enum(["kcal/mol", "eV"]).default("kcal/mol"),
  /** Weights of the squared errors of the energy and of the mean force component. */
  loss: z
    .strictObject({
      energy: z.number().nonnegative().default(0.05),
      forces: z.number().nonnegative().default(0.95),
    })
    .prefault({}),
  data: z.strictObject({ maxAtoms: z.number().int().positive().optional() }).prefault({}),
  training: trainingSchema
    .extend({
      epochs: z.number().int().positive().default(1000),
      batchSize: z.number().int().positive().default(10),
      learningRate: z.number().positive().default(1e-3),
      decay: z.enum(["none", "linear", "cosine"]).default("cosine"),
      amsgrad: z.boolean().default(false),
      emaDecay: z.number().min(0).lt(1).default(0.99),
      validateEvery: z.number().int().nonnegative().default(1000),
    })
    .prefault({}),
  validation,
});
/** Settings of a training of a force field, complete. */
export type ForceFieldSettings = z.infer<typeof forceFieldSettingsSchema>;

/** Settings of a training of a property network, checked; what is left out is as in docs/networks.md. */
export const propertySettingsSchema = z.strictObject({
  network,
  property: z.string().min(1),
  /** By default what suits the property: dipole for mu, spatial-extent for r2, mean for orbital energies, else sum. */
  pooling: z.enum(POOLINGS).optional(),
  loss: z.enum(["mae", "mse"]).default("mae"),
  data: z
    .strictObject({
      /** Which half of the molecules that have the property; see data/halves.ts. */
      half: z.enum(HALVES).default("all"),
      maxAtoms: z.number().int().positive().optional(),
    })
    .prefault({}),
  training: trainingSchema
    .extend({
      epochs: z.number().int().positive().default(100),
      batchSize: z.number().int().positive().default(32),
      learningRate: z.number().positive().default(1e-3),
      decay: z.enum(["none", "linear", "cosine"]).default("cosine"),
      amsgrad: z.boolean().default(false),
      emaDecay: z.number().min(0).lt(1).default(0.99),
    })
    .prefault({}),
  validation,
});
/** Settings of a training of a property network, complete. */
export type PropertySettings = z.infer<typeof propertySettingsSchema>;

export { NETWORKS };

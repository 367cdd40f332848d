/** Settings of `equimol train conformers`: schema and presets. */
import { z } from "zod";
import { scheduleSchema } from "../../models/edm/config.ts";
import { geoDiffNetworkSchema, PARAMETERISATIONS } from "../../models/geodiff/config.ts";
import type { Settings } from "../config-file.ts";
import { trainingSchema } from "../schema.ts";

/** Settings of a training of GeoDiff, checked; what is left out is as in docs/conformers.md. */
export const conformerSettingsSchema = z.strictObject({
  network: geoDiffNetworkSchema.prefault({}),
  schedule: scheduleSchema.prefault({ kind: "polynomial" }),
  parameterisation: z.enum(PARAMETERISATIONS).default("alignment"),
  data: z
    .strictObject({
      /** Larger molecules are left out. */
      maxAtoms: z.number().int().positive().default(100),
      /** Conformers of each ensemble that an epoch draws. */
      perEnsemble: z.number().int().positive().default(40),
      /** Share of the ensembles that is held out, by molecule. */
      heldOut: z.number().min(0).lt(1).default(0.15),
      /** Share of the centres whose handedness is hidden in training, as it is where an input does not give it. */
      hiddenCentres: z.number().min(0).max(1).default(0.1),
    })
    .prefault({}),
  /** Pairs of atoms in one step at most: batches of large molecules are smaller. */
  maxPairs: z.number().int().positive().default(30_000),
  training: trainingSchema.prefault({}),
  /** Molecules whose loss is measured for validation. */
  validation: z.number().int().positive().default(256),
});

/** Settings of a training of GeoDiff, complete. */
export type ConformerSettings = z.infer<typeof conformerSettingsSchema>;

const TRAINING = {
  batchSize: 64,
  optimizer: "muon",
  muon: { learningRate: 0.005 },
  learningRate: 5e-4,
  clipping: 4,
  epochs: 22,
  emaDecay: 0.999,
  warmupSteps: 200,
  decay: "linear",
} as const;

export const CONFORMER_PRESETS: Readonly<
  Record<string, { readonly description: string; readonly settings: Settings }>
> = {
  small: {
    description: "64 channels, 4 + 2 interactions: the shipped model",
    settings: { network: { localLayers: 4, globalLayers: 2 }, training: TRAINING },
  },
};

/** Settings of `equimol train edm`: schema and presets. */
import { z } from "zod";
import { HALVES } from "../../data/halves.ts";
import { featuresSchema, networkSchema, scheduleSchema } from "../../models/edm/config.ts";
import type { Settings } from "../config-file.ts";
import { trainingSchema } from "../schema.ts";

/** A schedule without its kind is the paper's: `--set schedule.steps=500` is enough. */
const withKind = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !("kind" in value)
    ? { kind: "polynomial", ...value }
    : value;

const levelsSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("uniform") }),
  z.strictObject({
    kind: z.literal("logNormal"),
    /** Of ln σ̃, σ̃ = σ/α. */
    mean: z.number().default(-1.6),
    deviation: z.number().positive().default(1.4),
    /** Share that is uniform in ln σ̃ over the whole schedule. */
    even: z.number().min(0).max(1).default(0.1),
  }),
]);

/** A mean or a deviation is that of ln σ̃: `--set levels.mean=-2` is enough. */
const withLevelKind = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !("kind" in value)
    ? { kind: Object.keys(value).length > 0 ? "logNormal" : "uniform", ...value }
    : value;

/** One name stands for a list of one: `--set condition.properties=alpha`. */
const listed = (value: unknown): unknown => (typeof value === "string" ? [value] : value);

/** Settings of a training of EDM, checked; what is left out is the paper's QM9 model (docs/training.md). */
export const edmSettingsSchema = z.strictObject({
  network: networkSchema.prefault({}),
  schedule: z.preprocess(withKind, scheduleSchema).prefault({}),
  features: featuresSchema.prefault({}),
  loss: z.enum(["l2", "vlb"]).default("l2"),
  /** How the times of a batch are drawn. */
  timeSampling: z.enum(["independent", "stratified"]).default("independent"),
  /** Turned and mirrored anew each time: for networks that are not equivariant (GDM-AUG of the paper). */
  augmentation: z.enum(["none", "rotations"]).default("none"),
  /** At which noise levels. */
  levels: z.preprocess(withLevelKind, levelsSchema).prefault({ kind: "uniform" }),
  data: z
    .strictObject({
      /** Larger molecules are left out. */
      maxAtoms: z.number().int().positive().optional(),
    })
    .prefault({}),
  condition: z
    .strictObject({
      /** Properties of the data that the model is conditioned on; none: an unconditional model. */
      properties: z.preprocess(listed, z.array(z.string())).default([]),
      /** Which half of the labelled training molecules is used; the other is left for the network that judges. */
      half: z.enum(HALVES).default("second"),
      /** Molecules without a label are used, too, as examples of the unconditional model. */
      unlabelled: z.boolean().default(true),
      /** Run or shipped model of a property network that labels the molecules without a label. */
      labeller: z.string().optional(),
      /** How often a labelled molecule comes in an epoch, each time with other noise. */
      repeat: z.number().int().positive().default(1),
      /** The condition's channels fade with the noise; false is the paper's: the same at all times. */
      fade: z.boolean().default(true),
      /** Multiplies the condition's channels, so that their weights are learned faster; 1 is the paper's. */
      scale: z.number().positive().default(1),
      /** Probability that a label is hidden in training, so that guidance has an unconditional model to go by. */
      dropout: z.number().min(0).max(1).default(0.1),
    })
    .prefault({}),
  training: trainingSchema.prefault({}),
  validation: z
    .strictObject({
      /** Molecules whose likelihood is estimated. */
      molecules: z.number().int().positive().default(1000),
      /** Molecules sampled to see how many are stable; 0: none. */
      samples: z.number().int().nonnegative().default(64),
      /** Denoising steps of these samples. */
      sampleSteps: z.number().int().positive().default(50),
    })
    .prefault({}),
});

/** Settings of a training of EDM, complete. */
export type EdmSettings = z.infer<typeof edmSettingsSchema>;

/** Muon, falling to zero, and bounded displacements: what small models learn fastest with. */
const small = {
  network: { hidden: 128, coordsRange: 3, normalizationFactor: 4 },
  timeSampling: "stratified",
  training: {
    batchSize: 64,
    optimizer: "muon",
    muon: { learningRate: 0.015 },
    learningRate: 6e-4,
    decay: "linear",
  },
};

/** Equal ratios of noise, and most of the training where they matter: as good after half the molecules. */
const recipe = {
  ...small,
  schedule: { kind: "logLinear" },
  levels: { kind: "logNormal" },
};

/** Named starting points; a configuration file and --set go on top. */
export const PRESETS: Readonly<
  Record<string, { readonly description: string; readonly settings: Settings }>
> = {
  "mini-qm9": {
    description: "3 layers × 128 for molecules of up to 15 atoms: the workshop's size, minutes on a CPU",
    settings: {
      ...small,
      data: { maxAtoms: 15 },
      network: { ...small.network, layers: 3 },
      training: { ...small.training, epochs: 12, emaDecay: 0.998, warmupSteps: 100 },
    },
  },
  "qm9-fast": {
    description: "6 layers × 64 for all of QM9, an hour or two on a CPU: the shipped model",
    settings: {
      ...recipe,
      network: { ...small.network, hidden: 64, layers: 6 },
      training: { ...small.training, epochs: 45, emaDecay: 0.9997, warmupSteps: 300 },
    },
  },
  "qm9-quality": {
    description: "7 layers × 96 for all of QM9, a night on a CPU; to start from qm9-fast saves half of it",
    settings: {
      ...recipe,
      network: { ...small.network, hidden: 96, layers: 7 },
      training: { ...small.training, epochs: 100, emaDecay: 0.9997, warmupSteps: 300 },
    },
  },
  qm9: {
    description: "9 layers × 256 as in the paper",
    settings: {
      network: { hidden: 256, layers: 9 },
      training: { batchSize: 64, learningRate: 1e-4, epochs: 3000, emaDecay: 0.9999 },
    },
  },
};

/** Settings of `equimol train distill`. */
import { z } from "zod";
import { trainingSchema } from "../schema.ts";

export const distillSettingsSchema = z.strictObject({
  /** Evaluations of the network that the student makes a molecule with. */
  steps: z.number().int().min(1).max(64).default(8),
  /** Level that the student starts from. */
  sigmaMax: z.number().positive().default(10),
  /** Deviation of a coordinate of the data, which the start is wider by. */
  spread: z.number().nonnegative().default(1.4),
  /** Mean and deviation of ln σ̃ of the levels at which student and teacher are compared. */
  levels: z
    .strictObject({ mean: z.number().default(-1.4), deviation: z.number().positive().default(1.3) })
    .prefault({}),
  /** The student learns in every so many steps, its critic in all. */
  criticSteps: z.number().int().positive().default(3),
  /** How far a step's target lies from what the student made, in units of the teacher's own change of it. */
  strength: z.number().positive().default(0.1),
  /** Molecules of an epoch. */
  epochMolecules: z.number().int().positive().default(64_000),
  training: trainingSchema.prefault({
    epochs: 10,
    learningRate: 1e-4,
    warmupSteps: 100,
    decay: "linear",
    decayShare: 0.3,
    beta1: 0.5,
    beta2: 0.99,
    amsgrad: false,
    emaDecay: 0.998,
    weightDecay: 0,
    clipping: 2,
    logEvery: 100,
    validateEvery: 500,
  }),
  validation: z
    .strictObject({
      /** Molecules sampled to see how many are stable. */
      samples: z.number().int().positive().default(512),
    })
    .prefault({}),
});

export type DistillSettings = z.infer<typeof distillSettingsSchema>;

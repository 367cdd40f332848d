/** Settings of `equimol train cg`. */
import { z } from "zod";
import { beadNetworkSchema } from "../../models/cg/config.ts";
import { scheduleSchema } from "../../models/edm/config.ts";
import { trainingSchema } from "../schema.ts";

/** A schedule without its kind is the polynomial one: `--set schedule.steps=500` is enough. */
const withKind = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !("kind" in value)
    ? { kind: "polynomial", ...value }
    : value;

/** Where these settings differ from the loop's own defaults. */
const TRAINING = {
  epochs: 190,
  batchSize: 250,
  learningRate: 1e-2,
  warmupSteps: 100,
  decay: "cosine",
  emaDecay: 0.995,
  amsgrad: false,
  clipping: 5,
  validateEvery: 1000,
  logEvery: 100,
};

/** Settings of a training of beads, checked; what is left out is as in docs/coarse-graining.md. */
export const cgSettingsSchema = z.strictObject({
  network: beadNetworkSchema.prefault({}),
  schedule: z
    .preprocess(
      withKind,
      scheduleSchema.refine(({ kind }) => kind !== "learned", "a predefined schedule is expected"),
    )
    .prefault({}),
  /** K; of the simulation that the data come from. */
  temperature: z.number().positive().default(300),
  /** Å; the noise at which the score is taken as the force. */
  forceNoise: z.number().positive().default(0.08),
  /** How the times of a batch are drawn. */
  timeSampling: z.enum(["independent", "stratified"]).default("stratified"),
  training: z.preprocess((value) => ({ ...TRAINING, ...(value as object) }), trainingSchema).prefault({}),
  validation: z
    .strictObject({
      /** Configurations sampled to compare their dihedrals; 0: none. */
      samples: z.number().int().nonnegative().default(2000),
      /** Denoising steps of these samples. */
      sampleSteps: z.number().int().positive().default(100),
    })
    .prefault({}),
});

/** Settings of a training of beads, complete. */
export type CgSettings = z.infer<typeof cgSettingsSchema>;

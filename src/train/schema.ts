/** The settings of the training loop that every kind of model shares. */
import { z } from "zod";
import type { OptimizerOptions } from "./optimizer.ts";

const count = z.number().int().positive();
const fraction = z.number().min(0).lt(1);

export const trainingSchema = z.strictObject({
  seed: z.number().int().nonnegative().default(0),
  epochs: count.default(100),
  /** Steps of the whole run, in place of `epochs`; the last epoch may then be cut short. */
  steps: count.optional(),
  batchSize: count.default(64),
  learningRate: z.number().positive().default(1e-4),
  /** Steps over which the learning rate rises linearly from zero. */
  warmupSteps: z.number().int().nonnegative().default(0),
  /** How the learning rate falls until the last step of the last epoch. */
  decay: z.enum(["none", "linear", "cosine"]).default("none"),
  /** The fall takes this share of the steps, the last ones; before it the rate stays. */
  decayShare: z.number().positive().max(1).default(1),
  /** "muon": Muon for hidden matrices, AdamW for the rest. */
  optimizer: z.enum(["adamw", "muon"]).default("adamw"),
  /** Settings of the matrices that Muon takes; their learning rate rises and falls with `learningRate`. */
  muon: z
    .strictObject({
      learningRate: z.number().positive().default(0.02),
      momentum: fraction.default(0.95),
      weightDecay: z.number().nonnegative().default(0),
    })
    .prefault({}),
  beta1: fraction.default(0.9),
  beta2: fraction.default(0.999),
  epsilon: z.number().positive().default(1e-8),
  weightDecay: z.number().nonnegative().default(1e-12),
  amsgrad: z.boolean().default(true),
  emaDecay: fraction.default(0.9999),
  /** "adaptive" is EDM's queue; a number is a fixed limit of the gradient's norm. */
  clipping: z.union([z.literal("adaptive"), z.literal("none"), z.number().positive()]).default("adaptive"),
  /** Steps between lines of metrics. */
  logEvery: count.default(50),
  /** Steps between validations; 0: after every epoch. */
  validateEvery: z.number().int().nonnegative().default(0),
  /** Seconds between checkpoints, besides those after validations. */
  checkpointSeconds: z.number().positive().default(300),
});

export type TrainingConfig = z.infer<typeof trainingSchema>;

/** What the optimiser takes of the settings. */
export function optimizerOptions(config: TrainingConfig): OptimizerOptions {
  const { muon, optimizer, ...adamW } = config;
  return optimizer === "muon" ? { ...adamW, muon } : adamW;
}

/** Learning rate of step `step` (from 0) of `total`. */
export function learningRateAt(config: TrainingConfig, step: number, total: number): number {
  const { learningRate, warmupSteps, decay, decayShare } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const start = Math.max(warmupSteps, total * (1 - decayShare));
  const progress = Math.min(Math.max((step - start) / Math.max(total - start, 1), 0), 1);
  switch (decay) {
    case "none":
      return learningRate;
    case "linear":
      return learningRate * (1 - progress);
    case "cosine":
      return learningRate * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}

/** What an EDM model is: the contents of its `config.json`. */
import { z } from "zod";
import type { DynamicsConfig } from "../../nets/egnn/dynamics-layout.ts";
import { count, depth, elementsSchema, MOST_ATOMS, width } from "../limits.ts";
import { conditionSchema, contextChannels } from "./condition.ts";
import { qualitiesSchema, samplingSchema } from "./sampling.ts";

export const networkSchema = z
  .strictObject({
    /** "gnn" is the paper's baseline without equivariance. */
    kind: z.enum(["egnn", "gnn"]).default("egnn"),
    hidden: width.default(256),
    layers: depth.default(9),
    sublayers: depth.default(1),
    attention: z.boolean().default(true),
    tanh: z.boolean().default(true),
    coordsRange: z.number().positive().default(15),
    normConstant: z.number().nonnegative().default(1),
    aggregation: z.enum(["sum", "mean"]).default("sum"),
    normalizationFactor: z.number().positive().default(1),
    sinEmbedding: z.boolean().default(false),
    /** The network also sees its guess of the data from the evaluation before (Chen, Zhang, Hinton 2023). */
    selfConditioning: z.boolean().default(false),
  })
  .refine(
    ({ kind, selfConditioning }) => kind === "egnn" || !selfConditioning,
    "selfConditioning: only a network of the kind egnn can be shown a guess",
  );

export const scheduleSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("polynomial"),
    power: z.number().positive().default(2),
    precision: z.number().positive().max(0.1).default(1e-5),
    steps: count.default(1000),
  }),
  z.strictObject({ kind: z.literal("cosine"), steps: count.default(1000) }),
  z.strictObject({ kind: z.literal("linear"), steps: count.default(1000) }),
  z.strictObject({ kind: z.literal("ddpm"), steps: count.min(2).default(1000) }),
  z
    .strictObject({
      kind: z.literal("logLinear"),
      /** σ/α at t = 0 and 1, in units of the normalised data. */
      sigmaMin: z.number().positive().default(0.003),
      sigmaMax: z.number().positive().default(50),
      /** Equal ratios: the bound's gap to finer steps is 0.5 ln(σ_max/σ_min)/T of its diffusion term. */
      steps: count.default(10_000),
    })
    .refine(({ sigmaMin, sigmaMax }) => sigmaMin < sigmaMax, "sigmaMin must lie below sigmaMax"),
  z.strictObject({ kind: z.literal("learned"), steps: count.default(1000) }),
]);

export const featuresSchema = z.strictObject({
  /** Nuclear charge as an ordinal feature beside the one-hot atom type. */
  charges: z.boolean().default(true),
  /** Divisors of positions (Å), one-hot types and charges; [1, 4, 10] in the paper. */
  normalization: z
    .tuple([z.number().positive(), z.number().positive(), z.number().positive()])
    .default([1, 4, 10]),
});

/** config.json of an EDM. */
export const edmConfigSchema = z.strictObject({
  kind: z.literal("edm"),
  /** Version of this file's layout. */
  format: z.literal(1),
  network: networkSchema,
  schedule: scheduleSchema,
  features: featuresSchema,
  /** Nuclear charges of the atom types, in the order of the one-hot channels. */
  elements: elementsSchema,
  /** Training molecules of each size N: the model's p(N). */
  sizes: z
    .record(z.string().regex(/^[1-9]\d*$/), z.number().int().positive())
    .refine((sizes) => Object.keys(sizes).length > 0, "no size of a molecule is given")
    .refine(
      (sizes) => Object.keys(sizes).every((size) => Number(size) <= MOST_ATOMS),
      `molecules of more than ${MOST_ATOMS} atoms`,
    ),
  /** "even": so are the electrons of every molecule it was trained on, taken as neutral; not known when absent. */
  electrons: z.literal("even").optional(),
  /** What the model is conditioned on; unconditional when absent. */
  condition: conditionSchema.optional(),
  /** How the model is best sampled, as measured on its card; used where the caller does not choose. */
  sampling: samplingSchema.optional(),
  /** Measured settings between which a caller may choose by name. */
  qualities: qualitiesSchema.optional(),
  /** Where the model comes from: data set, steps, seconds, versions. */
  provenance: z.record(z.string(), z.json()).default({}),
});

/** An EDM without its parameters: network, schedule, features, elements, sizes, how it is best sampled. */
export type EdmConfig = z.infer<typeof edmConfigSchema>;

/** F: data features of an atom, one-hot types and maybe the charge. */
export const featureCount = (config: Pick<EdmConfig, "elements" | "features">): number =>
  config.elements.length + (config.features.charges ? 1 : 0);

/** The network with its input and output widths: behind the features come time, guess and the condition's channels. */
export function dynamicsConfig(
  config: Pick<EdmConfig, "elements" | "features" | "network" | "condition">,
): DynamicsConfig {
  const { kind, ...network } = config.network;
  const outFeatures = featureCount(config);
  const guessed = network.selfConditioning ? outFeatures : 0;
  return {
    ...network,
    network: kind,
    inFeatures: outFeatures + 1 + guessed + contextChannels(config),
    outFeatures,
  };
}

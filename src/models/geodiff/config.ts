/** What a conformer model is: the contents of its `config.json`. */
import { z } from "zod";
import { SAMPLER_NAMES } from "../../diffusion/samplers/registry.ts";
import type { GeoDiffConfig } from "../../nets/geodiff/geodiff.ts";
import { scheduleSchema } from "../edm/config.ts";
import { count, depth, elementsSchema, width } from "../limits.ts";
import { atomWidth, EDGE_CHANNELS } from "./channels.ts";

export const geoDiffNetworkSchema = z.strictObject({
  hidden: width.default(64),
  /** Interactions of the encoder over local edges: bonds and pairs up to three bonds apart. */
  localLayers: depth.default(3),
  /** Interactions of the encoder over radius edges. */
  globalLayers: depth.default(1),
  /** Å; radius edges are at most this long, once the noise is scaled away. */
  cutoff: z.number().positive().default(10),
  /** Å; about the standard deviation of a coordinate. */
  dataScale: z.number().positive().default(1.5),
});

/**
 * What the network is trained to predict: the noise, from the true structure turned onto the noised one, or the noise
 * of the distances carried over to coordinates by the chain rule (GeoDiff, section 4.2).
 */
export const PARAMETERISATIONS = ["alignment", "chain-rule"] as const;

export const CONFORMER_SAMPLERS = [...SAMPLER_NAMES, "langevin"] as const;
export type ConformerSampler = (typeof CONFORMER_SAMPLERS)[number];

/** config.json of a conformer model. */
export const geoDiffConfigSchema = z.strictObject({
  kind: z.literal("conformers"),
  /** Version of this file's layout. */
  format: z.literal(1),
  network: geoDiffNetworkSchema,
  schedule: scheduleSchema.refine(({ kind }) => kind !== "learned", "a learned schedule is for edm"),
  parameterisation: z.enum(PARAMETERISATIONS),
  /** Nuclear charges of the atom types, in the order of the one-hot channels. */
  elements: elementsSchema,
  /** How the model is best sampled, as measured on its card. */
  sampling: z
    .strictObject({
      sampler: z.enum(CONFORMER_SAMPLERS),
      steps: count,
      temperature: z.number().nonnegative().default(1),
    })
    .optional(),
  /** Where the model comes from: data, steps, seconds, versions. */
  provenance: z.record(z.string(), z.json()).default({}),
});

/** A conformer model without its parameters. */
export type GeoDiffModelConfig = z.infer<typeof geoDiffConfigSchema>;
export type Parameterisation = (typeof PARAMETERISATIONS)[number];

/** The network with its input widths. */
export const geoDiffNetwork = ({
  network,
  elements,
}: Pick<GeoDiffModelConfig, "network" | "elements">): GeoDiffConfig => ({
  hidden: network.hidden,
  localLayers: network.localLayers,
  globalLayers: network.globalLayers,
  atomFeatures: atomWidth(elements.length),
  edgeFeatures: EDGE_CHANNELS,
});

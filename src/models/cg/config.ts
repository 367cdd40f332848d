/** What a model of a coarse-grained molecule is: the contents of its `config.json`. */
import { z } from "zod";
import { BEAD_NETWORKS, type BeadNetworkConfig } from "../../nets/beads/beads-config.ts";
import { scheduleSchema } from "../edm/config.ts";
import { samplingSchema } from "../edm/sampling.ts";
import { depth, width } from "../limits.ts";

export const beadNetworkSchema = z.strictObject({
  /** A perceptron of invariants, or PaiNN on the beads and sites beside them. */
  kind: z.enum(BEAD_NETWORKS).default("perceptron"),
  hidden: width.default(48),
  layers: depth.default(2),
  /** The score is the gradient of an energy; false: a field of its own. */
  conservative: z.boolean().default(true),
});

/** config.json of a coarse-grained model. */
export const cgConfigSchema = z.strictObject({
  kind: z.literal("cg"),
  /** Version of this file's layout. */
  format: z.literal(1),
  network: beadNetworkSchema,
  /** A learned schedule is of no use here: the loss is L_simple. */
  schedule: scheduleSchema.refine(({ kind }) => kind !== "learned", "a predefined schedule is expected"),
  /** Nuclear charge of each bead along the chain. [N] */
  beads: z.array(z.number().int().min(1).max(118)).min(4).max(64),
  /** Å in one unit of the network's positions: the deviation of a coordinate from the centre of mass. */
  scale: z.number().positive(),
  /** Distances of the training data in Å, pairs i < j row by row. [P] each */
  distances: z.strictObject({
    means: z.array(z.number().positive()),
    deviations: z.array(z.number().positive()),
  }),
  /** K; of the simulation that the data come from. It turns scores into forces. */
  temperature: z.number().positive(),
  /** Noise in Å at which the score is taken as the force. */
  forceNoise: z.number().positive(),
  /** Used where the caller does not choose. */
  sampling: samplingSchema.optional(),
  /** Where the model comes from: data set, steps, seconds, versions. */
  provenance: z.record(z.string(), z.json()).default({}),
});

/** A coarse-grained model without its parameters. */
export type CgConfig = z.infer<typeof cgConfigSchema>;

/** The network that the configuration describes; lengths in units of the scale. */
export const beadNetworkConfig = ({ beads, network, scale, distances }: CgConfig): BeadNetworkConfig => ({
  ...network,
  beads: beads.length,
  distanceMeans: distances.means.map((mean) => mean / scale),
  distanceDeviations: distances.deviations.map((deviation) => deviation / scale),
});

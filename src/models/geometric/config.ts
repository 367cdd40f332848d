/** What a force field or property network is: the contents of its `config.json`. */
import { z } from "zod";
import type { GeometricConfig } from "../../nets/geometric.ts";
import { depth, elementsSchema, width } from "../limits.ts";

const even = width.multipleOf(2);

/** How distances are expanded, and beyond which nobody sees anybody. */
const radialSchema = (kind: "gaussian" | "bessel") =>
  z.strictObject({
    kind: z.enum(["gaussian", "bessel"]).default(kind),
    count: width.min(2).default(20),
    /** Å */
    cutoff: z.number().positive().default(5),
  });

const dimenetSchema = <K extends "dimenet" | "dimenet++", V extends "++" | "bilinear">(
  kind: K,
  variant: V,
  interaction: number,
) =>
  z.strictObject({
    kind: z.literal(kind),
    variant: z.literal(variant).default(() => variant),
    hidden: width.default(64),
    layers: depth.default(3),
    interaction: width.default(interaction),
    spherical: depth.max(12).default(7),
    envelope: depth.default(6),
    radial: z
      .strictObject({
        kind: z.literal("bessel").default("bessel"),
        count: depth.default(6),
        cutoff: z.number().positive().default(5),
      })
      .prefault({}),
  });

const messagePassing = {
  hidden: even.default(64),
  layers: depth.default(4),
  aggregation: z.enum(["sum", "mean", "max"]).default("sum"),
};

/** Defaults are small enough for training on a CPU; the papers' sizes are in docs/networks.md. */
export const networkSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("painn"),
    hidden: even.default(64),
    layers: depth.default(3),
    radial: radialSchema("bessel").prefault({}),
    /** A vector of each atom beside its number, for dipole moments; computed by jax-js. */
    vectors: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal("schnet"),
    hidden: even.default(64),
    filters: width.default(64),
    layers: depth.default(3),
    radial: radialSchema("gaussian").prefault({}),
  }),
  dimenetSchema("dimenet++", "++", 32),
  dimenetSchema("dimenet", "bilinear", 8),
  z.strictObject({
    kind: z.literal("egnn"),
    ...messagePassing,
    update: z.enum(["residual", "gru"]).default("residual"),
    edges: z.enum(["basis", "squared"]).default("squared"),
    gate: z.boolean().default(true),
    radial: radialSchema("gaussian").prefault({}),
  }),
  z.strictObject({
    kind: z.literal("mpnn"),
    ...messagePassing,
    update: z.enum(["residual", "gru"]).default("gru"),
    edges: z.enum(["basis", "squared"]).default("basis"),
    gate: z.boolean().default(false),
    radial: radialSchema("gaussian").prefault({}),
  }),
]);
export type NetworkSettings = z.infer<typeof networkSchema>;
export const NETWORKS = networkSchema.options.map((option) => option.shape.kind.value);

/** How the outputs of the atoms o_i make one number of the molecule. */
export const POOLINGS = ["sum", "mean", "dipole", "spatial-extent"] as const;
export type Pooling = (typeof POOLINGS)[number];

/** y = scale · pool(o_1 … o_N) + Σ_i references[element of i] + offset */
export const outputSchema = z.strictObject({
  property: z.string().min(1),
  unit: z.string(),
  pooling: z.enum(POOLINGS),
  scale: z.number().positive(),
  references: z.array(z.number()).nonempty(),
  offset: z.number().default(0),
  /** Least and largest value in the training data. */
  range: z.tuple([z.number(), z.number()]).optional(),
});
export type OutputConfig = z.infer<typeof outputSchema>;

/** Vectors of the atoms are for dipole moments only. */
export const vectorsFit = (network: NetworkSettings, pooling: Pooling): boolean =>
  network.kind !== "painn" || !network.vectors || pooling === "dipole";
export const VECTORS_MISFIT =
  "vectors of the atoms make dipole moments; a model with pooling: dipole was expected";

/** config.json of a force field or a property network. */
export const geometricConfigSchema = z
  .strictObject({
    kind: z.enum(["forcefield", "property"]),
    /** Version of this file's layout. */
    format: z.literal(1),
    network: networkSchema,
    output: outputSchema,
    /** Nuclear charges that the network knows, in the order of its embedding. */
    elements: elementsSchema,
    /** Where the model comes from: data set, steps, seconds, versions. */
    provenance: z.record(z.string(), z.json()).default({}),
  })
  .refine(({ output, elements }) => output.references.length === elements.length, {
    path: ["output", "references"],
    message: "one reference for each element was expected",
  })
  .refine(({ network, output }) => vectorsFit(network, output.pooling), {
    path: ["network", "vectors"],
    message: VECTORS_MISFIT,
  });
/** A force field or property network without its parameters. */
export type GeometricModelConfig = z.infer<typeof geometricConfigSchema>;

/** The network with the number of elements it tells apart. */
export const networkOf = (config: Pick<GeometricModelConfig, "network" | "elements">): GeometricConfig => ({
  ...config.network,
  types: config.elements.length,
});

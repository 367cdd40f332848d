/**
 * Properties that an EDM is conditioned on (Hoogeboom et al. 2022, section 5.2): the network sees each as two more
 * channels of every atom: the value less its mean over its mean absolute deviation, and 1. Where the value is not
 * known both are 0, so that one network is conditional and unconditional (Ho & Salimans 2022). Deviations: the paper
 * has the value alone, and the same at all times; see `fade` and `scale`.
 */

import { z } from "zod";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { InputError, nearest } from "../../errors.ts";
import { square } from "../../math/elementary.ts";
import { count, MOST_ATOMS } from "../limits.ts";

const propertySchema = z.strictObject({
  name: z.string().min(1),
  /** As the data set gives it. */
  unit: z.string().optional(),
  /** Of the labelled training molecules, as all that follow. */
  mean: z.number(),
  /** Mean absolute deviation from the mean. */
  mad: z.number().positive(),
  min: z.number(),
  max: z.number(),
});

/** The condition in config.json: properties with their ranges, and p(c, N). */
export const conditionSchema = z
  .strictObject({
    properties: z
      .array(propertySchema)
      .nonempty()
      .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "a property is named twice"),
    /**
     * The channels fade with the noise, times σ_t²: near t = 0 the molecule is there already, and a condition only
     * disturbs a network that must see tiny differences.
     */
    fade: z.boolean().default(false),
    /** Multiplies the channels: their weights, which may start from zero, are learned so much faster. */
    scale: z.number().positive().default(1),
    /** Equal intervals between the smallest and the largest value of each property. */
    intervals: count.max(10_000),
    /** p(c, N): rows [N, interval of each property …, molecules], of those that occur. */
    joint: z.array(z.array(z.number().int().nonnegative())).nonempty(),
  })
  .superRefine(({ properties, intervals, joint }, context) => {
    for (const [k, row] of joint.entries()) {
      const [size, ...rest] = row;
      const sound =
        row.length === properties.length + 2 &&
        size >= 1 &&
        size <= MOST_ATOMS &&
        rest.slice(0, -1).every((interval) => interval < intervals);
      if (sound) continue;
      const message = `row ${k} is not a size, an interval below ${intervals} of each of ${properties.length} properties, and a number of molecules`;
      return context.addIssue({ code: "custom", path: ["joint"], message });
    }
    if (!joint.some((row) => row[row.length - 1] > 0))
      context.addIssue({ code: "custom", path: ["joint"], message: "counts no molecule" });
  });

/** What a model is conditioned on. */
export type Condition = z.infer<typeof conditionSchema>;
export type ConditionedProperty = Condition["properties"][number];

/** Values by property, each in the property's unit; those left out are unknown. */
export type ConditionValues = Readonly<Record<string, number>>;

/** Channels of an atom that carry the condition. */
export const contextChannels = ({ condition }: { readonly condition?: Condition | undefined }): number =>
  condition === undefined ? 0 : 2 * condition.properties.length;

/**
 * The channels of one molecule, [value, known] · scale for each property; all zero where nothing is known.
 * @param values what is known of the molecule; entries that are no finite numbers are unknown
 */
export function contextRow(
  { properties, scale }: Condition,
  values: Readonly<Record<string, unknown>> = {},
): Float64Array {
  const row = new Float64Array(2 * properties.length);
  properties.forEach(({ name, mean, mad }, k) => {
    const value = values[name];
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    row[2 * k] = (scale * (value - mean)) / mad;
    row[2 * k + 1] = scale;
  });
  return row;
}

/** The rows of a batch, one for each molecule. [M, 2 K] */
export function contextOf(
  condition: Condition,
  molecules: readonly (Readonly<Record<string, unknown>> | undefined)[],
): Float64Array {
  const width = 2 * condition.properties.length;
  const context = new Float64Array(width * molecules.length);
  molecules.forEach((values, m) => {
    context.set(contextRow(condition, values), width * m);
  });
  return context;
}

/**
 * The channels at time t, one for all molecules or one for each.
 * @param context of each molecule. [M, K]
 */
export function contextAt(
  { condition }: { readonly condition?: Condition | undefined },
  schedule: NoiseSchedule,
  context: Float64Array | undefined,
  time: ArrayLike<number> | number,
): Float64Array | undefined {
  if (context === undefined || !condition?.fade) return context;
  const K = contextChannels({ condition });
  return context.map(
    (value, at) => value * square(schedule.sigma(typeof time === "number" ? time : time[Math.floor(at / K)])),
  );
}

/** @throws InputError when the model has no such condition; the message lists those that it has */
export function conditionedProperty(
  { condition }: { readonly condition?: Condition | undefined },
  name: string,
): ConditionedProperty {
  if (condition === undefined)
    throw new InputError(
      `the model is not conditioned on anything, so it cannot be asked for ${name}; train one with condition.properties set to [${name}]`,
    );
  const found = condition.properties.find((property) => property.name === name);
  if (found !== undefined) return found;
  const names = condition.properties.map((property) => property.name);
  const near = nearest(name, names);
  throw new InputError(
    `the model is not conditioned on "${name}"${near === undefined ? "" : ` (did you mean ${near}?)`}; it is on ${condition.properties.map(withUnit).join(", ")}`,
  );
}

/** `alpha (a0³)` */
export const withUnit = ({ name, unit }: Pick<ConditionedProperty, "name" | "unit">): string =>
  unit === undefined ? name : `${name} (${unit})`;

/** How a model is sampled: what the caller asks for, on top of what the model recommends. */
import { z } from "zod";
import { GRIDS } from "../../diffusion/samplers/noise-levels.ts";
import {
  choiceProblem,
  optionsOf,
  SAMPLER_NAMES,
  SAMPLERS,
  type SamplerChoice,
  type SamplerOptionName,
  type SamplerOptions,
} from "../../diffusion/samplers/registry.ts";
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { InputError, ownName } from "../../errors.ts";
import { count } from "../limits.ts";

const number = z.number().nonnegative().optional();

/** A measured setting; what it does not give is the sampler's default. */
export const samplingSchema = z.strictObject({
  sampler: z.enum(SAMPLER_NAMES),
  steps: count,
  temperature: z.number().nonnegative().default(1),
  eta: number,
  order: z.number().int().optional(),
  churn: number,
  churnFrom: number,
  churnTo: number,
  noiseFactor: number,
  sigmaMax: number,
  spread: number,
  grid: z.enum(GRIDS).optional(),
} satisfies Record<SamplerOptionName | "sampler" | "steps" | "temperature", z.ZodType>);

/** What is known of the number of electrons of a neutral molecule. */
export const ELECTRONS = ["even", "odd", "any"] as const;
/** An even or odd number of electrons, or any. */
export type Electrons = (typeof ELECTRONS)[number];

/** From fast to good. */
export const QUALITIES = ["draft", "normal", "best"] as const;
/** A choice between speed and quality; what it means is measured for each model. */
export type Quality = (typeof QUALITIES)[number];

export const qualitiesSchema = z.strictObject({
  draft: samplingSchema.optional(),
  normal: samplingSchema.optional(),
  best: samplingSchema.optional(),
} satisfies Record<Quality, z.ZodType>);

/** Everything that decides how noise becomes molecules. */
export interface Sampling extends SamplerChoice {
  /**
   * Multiplies the noise that steps add. Below 1 samples gather where the model's density is high: more of them are
   * stable, and they vary less.
   */
  readonly temperature: number;
  /**
   * Number of electrons of the molecules, taken as neutral: "even" makes those with closed shells, "odd" those with one open
   * shell. As in the training data where not given.
   */
  readonly electrons: Electrons;
}

/** What a caller may say of it; the rest is as the model recommends. */
export type SamplingRequest = { readonly [K in keyof Sampling]?: Sampling[K] | undefined } & {
  readonly quality?: Quality | undefined;
};

/** Where neither the caller nor the model says. */
const DEFAULT = { sampler: "churn", steps: 100 } as const;

/**
 * The sampling that is asked for. Where a sampler is named, only what the model recommends of that sampler's options
 * is taken; steps and temperature are then 100 and 1 unless they are given.
 * @param named how an option is written where it was given
 * @throws InputError for options that do not fit the sampler or the schedule, in one line with what is permitted
 */
export function resolveSampling(
  {
    config,
    schedule,
  }: {
    readonly config: {
      readonly sampling?: z.infer<typeof samplingSchema> | undefined;
      readonly qualities?: z.infer<typeof qualitiesSchema> | undefined;
      readonly electrons?: "even" | undefined;
    };
    readonly schedule: NoiseSchedule;
  },
  request: SamplingRequest,
  named = ownName,
): Sampling {
  const { quality, ...given } = request;
  const recommended = quality === undefined ? config.sampling : config.qualities?.[quality];
  if (quality !== undefined && recommended === undefined) {
    const known = QUALITIES.filter((name) => config.qualities?.[name] !== undefined);
    throw new InputError(
      `no setting of quality "${quality}" was measured for this model; ${known.length > 0 ? `there are ${known.join(", ")}` : `choose ${named("sampler")} and ${named("steps")}`}`,
    );
  }
  const sampler = given.sampler ?? recommended?.sampler ?? DEFAULT.sampler;
  const same = recommended?.sampler === sampler ? recommended : undefined;
  const whole = given.sampler === undefined || quality !== undefined ? same : undefined;
  const most = SAMPLERS[sampler].onTable ? schedule.steps : Number.POSITIVE_INFINITY;
  const choice: SamplerChoice = {
    ...onlyOptions(same ?? {}),
    ...onlyOptions(given),
    sampler,
    steps: given.steps ?? Math.min(whole?.steps ?? DEFAULT.steps, most),
  };
  const problem = choiceProblem(choice, schedule, named);
  if (problem !== undefined) throw new InputError(problem);
  const { temperature } = given;
  if (temperature !== undefined && !(temperature >= 0 && temperature <= 2))
    throw new InputError(`${named("temperature")} must be from 0 to 2; got ${temperature}`);
  if (temperature !== undefined && temperature !== 1 && !SAMPLERS[sampler].stochastic(choice))
    throw new InputError(
      `${named("temperature")} multiplies the noise of the steps; ${sampler} adds none here`,
    );
  const { electrons = config.electrons ?? "any" } = given;
  if (!ELECTRONS.includes(electrons))
    throw new InputError(`${named("electrons")} must be one of ${ELECTRONS.join(", ")}; got ${electrons}`);
  return { ...choice, temperature: temperature ?? whole?.temperature ?? 1, electrons };
}

/** Whether steps add noise; the last one then does, too. */
export const addsNoise = (choice: SamplerChoice): boolean => SAMPLERS[choice.sampler].stochastic(choice);

const onlyOptions = (
  choice: { readonly [K in SamplerOptionName]?: SamplerOptions[K] | undefined },
): SamplerOptions =>
  Object.fromEntries(optionsOf(choice as SamplerOptions).map((name) => [name, choice[name]]));

/** "churn, 100 steps, temperature 0.8, even electrons", for messages and tables. */
export const samplingText = ({
  sampler,
  steps,
  temperature,
  electrons = "any",
}: Pick<Sampling, "sampler" | "steps" | "temperature"> & Partial<Pick<Sampling, "electrons">>): string =>
  [
    sampler,
    `${steps} step${steps === 1 ? "" : "s"}`,
    ...(temperature === 1 ? [] : [`temperature ${temperature}`]),
    ...(electrons === "any" ? [] : [`${electrons} electrons`]),
  ].join(", ");

/** How noise becomes molecules: options of verbs that sample, and what a model recommends. */
import { InputError } from "../errors.ts";
import { SAMPLERS } from "../models/edm/config.ts";
import { addsNoise, type GenerateOptions } from "../models/edm/generate.ts";
import type { EdmModel } from "../models/edm/model.ts";
import { integerOption, numberOption } from "./options.ts";

const DEFAULT_STEPS = 250;

export const samplingArgs = {
  sampler: {
    type: "string",
    valueHint: SAMPLERS.join("|"),
    description: "how noise becomes molecules (what the model's card recommends, else ancestral)",
  },
  steps: {
    type: "string",
    valueHint: "K",
    description: `denoising steps, at most the model's (${DEFAULT_STEPS})`,
  },
  eta: { type: "string", valueHint: "η", description: "noise of --sampler ddim, 0 to 1 (0)" },
  temperature: {
    type: "string",
    valueHint: "τ",
    description: "multiplies the noise of the steps; below 1: more stable molecules that vary less (1)",
  },
} as const;

/** What citty read of `samplingArgs`. */
export interface SamplingWords {
  readonly sampler?: string | undefined;
  readonly steps?: string | undefined;
  readonly temperature?: string | undefined;
}

/** Sampler, steps and temperature: those asked for, or what the model recommends. */
export function samplingOf(
  args: SamplingWords,
  eta: number | undefined,
  { config, schedule }: EdmModel,
): Required<Pick<GenerateOptions, "sampler" | "steps" | "temperature">> {
  const T = schedule.steps;
  const recommended = args.sampler === undefined ? config.sampling : undefined;
  const sampler = SAMPLERS.find((name) => name === args.sampler) ?? recommended?.sampler ?? "ancestral";
  const steps = integerOption("steps", args.steps, { min: 1, max: T });
  const temperature = numberOption("temperature", args.temperature, { min: 0, max: 2 });
  if (temperature !== undefined && !addsNoise({ sampler, ...(eta === undefined ? {} : { eta }) }))
    throw new InputError(`--temperature multiplies the noise of the steps; ${sampler} adds none here`);
  return {
    sampler,
    steps: steps ?? Math.min(recommended?.steps ?? DEFAULT_STEPS, T),
    temperature: temperature ?? recommended?.temperature ?? 1,
  };
}

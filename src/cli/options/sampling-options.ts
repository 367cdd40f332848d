/** How noise becomes molecules: options of verbs that sample, read into a request that the model completes. */
import {
  SAMPLER_NAMES,
  SAMPLER_OPTIONS,
  SAMPLERS,
  type SamplerOptionName,
  type SamplerOptions,
} from "../../diffusion/samplers/registry.ts";
import { InputError } from "../../errors.ts";
import { ELECTRONS, QUALITIES, type SamplingRequest } from "../../models/edm/sampling.ts";
import { choiceOption, integerOption, numberOption } from "./options.ts";
import { optionWord } from "./words.ts";

type Kebab<S extends string> = S extends `${infer A}${infer B}`
  ? `${A extends Lowercase<A> ? A : `-${Lowercase<A>}`}${Kebab<B>}`
  : S;
/** An option of a sampler as it is written: churn-from. */
export type SamplerWord = Kebab<SamplerOptionName>;

const OPTION_NAMES = Object.keys(SAMPLER_OPTIONS) as SamplerOptionName[];
const word = (name: SamplerOptionName): SamplerWord => optionWord(name).slice("--".length) as SamplerWord;

/** All of them. */
export const SAMPLER_WORDS: readonly SamplerWord[] = OPTION_NAMES.map(word);

export interface TextArg {
  readonly type: "string";
  readonly valueHint: string;
  readonly description: string;
}

const samplersWith = (name: SamplerOptionName): string =>
  SAMPLER_NAMES.filter((sampler) => SAMPLERS[sampler].options.includes(name)).join(", ");

/** The samplers' own options. */
const ownArgs = Object.fromEntries(
  OPTION_NAMES.map((name): [SamplerWord, TextArg] => {
    const spec = SAMPLER_OPTIONS[name];
    return [
      word(name),
      {
        type: "string",
        valueHint: spec.kind === "choice" ? spec.values.join("|") : spec.symbol,
        description: `${samplersWith(name)}: ${spec.meaning}`,
      },
    ];
  }),
) as Readonly<Record<SamplerWord, TextArg>>;

export const samplingArgs = {
  quality: {
    type: "string",
    valueHint: QUALITIES.join("|"),
    description:
      "a setting that was measured for the model, between fast and good (what its card recommends)",
  },
  sampler: {
    type: "string",
    valueHint: "NAME",
    description: `how noise becomes molecules: ${SAMPLER_NAMES.join(", ")} (what the model's card recommends, else churn)`,
  },
  steps: {
    type: "string",
    valueHint: "K",
    description: "denoising steps (what the model's card recommends, else 100)",
  },
  temperature: {
    type: "string",
    valueHint: "τ",
    description: "multiplies the noise of the steps; below 1: more stable molecules that vary less (1)",
  },
  electrons: {
    type: "string",
    valueHint: ELECTRONS.join("|"),
    description: "number of electrons of a neutral molecule; even: closed shells (as in the model's data)",
  },
  ...ownArgs,
} as const;

/** What citty read of `samplingArgs`. */
export type SamplingWords = {
  readonly [K in "quality" | "sampler" | "electrons" | "steps" | "temperature" | SamplerWord]?:
    | string
    | undefined;
};

/** What the words ask for; whether it fits is seen with the model. @throws InputError for words that mean nothing */
export function samplingRequest(args: SamplingWords): SamplingRequest {
  const sampler = choiceOption("sampler", args.sampler, SAMPLER_NAMES);
  const quality = choiceOption("quality", args.quality, QUALITIES);
  if (sampler !== undefined && quality !== undefined)
    throw new InputError("--quality is a whole setting; leave out --sampler, or choose --steps with it");
  const own = OPTION_NAMES.map((name): [SamplerOptionName, SamplerOptions[SamplerOptionName]] => {
    const spec = SAMPLER_OPTIONS[name];
    const given = args[word(name)];
    if (spec.kind === "choice") return [name, choiceOption(word(name), given, spec.values)];
    return [name, (spec.kind === "integer" ? integerOption : numberOption)(word(name), given, spec)];
  });
  return {
    ...(Object.fromEntries(own.filter(([, value]) => value !== undefined)) as SamplerOptions),
    quality,
    sampler,
    steps: integerOption("steps", args.steps, { min: 1, max: 100_000 }),
    temperature: numberOption("temperature", args.temperature, { min: 0, max: 2 }),
    electrons: choiceOption("electrons", args.electrons, ELECTRONS),
  };
}

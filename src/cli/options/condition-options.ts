/** `--condition alpha=80`, `alpha=60..90` and `none`: what a conditional model is asked for. */
import { InputError } from "../../errors.ts";
import { type ConditionOptions, type Range, sweptRange } from "../../workflows/condition.ts";
import { integerOption, numberOption } from "./options.ts";
import { optionWord } from "./words.ts";

/** How a conditional model is asked. */
export const sweepArgs = {
  frames: {
    type: "string",
    valueHint: "K",
    description: "molecules of a sweep, from one end to the other (9)",
  },
  "fixed-noise": { type: "boolean", description: "the molecules of a sweep start from the same noise" },
  guidance: {
    type: "string",
    valueHint: "W",
    description: "weight of classifier-free guidance: more alike what is asked for, less varied (0)",
  },
} as const;

/** Options of verbs that sample from a conditional model; `condition` may be repeated. */
export const conditionArgs = {
  condition: {
    type: "string",
    valueHint: "P=VALUE",
    description:
      "what to ask of a conditional model: alpha=80, a sweep alpha=60..90, or none (drawn with the size from the training molecules)",
  },
  ...sweepArgs,
} as const;

export interface ConditionWords {
  readonly frames?: string | undefined;
  readonly "fixed-noise"?: boolean | undefined;
  readonly guidance?: string | undefined;
}

/** @throws InputError for words that make no sense whatever the model */
export function conditionRequest(words: readonly string[], args: ConditionWords): ConditionOptions {
  const asked: Record<string, number | Range> = {};
  for (const word of words.filter((each) => each !== "none")) {
    const [, property, from, to] = /^([^=]+)=(.*?)(?:\.\.(.*))?$/.exec(word) ?? [];
    if (property === undefined)
      throw new InputError(`--condition ${word}: expected PROPERTY=VALUE, PROPERTY=FROM..TO or none`);
    if (property in asked) throw new InputError(`--condition ${word}: ${property} was given already`);
    const start = numberOption(`condition ${property}`, from);
    asked[property] =
      to === undefined ? start : { from: start, to: numberOption(`condition ${property}`, to) };
  }
  const none = words.includes("none");
  if (none && words.length > 1) throw new InputError("--condition none cannot be joined with others");
  const request: ConditionOptions = {
    condition: none ? "none" : words.length > 0 ? asked : undefined,
    frames: integerOption("frames", args.frames, { min: 2, max: 10_000 }),
    fixedNoise: args["fixed-noise"] === true,
    guidance: numberOption("guidance", args.guidance, { min: -1, max: 100 }),
  };
  sweptRange(request, optionWord);
  return request;
}

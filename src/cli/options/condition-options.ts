/** `--condition alpha=80`, `alpha=60..100` and `none`: what a conditional model is asked for. */
import { InputError } from "../../errors.ts";
import { type ConditionValues, conditionedProperty, withUnit } from "../../models/edm/condition.ts";
import type { EdmConfig } from "../../models/edm/config.ts";
import type { GenerateOptions } from "../../models/edm/generate.ts";
import { jointDistribution } from "../../models/edm/joint.ts";
import { type ConditionRequest, type PropertyRange, sweep } from "../../models/edm/sweep.ts";
import { integerOption, numberOption } from "./options.ts";

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
      "what to ask of a conditional model: alpha=80, a sweep alpha=60..100, or none (drawn with the size from the training molecules)",
  },
  ...sweepArgs,
} as const;

export interface ConditionWords {
  readonly frames?: string | undefined;
  readonly "fixed-noise"?: boolean | undefined;
  readonly guidance?: string | undefined;
}

/** @throws InputError for words that make no sense whatever the model */
export function conditionRequest(words: readonly string[], args: ConditionWords): ConditionRequest {
  const values: Record<string, number> = {};
  let range: PropertyRange | undefined;
  for (const word of words.filter((each) => each !== "none")) {
    const [, property, from, to] = /^([^=]+)=(.*?)(?:\.\.(.*))?$/.exec(word) ?? [];
    if (property === undefined)
      throw new InputError(`--condition ${word}: expected PROPERTY=VALUE, PROPERTY=FROM..TO or none`);
    if (property in values || range?.property === property)
      throw new InputError(`--condition ${word}: ${property} was given already`);
    const value = numberOption(`condition ${property}`, from);
    if (to === undefined) values[property] = value;
    else if (range !== undefined)
      throw new InputError(`--condition ${word}: one property can be swept, ${range.property} is already`);
    else range = { property, from: value, to: numberOption(`condition ${property}`, to) };
  }
  const none = words.includes("none");
  if (none && words.length > 1) throw new InputError("--condition none cannot be joined with others");
  if (range === undefined && (args.frames !== undefined || args["fixed-noise"]))
    throw new InputError("--frames and --fixed-noise belong to a sweep: --condition alpha=60..100");
  const guidance = numberOption("guidance", args.guidance, { min: -1, max: 100 }) ?? 0;
  if (none && guidance !== 0)
    throw new InputError("--guidance strengthens a condition; with --condition none there is none");
  return {
    none,
    values,
    ...(range && { range }),
    frames: integerOption("frames", args.frames, { min: 2, max: 10_000 }) ?? 9,
    fixedNoise: args["fixed-noise"] === true,
    guidance,
  };
}

type Sampling = Pick<GenerateOptions, "count" | "first" | "seed" | "sizes">;

/**
 * The options of `generate` that ask for it.
 * @param warn told of values that are far from what the model was trained on
 * @throws InputError when the model is not conditioned on what is asked for
 */
export function conditioned(
  { none, values, range, frames, fixedNoise, guidance }: ConditionRequest,
  config: EdmConfig,
  sampling: Sampling,
  warn: (line: string) => void,
): Sampling & Pick<GenerateOptions, "condition" | "guidance" | "noiseOf"> {
  const asked = Object.entries(values).map(([property, value]): [string, number[]] => [property, [value]]);
  if (range) asked.push([range.property, [range.from, range.to]]);
  for (const [property, ends] of asked) warnIfFar(config, property, ends, warn);
  const { condition } = config;
  if (condition === undefined) {
    if (guidance !== 0) throw new InputError("--guidance needs a conditional model; this one is not");
    return sampling;
  }
  const guided = { ...sampling, guidance };
  if (none) return { ...guided, condition: "none" };
  if (range) return { ...guided, ...sweep(condition, { ...sampling, ...range, values, frames, fixedNoise }) };
  return asked.length > 0 ? { ...guided, condition: [values] } : guided;
}

/** Share of the training molecules outside of which a value is far from them, on each side. */
const TAIL = 0.005;

function warnIfFar(
  config: EdmConfig,
  property: string,
  values: readonly number[],
  warn: (line: string) => void,
): void {
  const known = conditionedProperty(config, property);
  if (config.condition === undefined) return;
  const { quantile } = jointDistribution(config.condition);
  const [low, high] = [quantile(property, TAIL), quantile(property, 1 - TAIL)];
  const short = (value: number): string => String(Number(value.toPrecision(4)));
  for (const value of values) {
    if (value >= low && value <= high) continue;
    warn(
      `${property}=${value} is far from what the model was trained on: 99 % of those molecules have ${withUnit(known)} from ${short(low)} to ${short(high)}, all from ${short(known.min)} to ${short(known.max)}`,
    );
  }
}

/** What was asked for, for a program: numbers, a range, or what is drawn. */
export const asked = ({ none, values, range, frames, fixedNoise }: ConditionRequest) =>
  none
    ? "none"
    : {
        ...values,
        ...(range && { [range.property]: { from: range.from, to: range.to, frames, fixedNoise } }),
      };

/** What a molecule was asked to be, as its properties: `target_alpha`. */
export const targetsOf = (condition: ConditionValues = {}): ConditionValues =>
  Object.fromEntries(Object.entries(condition).map(([name, value]) => [`target_${name}`, value]));

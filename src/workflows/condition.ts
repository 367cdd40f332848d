/** What a conditional model is asked for: values, a sweep through a range, or nothing. */
import { InputError } from "../errors.ts";
import { type ConditionValues, conditionedProperty, withUnit } from "../models/edm/condition.ts";
import type { EdmConfig } from "../models/edm/config.ts";
import type { GenerateOptions } from "../models/edm/generate.ts";
import { jointDistribution } from "../models/edm/joint.ts";
import { type PropertyRange, sweep } from "../models/edm/sweep.ts";
import type { Reporter } from "./workflow.ts";

/** Ends of a sweep, in the property's unit. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export interface ConditionOptions {
  /**
   * By property, in its unit: a value, or for one property a range, which is swept. "none" asks for nothing; left
   * out, conditions are drawn with the size from those of the training molecules.
   */
  readonly condition?: Readonly<Record<string, number | Range>> | "none" | undefined;
  /** Molecules of a sweep, from one end to the other, both included; 9 by default. */
  readonly frames?: number | undefined;
  /** The molecules of a sweep start from the same noise. */
  readonly fixedNoise?: boolean | undefined;
  /** Weight of classifier-free guidance (Ho & Salimans 2022); 0 by default. */
  readonly guidance?: number | undefined;
}

const FRAMES = 9;

const entriesOf = ({ condition = {} }: ConditionOptions): [string, number | Range][] =>
  condition === "none" ? [] : Object.entries(condition);

/** The sweep that is asked for. @throws InputError for more than one, and for words that belong to one without it */
export function sweptRange(
  options: ConditionOptions,
  named: Reporter["named"] = (option) => option,
): (PropertyRange & { readonly frames: number }) | undefined {
  const ranges = entriesOf(options).filter((entry): entry is [string, Range] => typeof entry[1] === "object");
  if (ranges.length > 1)
    throw new InputError(
      `${named("condition")} ${ranges[1][0]}: one property can be swept, ${ranges[0][0]} is already`,
    );
  if (ranges.length === 0 && (options.frames !== undefined || options.fixedNoise))
    throw new InputError(
      `${named("frames")} and ${named("fixedNoise")} belong to a sweep: ${named("condition")} alpha=60..90`,
    );
  if (options.condition === "none" && (options.guidance ?? 0) !== 0)
    throw new InputError(
      `${named("guidance")} strengthens a condition; with ${named("condition")} none there is none`,
    );
  if (ranges.length === 0) return undefined;
  const [[property, range]] = ranges;
  return { property, ...range, frames: options.frames ?? FRAMES };
}

type Drawn = Pick<GenerateOptions, "count" | "first" | "seed" | "sizes">;

/**
 * The options of `generate` that ask for it; `count` is then molecules, or sweeps.
 * @throws InputError when the model is not conditioned on what is asked for
 */
export function conditioned(
  options: ConditionOptions,
  { condition, ...config }: EdmConfig,
  drawn: Drawn,
  { warning, named }: Reporter,
): Drawn & Pick<GenerateOptions, "condition" | "guidance" | "noiseOf"> {
  const { guidance = 0, fixedNoise = false } = options;
  const swept = sweptRange(options, named);
  const whole: EdmConfig = condition === undefined ? config : { ...config, condition };
  for (const { property, value, known } of farValues(whole, options))
    warning(`${property}=${value} is far from what the model was trained on: ${known}`);
  if (condition === undefined) {
    if (guidance !== 0)
      throw new InputError(`${named("guidance")} needs a conditional model; this one is not`);
    return drawn;
  }
  const guided = { ...drawn, guidance };
  if (options.condition === "none") return { ...guided, condition: "none" };
  const values: ConditionValues = Object.fromEntries(
    entriesOf(options).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
  if (swept) return { ...guided, ...sweep(condition, { ...drawn, ...swept, values, fixedNoise }) };
  return Object.keys(values).length > 0 ? { ...guided, condition: [values] } : guided;
}

/** Share of the training molecules outside of which a value is far from them, on each side. */
const TAIL = 0.005;

/** A value that is asked for and that (almost) no training molecule has. */
export interface FarValue {
  readonly property: string;
  readonly value: number;
  /** What the training molecules have, in words. */
  readonly known: string;
}

/** The values asked for that are far from those of the training molecules. @throws InputError for a property that the model is not conditioned on */
export function farValues(config: EdmConfig, options: ConditionOptions): FarValue[] {
  return entriesOf(options).flatMap(([property, asked]) => {
    const known = conditionedProperty(config, property);
    if (config.condition === undefined) return [];
    const { quantile } = jointDistribution(config.condition);
    const [low, high] = [quantile(property, TAIL), quantile(property, 1 - TAIL)];
    const short = (value: number): string => String(Number(value.toPrecision(4)));
    const range = `99 % of those molecules have ${withUnit(known)} from ${short(low)} to ${short(high)}, all from ${short(known.min)} to ${short(known.max)}`;
    return (typeof asked === "number" ? [asked] : [asked.from, asked.to])
      .filter((value) => !(value >= low && value <= high))
      .map((value) => ({ property, value, known: range }));
  });
}

/** What was asked for, for a report: numbers, a range, or what is drawn. */
export function askedFor(options: ConditionOptions): "none" | Readonly<Record<string, unknown>> {
  if (options.condition === "none") return "none";
  const { frames = FRAMES, fixedNoise = false } = options;
  return Object.fromEntries(
    entriesOf(options).map(([property, value]) => [
      property,
      typeof value === "number" ? value : { ...value, frames, fixedNoise },
    ]),
  );
}

/** What a molecule was asked to be, as its properties: `target_alpha`. */
export const targetsOf = (condition: ConditionValues = {}): ConditionValues =>
  Object.fromEntries(Object.entries(condition).map(([name, value]) => [`target_${name}`, value]));

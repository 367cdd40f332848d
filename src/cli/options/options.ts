/** Options that several verbs share, and the reading of values that citty hands over as text. */
import type { ArgsDef } from "citty";
import { InputError } from "../../errors.ts";

/** Options of every verb. */
export const commonOptions = {
  json: { type: "boolean", description: "print one JSON object on stdout; everything else goes to stderr" },
  quiet: {
    type: "boolean",
    alias: "q",
    description: "no notices and no progress, only the answer and errors",
  },
} as const satisfies ArgsDef;

/** Of verbs that read files of molecules. */
export const readingOption = {
  strict: {
    type: "boolean",
    description: "refuse a file with a record that cannot be read, and all that is read by a guess",
  },
} as const satisfies ArgsDef;

/** Of verbs that draw random numbers. */
export const seedOption = {
  seed: {
    type: "string",
    valueHint: "S",
    default: "0",
    description: "seed of the random numbers; the same seed gives the same result on any number of threads",
  },
} as const satisfies ArgsDef;

/** Of verbs that compute. The launcher reads it before the tensor library is imported. */
export const threadsOption = {
  threads: { type: "string", valueHint: "T", description: "threads to compute on (all cores)" },
} as const satisfies ArgsDef;

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** The integer that option `name` was given, undefined when it was not. Throws InputError. */
export function integerOption(name: string, value: string, bounds?: Bounds): number;
export function integerOption(name: string, value: string | undefined, bounds?: Bounds): number | undefined;
export function integerOption(
  name: string,
  value: string | undefined,
  bounds: Bounds = {},
): number | undefined {
  const read = numeric(/^[+-]?\d+$/, value, bounds);
  if (read === "wrong" || (read !== undefined && !Number.isSafeInteger(read)))
    throw wrong(name, "an integer", bounds, value);
  return read;
}

/** The number that option `name` was given, undefined when it was not. Throws InputError. */
export function numberOption(name: string, value: string, bounds?: Bounds): number;
export function numberOption(name: string, value: string | undefined, bounds?: Bounds): number | undefined;
export function numberOption(
  name: string,
  value: string | undefined,
  bounds: Bounds = {},
): number | undefined {
  const read = numeric(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, value, bounds);
  if (read === "wrong") throw wrong(name, "a number", bounds, value);
  return read;
}

/** Comma-separated integers: `--sizes 9,12,12`. Throws InputError. */
export function integersOption(name: string, value: string, bounds?: Bounds): number[];
export function integersOption(
  name: string,
  value: string | undefined,
  bounds?: Bounds,
): number[] | undefined;
export function integersOption(
  name: string,
  value: string | undefined,
  bounds?: Bounds,
): number[] | undefined {
  return value?.split(",").map((part) => integerOption(name, part.trim(), bounds));
}

/** The word that option `name` was given, undefined when it was not. Throws InputError for one that is not known. */
export function choiceOption<T extends string>(name: string, value: string, known: readonly T[]): T;
export function choiceOption<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined;
export function choiceOption<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  const found = known.find((each) => each === value);
  if (value !== undefined && found === undefined)
    throw new InputError(`--${name} ${value}: expected one of ${known.join(", ")}`);
  return found;
}

function numeric(form: RegExp, value: string | undefined, bounds: Bounds): number | "wrong" | undefined {
  if (value === undefined) return undefined;
  const { min = -Infinity, max = Infinity } = bounds;
  const number = form.test(value) ? Number(value) : Number.NaN;
  return number >= min && number <= max && Number.isFinite(number) ? number : "wrong";
}

function wrong(name: string, kind: string, { min, max }: Bounds, value: string | undefined): InputError {
  const range =
    min !== undefined && max !== undefined
      ? ` from ${min} to ${max}`
      : min !== undefined
        ? ` of at least ${min}`
        : max !== undefined
          ? ` of at most ${max}`
          : "";
  return new InputError(`--${name} takes ${kind}${range}; got "${value}"`);
}

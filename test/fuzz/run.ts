/**
 * Hands a reader many damaged inputs and judges what it makes of each: a value that is sound, or one of our own errors
 * in one line that names the file. Anything else is a failure, told with the number that makes the input again.
 *
 * EQUIMOL_FUZZ=100000 sets how many inputs each reader gets, EQUIMOL_FUZZ_SEED which ones (scripts/fuzz.mjs).
 */
import { InputError, WorkError } from "../../src/errors.ts";
import { type Dice, dice, mutateBytes, mutateText } from "./mutate.ts";

/** A reader, whole inputs for it, and what must hold of what it makes of a damaged one. */
export interface FuzzTarget<Input extends string | Uint8Array, Result> {
  readonly name: string;
  /** Inputs that are read without a word. */
  readonly seeds: readonly Input[];
  readonly read: (input: Input) => Result | Promise<Result>;
  /** What is wrong with a result that was accepted; undefined where nothing is. */
  readonly check?: (result: Result, input: Input) => string | undefined;
  /** A further way to damage an input, taken every other time. */
  readonly damage?: (seed: Input, dice: Dice) => Input;
  /** What the message of an error must show: "file:line: …", or by default the name "in" of the file. */
  readonly place?: RegExp;
}

export interface FuzzFailure<Input> {
  /** Number of the input: EQUIMOL_FUZZ_SEED and this make it again. */
  readonly index: number;
  readonly problem: string;
  readonly input: Input;
}

export interface FuzzReport<Input> {
  readonly name: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  /** Milliseconds that the slowest input took. */
  readonly slowest: number;
  /** At most ten; of more the count is in `failed`. */
  readonly failures: readonly FuzzFailure<Input>[];
  readonly failed: number;
}

export interface FuzzOptions {
  readonly count: number;
  readonly seed?: number;
  /** First index. */
  readonly first?: number;
  /** Milliseconds of computing that one input may take. */
  readonly limit?: number;
  /** Bytes that the process may grow by. */
  readonly memory?: number;
}

/** How many inputs each reader gets: EQUIMOL_FUZZ, or the number that the suite has time for. */
export const fuzzOptions = (usual: number): FuzzOptions => ({
  count: Number(process.env.EQUIMOL_FUZZ ?? usual),
  seed: Number(process.env.EQUIMOL_FUZZ_SEED ?? 1),
  first: Number(process.env.EQUIMOL_FUZZ_FIRST ?? 0),
});

/** The damaged input of a number: the same in every run. */
export function fuzzInput<Input extends string | Uint8Array>(
  target: Pick<FuzzTarget<Input, unknown>, "seeds" | "damage">,
  seed: number,
  index: number,
): Input {
  const random = dice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  const whole = random.pick(target.seeds);
  if (target.damage !== undefined && random.roll() < 0.5) return target.damage(whole, random);
  return (
    typeof whole === "string"
      ? mutateText(whole, random, target.seeds as readonly string[])
      : mutateBytes(whole, random, target.seeds as readonly Uint8Array[])
  ) as Input;
}

const SHOWN = 10;

/** Reads `count` damaged inputs one after the other. */
export async function fuzz<Input extends string | Uint8Array, Result>(
  target: FuzzTarget<Input, Result>,
  { count, seed = 1, first = 0, limit = 2000, memory = 2 ** 30 }: FuzzOptions,
): Promise<FuzzReport<Input>> {
  const failures: FuzzFailure<Input>[] = [];
  let [accepted, refused, slowest, failed] = [0, 0, 0, 0];
  const before = process.memoryUsage.rss();
  for (let index = first; index < first + count; index++) {
    const input = fuzzInput(target, seed, index);
    const [began, used] = [performance.now(), process.cpuUsage()];
    let problem: string | undefined;
    try {
      const result = await target.read(input);
      accepted++;
      problem = target.check?.(result, input);
    } catch (error) {
      refused++;
      problem = problemOf(error, target.place ?? /\bin\b/);
    }
    // A busy machine makes any input slow; what hangs either computes, or waits for what never comes.
    const { user, system } = process.cpuUsage(used);
    const waited = performance.now() - began;
    const took = waited > 30 * limit ? waited : (user + system) / 1000;
    slowest = Math.max(slowest, took);
    if (took > limit) problem ??= `took ${Math.round(took)} ms`;
    if (index % 256 === 0 && process.memoryUsage.rss() - before > memory)
      problem ??= `the process grew by ${Math.round((process.memoryUsage.rss() - before) / 2 ** 20)} MB`;
    if (problem === undefined) continue;
    if (failures.length < SHOWN) failures.push({ index, problem, input });
    failed++;
  }
  return { name: target.name, inputs: count, accepted, refused, slowest, failures, failed };
}

/** What is wrong with an error: it is not ours, has several lines, control characters, or no place. */
function problemOf(error: unknown, place: RegExp): string | undefined {
  if (!(error instanceof InputError || error instanceof WorkError))
    return `not an error of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not reach a terminal
  if (/[\u0000-\u001f\u007f-\u009f]/.test(error.message))
    return `control characters in ${JSON.stringify(error.message)}`;
  return place.test(error.message) ? undefined : `no place in ${JSON.stringify(error.message)}`;
}

/** The failures as text for an assertion: one line each, the input shortened. */
export const failureText = (report: FuzzReport<string | Uint8Array>): string =>
  report.failures
    .map(({ index, problem, input }) => {
      const shown = typeof input === "string" ? JSON.stringify(input) : Buffer.from(input).toString("hex");
      return `${report.name} ${index}: ${problem}\n    ${shown.slice(0, 600)}`;
    })
    .join("\n");

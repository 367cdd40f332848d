/**
 * A sweep: one property goes through a range in equal steps while everything else stays, so that one sees what the
 * property does to a molecule (Hoogeboom et al. 2022, section 5.2: polarizability at fixed noise).
 */
import { stream } from "../../math/random.ts";
import type { Condition, ConditionValues } from "./condition.ts";
import type { GenerateOptions } from "./generate.ts";
import { jointDistribution } from "./joint.ts";

/** A property that goes from one value to another. */
export interface SweepOptions {
  readonly property: string;
  readonly from: number;
  readonly to: number;
  /** Molecules from one end to the other, both included. */
  readonly frames: number;
  /** Values of other properties, which stay. */
  readonly values?: ConditionValues;
  /** All frames of a sweep take the same noise, and with it the same size. */
  readonly fixedNoise: boolean;
  readonly seed: number;
  /** Sweep k has `sizes[k % sizes.length]` atoms; at fixed noise drawn for the middle of the range when absent. */
  readonly sizes?: readonly number[] | undefined;
  /** Sweeps `first` … `first + count − 1`. */
  readonly count: number;
  readonly first?: number | undefined;
}

/** Value of each frame. [frames] */
export const sweepValues = ({ from, to, frames }: Pick<SweepOptions, "from" | "to" | "frames">): number[] =>
  Array.from({ length: frames }, (_, k) =>
    frames === 1 ? (from + to) / 2 : from + (k * (to - from)) / (frames - 1),
  );

/** What `generate` must be told: molecule i is frame i % frames of sweep ⌊i / frames⌋. */
export function sweep(
  condition: Condition,
  options: SweepOptions,
): Pick<GenerateOptions, "count" | "first" | "condition" | "sizes" | "noiseOf"> {
  const { property, from, to, frames, values = {}, fixedNoise, seed, sizes, count, first = 0 } = options;
  const sweepOf = (index: number): number => Math.floor(index / frames);
  const middle = { ...values, [property]: (from + to) / 2 };
  const { draw } = jointDistribution(condition);
  const sizeOfSweep = (k: number): number =>
    sizes?.[k % sizes.length] ?? draw(stream({ seed, purpose: "sizes", index: k }), { values: middle }).size;
  const own =
    fixedNoise || sizes !== undefined
      ? Array.from({ length: (first + count) * frames }, (_, i) => i).map((i) => sizeOfSweep(sweepOf(i)))
      : undefined;
  return {
    count: count * frames,
    first: first * frames,
    condition: sweepValues(options).map((value) => ({ ...values, [property]: value })),
    ...(own && { sizes: own }),
    ...(fixedNoise && { noiseOf: sweepOf }),
  };
}

/** Values from one to another. */
export interface PropertyRange {
  readonly property: string;
  readonly from: number;
  readonly to: number;
}

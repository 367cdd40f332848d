/**
 * How well generated molecules have the property they were asked for (Hoogeboom et al. 2022, section 5.2 and table 3):
 * the mean absolute error of a property network on them, beside three yardsticks on the molecules that the generator
 * was trained on: labels shuffled (knows nothing), the number of atoms alone, and real molecules with their own labels
 * (the error of the network itself). The network was trained on the other half of the labelled molecules.
 * Deviation: "#atoms" is the median of the other half at each size, not a network trained on N.
 */

import type { BondRule } from "../chem/bond-tables.ts";
import { checkGeometry } from "../chem/geometry.ts";
import type { Molecule } from "../chem/molecule.ts";
import { perceiveBonds } from "../chem/perception.ts";
import { stability } from "../chem/stability.ts";
import { permutation, stream } from "../math/random.ts";
import { spearman } from "../math/rank.ts";

/** Predicts the property of molecules, in its unit. [M] */
export type Judge = (molecules: readonly Molecule[]) => Promise<Float64Array>;

/** Mean absolute error with its standard error; null of nothing. */
export interface PropertyError {
  readonly mae: number | null;
  readonly sem: number | null;
  readonly molecules: number;
}

/** A molecule with the value that it has, or was asked to have. */
export interface Labelled {
  readonly molecule: Molecule;
  readonly value: number;
}

/** What an error of generated molecules is to be compared with. */
export interface Yardsticks {
  /** The judge's values against the labels of other molecules. */
  readonly shuffled: PropertyError;
  /** The median at the same number of atoms against the labels. */
  readonly sizeOnly: PropertyError;
  /** The judge's values against the labels. */
  readonly real: PropertyError;
}

/**
 * The errors that generated molecules are compared with, in the unit of the property (Hoogeboom et al. 2022, table 3).
 * @param own molecules of the generator's half, with their labels
 * @param others molecules of the judge's half: sizes and labels
 */
export async function yardsticks(
  judge: Judge,
  own: readonly Labelled[],
  others: readonly { readonly size: number; readonly value: number }[],
): Promise<Yardsticks> {
  const labels = own.map(({ value }) => value);
  const predicted = await judge(own.map(({ molecule }) => molecule));
  const order = permutation(own.length, stream({ seed: 0, purpose: "split" }));
  const medians = mediansBySize(others);
  return {
    shuffled: errorOf(
      predicted,
      Array.from(order, (k) => labels[k]),
    ),
    sizeOnly: errorOf(
      own.map(({ molecule }) => medians(molecule.atomicNumbers.length)),
      labels,
    ),
    real: errorOf(predicted, labels),
  };
}

/** The error of generated molecules: of all, and of those that are worth something. */
export interface GeneratedError {
  readonly all: PropertyError;
  /** Of the molecules in one piece, and of the stable ones. */
  readonly connected: PropertyError;
  readonly stable: PropertyError;
  /** Mean of the judge's value less the one asked for. */
  readonly bias: number;
  /** Spearman's rank correlation of what was asked for and the judge's value. */
  readonly rankCorrelation: number;
}

/** The judge's mean absolute error, in the unit of the property, on molecules that were asked to have a value. */
export async function generatedError(
  judge: Judge,
  generated: readonly Labelled[],
  rule: BondRule,
): Promise<GeneratedError> {
  const predicted = await judge(generated.map(({ molecule }) => molecule));
  const asked = generated.map(({ value }) => value);
  const those = (keep: (molecule: Molecule) => boolean): PropertyError => {
    const kept = [...generated.keys()].filter((i) => keep(generated[i].molecule));
    return errorOf(
      kept.map((i) => predicted[i]),
      kept.map((i) => asked[i]),
    );
  };
  return {
    all: errorOf(predicted, asked),
    connected: those((molecule) => inOnePiece(molecule, rule)),
    stable: those((molecule) => stability(molecule, rule).stable),
    bias: asked.reduce((sum, value, i) => sum + predicted[i] - value, 0) / asked.length,
    rankCorrelation: spearman(asked, predicted),
  };
}

/** What came where one value was asked for. */
export interface SweepFrame {
  readonly asked: number;
  /** Of the judge's values of the frame's molecules. */
  readonly mean: number;
  readonly sem: number;
  readonly molecules: number;
}

/** Whether what came follows what was asked for. */
export interface SweepEvaluation {
  readonly frames: readonly SweepFrame[];
  /** The means rise from frame to frame. */
  readonly monotone: boolean;
  /** Spearman's rank correlation of what was asked for with the means, and with the value of every molecule. */
  readonly rankCorrelationOfMeans: number;
  readonly rankCorrelation: number;
}

/** The judge's values along a sweep, molecules that were asked for the same value together. */
export async function sweepResponse(judge: Judge, generated: readonly Labelled[]): Promise<SweepEvaluation> {
  const predicted = await judge(generated.map(({ molecule }) => molecule));
  const asked = generated.map(({ value }) => value);
  const frames = [...new Set(asked)]
    .sort((a, b) => a - b)
    .map((value): SweepFrame => {
      const own = [...asked.keys()].filter((i) => asked[i] === value).map((i) => predicted[i]);
      const { mean, sem } = meanOf(own);
      return { asked: value, mean, sem, molecules: own.length };
    });
  return {
    frames,
    monotone: frames.every(({ mean }, k) => k === 0 || mean > frames[k - 1].mean),
    rankCorrelationOfMeans: spearman(
      frames.map((frame) => frame.asked),
      frames.map((frame) => frame.mean),
    ),
    rankCorrelation: spearman(asked, predicted),
  };
}

function errorOf(predicted: ArrayLike<number>, labels: readonly number[]): PropertyError {
  if (labels.length === 0) return { mae: null, sem: null, molecules: 0 };
  const { mean, sem } = meanOf(labels.map((label, i) => Math.abs(predicted[i] - label)));
  return { mae: mean, sem, molecules: labels.length };
}

function meanOf(values: readonly number[]): { readonly mean: number; readonly sem: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sem: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1) / values.length) };
}

/** Median of the values at each size; of the nearest size where there is none. */
function mediansBySize(
  others: readonly { readonly size: number; readonly value: number }[],
): (size: number) => number {
  const bySize = new Map<number, number[]>();
  for (const { size, value } of others) {
    const values = bySize.get(size);
    if (values) values.push(value);
    else bySize.set(size, [value]);
  }
  const medians = [...bySize].map(([size, values]) => ({ size, median: median(values) }));
  return (size) =>
    medians.reduce((a, b) => (Math.abs(b.size - size) < Math.abs(a.size - size) ? b : a)).median;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const inOnePiece = (molecule: Molecule, rule: BondRule): boolean =>
  checkGeometry(molecule, perceiveBonds(molecule, rule)).fragments === 1;

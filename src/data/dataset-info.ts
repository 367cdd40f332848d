/**
 * `dataset.json`: what is to be known of a data set without opening its arrays. Statistics are those of the
 * training part; the mean absolute deviation is what EGNN and EDM normalise properties by.
 */

import { z } from "zod";
import { symbolOf } from "../chem/elements.ts";
import { packageVersion } from "../platform/node/version.ts";
import { type MoleculeSet, setSize, sizesOf } from "./molecule-set.ts";

/** The three parts, in the order of their number in the `split` tensor. */
export const SPLITS = ["train", "valid", "test"] as const;
export type Split = (typeof SPLITS)[number];

const count = z.int().nonnegative();

const statisticsSchema = z.object({
  /** Training molecules of which the property is known. */
  count,
  /** Null when it is known of none. */
  mean: z.number().nullable(),
  /** Mean absolute deviation from the mean. */
  mad: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  unit: z.string().optional(),
});
export type PropertyStatistics = z.infer<typeof statisticsSchema>;

const sourceSchema = z.object({
  file: z.string(),
  sha256: z.string(),
  molecules: count,
  split: z.enum(SPLITS).optional(),
});
export type Source = z.infer<typeof sourceSchema>;

const provenanceSchema = z.object({
  /** Version of equimol that wrote the data set. */
  equimol: z.string(),
  /** The command: "data import", "data fetch qm9", … */
  command: z.string(),
  sources: z.array(sourceSchema),
  options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** Molecules left out, by reason. */
  dropped: z.record(z.string(), count),
});
export type Provenance = z.infer<typeof provenanceSchema>;

export const datasetInfoSchema = z.object({
  format: z.literal("equimol-dataset"),
  version: z.literal(1),
  name: z.string(),
  molecules: z.object({ train: count, valid: count, test: count }),
  /** Atoms in all parts. */
  atoms: count,
  /** Symbols of all elements that occur, by atomic number. */
  elements: z.array(z.string()),
  /** Atoms of each element in the training part. */
  elementCounts: z.record(z.string(), count),
  /** Training molecules of each size (number of atoms). */
  sizes: z.record(z.string().regex(/^\d+$/), count),
  /** Atoms of the largest molecule of any part. */
  largest: count,
  properties: z.record(z.string(), statisticsSchema),
  /** Of `data.safetensors`, or of the file the molecules were read from. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  provenance: provenanceSchema,
});
export type DatasetInfo = z.infer<typeof datasetInfoSchema>;

/** What the writer of a data set knows beside its arrays. */
export interface DatasetSummary {
  readonly name: string;
  readonly train: MoleculeSet;
  readonly valid?: MoleculeSet;
  readonly test?: MoleculeSet;
  readonly units?: Readonly<Record<string, string>>;
  readonly sha256: string;
  readonly provenance: Omit<Provenance, "equimol">;
}

/** The content of `dataset.json` for the given parts. */
export function datasetInfo(summary: DatasetSummary): DatasetInfo {
  const { name, train, valid, test, units = {}, sha256, provenance } = summary;
  const parts = [train, valid, test].filter((part) => part !== undefined);
  const byElement = elementCounts(parts);
  const byElementInTraining = elementCounts([train]);
  const elements = [...byElement.keys()].sort((a, b) => a - b);
  const propertyNames = [...new Set(parts.flatMap((part) => Object.keys(part.properties)))];
  return {
    format: "equimol-dataset",
    version: 1,
    name,
    molecules: {
      train: setSize(train),
      valid: valid === undefined ? 0 : setSize(valid),
      test: test === undefined ? 0 : setSize(test),
    },
    atoms: parts.reduce((sum, part) => sum + part.atomicNumbers.length, 0),
    elements: elements.map(symbolOf),
    elementCounts: Object.fromEntries(elements.map((z) => [symbolOf(z), byElementInTraining.get(z) ?? 0])),
    sizes: sizeHistogram(train),
    largest: parts.reduce((largest, part) => sizesOf(part).reduce((a, b) => Math.max(a, b), largest), 0),
    properties: Object.fromEntries(
      propertyNames.map((property) => [
        property,
        statisticsOf(train.properties[property] ?? [], units[property]),
      ]),
    ),
    sha256,
    provenance: { equimol: packageVersion(), ...provenance },
  };
}

/** Molecules of each number of atoms, by increasing number. */
export function sizeHistogram(set: MoleculeSet): Record<string, number> {
  const histogram: Record<string, number> = {};
  for (const size of sizesOf(set)) histogram[size] = (histogram[size] ?? 0) + 1;
  return histogram;
}

/** Atoms of each atomic number. */
function elementCounts(sets: readonly MoleculeSet[]): Map<number, number> {
  const perNumber = new Uint32Array(256);
  for (const set of sets) for (const z of set.atomicNumbers) perNumber[z]++;
  return new Map([...perNumber.entries()].filter(([, atoms]) => atoms > 0));
}

function statisticsOf(column: ArrayLike<number>, unit: string | undefined): PropertyStatistics {
  const known = Array.from(column).filter((value) => !Number.isNaN(value));
  const named = unit === undefined ? {} : { unit };
  if (known.length === 0) return { count: 0, mean: null, mad: null, min: null, max: null, ...named };
  const mean = known.reduce((sum, value) => sum + value / known.length, 0);
  return {
    count: known.length,
    mean,
    mad: known.reduce((sum, value) => sum + Math.abs(value - mean) / known.length, 0),
    min: known.reduce((a, b) => Math.min(a, b)),
    max: known.reduce((a, b) => Math.max(a, b)),
    ...named,
  };
}

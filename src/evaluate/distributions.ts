/**
 * Distributions of structure over a set of molecules: bond lengths by kind of bond, bond angles by kind of angle,
 * distances of all pairs of atoms and the smallest ring of each atom by their elements; and how far they are from those of another set. Collected
 * molecule by molecule into fixed bins, so memory does not grow with the set.
 */

import { symbolOf } from "../chem/elements.ts";
import type { Bond, Molecule } from "../chem/molecule.ts";
import { forEachPairWithin } from "../chem/neighbours.ts";
import { jensenShannon } from "./distances.ts";

/** Equal bins; what lies outside is counted in the first or last. */
export interface Bins {
  /** Lower edge of the first bin. */
  readonly from: number;
  readonly width: number;
  readonly count: number;
}

/** Å, degrees, Å, atoms (0: in no ring). */
export const STRUCTURE_BINS = {
  bondLengths: { from: 0.5, width: 0.02, count: 125 },
  bondAngles: { from: 0, width: 2, count: 90 },
  pairDistances: { from: 0, width: 0.1, count: 100 },
  smallestRings: { from: 0, width: 1, count: 13 },
} as const satisfies Readonly<Record<string, Bins>>;

/** Bond lengths, angles and what else is counted. */
export type StructureKind = keyof typeof STRUCTURE_BINS;

/** Counts in the bins of STRUCTURE_BINS, by kind: "C-N double", "H-C-O" (centre in the middle), "C-O", "C". */
export type StructureHistograms = Readonly<
  Record<StructureKind, Readonly<Record<string, readonly number[]>>>
>;

/** Counts molecules one by one. */
export interface StructureCounter {
  /** @param bonds of the molecule, as `perceiveBonds` returns them */
  readonly add: (molecule: Molecule, bonds: readonly Bond[]) => void;
  readonly histograms: () => StructureHistograms;
}

const ORDER_NAMES = { 1: "single", 2: "double", 3: "triple", 4: "aromatic" } as const;

/** A counter that has seen no molecule. */
export function structureCounter(): StructureCounter {
  const counts: Record<StructureKind, Map<number, number[]>> = {
    bondLengths: new Map(),
    bondAngles: new Map(),
    pairDistances: new Map(),
    smallestRings: new Map(),
  };
  // Kinds are numbers while counting: three bytes, each an element or an order.
  const count = (kind: StructureKind, a: number, b: number, c: number, value: number): void => {
    const key = (a << 16) | (b << 8) | c;
    const bins: Bins = STRUCTURE_BINS[kind];
    let row = counts[kind].get(key);
    if (row === undefined) {
      row = new Array<number>(bins.count).fill(0);
      counts[kind].set(key, row);
    }
    row[Math.max(0, Math.min(bins.count - 1, Math.floor((value - bins.from) / bins.width)))]++;
  };

  const add = ({ atomicNumbers: z, positions }: Molecule, bonds: readonly Bond[]): void => {
    const neighbours: number[][] = Array.from(z, () => []);
    for (const { i, j, order } of bonds) {
      neighbours[i].push(j);
      neighbours[j].push(i);
      count(
        "bondLengths",
        Math.min(z[i], z[j]),
        Math.max(z[i], z[j]),
        order,
        length(vector(positions, i, j)),
      );
    }
    neighbours.forEach((around, centre) => {
      for (let a = 0; a < around.length; a++) {
        for (let b = a + 1; b < around.length; b++) {
          const [first, second] = [z[around[a]], z[around[b]]];
          const angle = degreesBetween(
            vector(positions, centre, around[a]),
            vector(positions, centre, around[b]),
          );
          if (!Number.isNaN(angle)) {
            count("bondAngles", Math.min(first, second), z[centre], Math.max(first, second), angle);
          }
        }
      }
    });
    smallestRings(neighbours, STRUCTURE_BINS.smallestRings.count - 1).forEach((size, atom) => {
      count("smallestRings", z[atom], 0, 0, size);
    });
    const { from, width, count: bins } = STRUCTURE_BINS.pairDistances;
    forEachPairWithin(positions, from + width * bins, (i, j, squared) => {
      count("pairDistances", Math.min(z[i], z[j]), Math.max(z[i], z[j]), 0, Math.sqrt(squared));
    });
  };

  const histograms = (): StructureHistograms => ({
    bondLengths: named(counts.bondLengths, (a, b, order) => {
      return `${symbolOf(a)}-${symbolOf(b)} ${ORDER_NAMES[order as Bond["order"]]}`;
    }),
    bondAngles: named(counts.bondAngles, (a, b, c) => `${symbolOf(a)}-${symbolOf(b)}-${symbolOf(c)}`),
    pairDistances: named(counts.pairDistances, (a, b) => `${symbolOf(a)}-${symbolOf(b)}`),
    smallestRings: named(counts.smallestRings, (a) => symbolOf(a)),
  });
  return { add, histograms };
}

function named(
  rows: ReadonlyMap<number, number[]>,
  name: (a: number, b: number, c: number) => string,
): Readonly<Record<string, readonly number[]>> {
  const total = (row: readonly number[]): number => row.reduce((sum, n) => sum + n, 0);
  return Object.fromEntries(
    [...rows]
      .map(([key, row]): [string, readonly number[]] => [
        name(key >> 16, (key >> 8) & 255, key & 255),
        [...row],
      ])
      .sort(([, a], [, b]) => total(b) - total(a)),
  );
}

/**
 * Mean Jensen–Shannon divergence in bits between the distributions of every kind in `reference`, weighted by how
 * frequent the kind is there; a kind that `sample` lacks counts as 1. Null where either has nothing of the sort.
 */
export function structureDistance(
  sample: StructureHistograms,
  reference: StructureHistograms,
  kind: StructureKind,
): number | null {
  let sum = 0;
  let weight = 0;
  for (const [name, row] of Object.entries(reference[kind])) {
    const total = row.reduce((count, n) => count + n, 0);
    sum +=
      total *
      (jensenShannon(
        Object.fromEntries((sample[kind][name] ?? []).entries()),
        Object.fromEntries(row.entries()),
      ) ?? 1);
    weight += total;
  }
  return weight === 0 || Object.keys(sample[kind]).length === 0 ? null : sum / weight;
}

/**
 * Size of the smallest ring that each atom belongs to, 0 for none. A ring through an atom is a path between two of its
 * neighbours that does not pass through it.
 * @param largest longer rings are not looked for
 */
export function smallestRings(neighbours: readonly (readonly number[])[], largest: number): number[] {
  return neighbours.map((around, atom) => {
    let smallest = Number.POSITIVE_INFINITY;
    for (const start of around) {
      const steps = new Map([[start, 0]]); // bonds from `start`, without `atom`
      for (const [at, done] of steps) {
        if (done + 2 >= Math.min(smallest, largest + 1)) break;
        if (at !== start && around.includes(at)) {
          smallest = done + 2;
          break;
        }
        for (const next of neighbours[at]) if (next !== atom && !steps.has(next)) steps.set(next, done + 1);
      }
    }
    return Number.isFinite(smallest) ? smallest : 0;
  });
}

/** √(mean squared distance of the atoms from their centre), in Å; every atom counts the same. */
export function radiusOfGyration(positions: Float64Array): number {
  const n = positions.length / 3;
  const centre = [0, 0, 0];
  positions.forEach((x, k) => {
    centre[k % 3] += x / n;
  });
  return Math.sqrt(positions.reduce((sum, x, k) => sum + (x - centre[k % 3]) ** 2, 0) / n);
}

type Vector = readonly [number, number, number];

const vector = (positions: Float64Array, from: number, to: number): Vector => [
  positions[3 * to] - positions[3 * from],
  positions[3 * to + 1] - positions[3 * from + 1],
  positions[3 * to + 2] - positions[3 * from + 2],
];

const length = ([x, y, z]: Vector): number => Math.hypot(x, y, z);

function degreesBetween(a: Vector, b: Vector): number {
  const cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / (length(a) * length(b));
  return (Math.acos(Math.max(-1, Math.min(1, cosine))) * 180) / Math.PI;
}

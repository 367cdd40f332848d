/** How far samples are from test rows, beside how far rows of the data are from them. */
import { type LabData, rowLength } from "../data/lab-data.ts";

/**
 * Distance of samples to test rows, beside that of rows of the data to the same test rows. One set of rows is not
 * enough for the latter: it differs by a factor of two from set to set.
 */
export interface Distance {
  readonly samples: number;
  /** Root mean square over `draws` sets of as many independent rows of the data. */
  readonly data: number;
  readonly draws: number;
  /** Smallest and largest of these: what may be expected of a perfect model. */
  readonly range: readonly [number, number];
  /** samples/data; 1 is perfect. */
  readonly ratio: number;
}

/** Of one set of rows to the test rows. */
export type SetDistance = (
  rows: Float32Array,
  test: Float32Array,
  dimension: number,
) => number | Promise<number>;

/** Sets of data that the test rows are compared with. */
const DRAWS = 8;

/**
 * Up to `DRAWS` disjoint sets of n rows: new ones where the source can be drawn from, else training rows. They are
 * drawn at once and then cut: each draw of the moons is evenly spaced along them, as no sampler of a density is.
 */
function dataSets({ shape, train, draw }: LabData, n: number): readonly Float32Array[] {
  const size = n * rowLength(shape);
  const rows = draw?.(n * DRAWS, 0) ?? train;
  const sets = Math.min(DRAWS, Math.floor(rows.length / size));
  return Array.from({ length: sets }, (_, k) => rows.subarray(k * size, (k + 1) * size));
}

const yardsticks = new WeakMap<
  LabData,
  Map<SetDistance, { readonly n: number; readonly all: readonly number[] }>
>();

/** Distances of data to n test rows; the last are kept, for they are the same for every model. */
async function dataDistances(data: LabData, n: number, of: SetDistance): Promise<readonly number[]> {
  const kept = yardsticks.get(data) ?? new Map<SetDistance, { n: number; all: readonly number[] }>();
  yardsticks.set(data, kept);
  const found = kept.get(of);
  if (found?.n === n) return found.all;
  const D = rowLength(data.shape);
  const all: number[] = [];
  for (const rows of dataSets(data, n)) all.push(await of(rows, data.test.subarray(0, n * D), D));
  kept.set(of, { n, all });
  return all;
}

/** @param drawn n samples [n, D] */
export async function distanceOf(data: LabData, drawn: Float32Array, of: SetDistance): Promise<Distance> {
  const D = rowLength(data.shape);
  const n = drawn.length / D;
  const own = await of(drawn, data.test.subarray(0, n * D), D);
  const distances = await dataDistances(data, n, of);
  const rms = Math.sqrt(distances.reduce((sum, value) => sum + value * value, 0) / distances.length);
  return {
    samples: own,
    data: rms,
    draws: distances.length,
    range: [Math.min(...distances), Math.max(...distances)],
    ratio: own / rms,
  };
}

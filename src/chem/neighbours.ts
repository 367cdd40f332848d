/**
 * All pairs of atoms within a distance, in O(N) for dense matter: every pair for small molecules, above that
 * atoms hashed into cubic cells as wide as the cutoff (Allen & Tildesley, "Computer Simulation of Liquids",
 * cell lists). No array of N × N is ever made.
 */

/** Beyond this many atoms the cells pay. */
const CELLS_FROM = 128;

/**
 * Calls `visit(i, j, d²)` once for every pair i < j whose squared distance d² (Å²) is below cutoff². The order of
 * the pairs is fixed for given positions. Atoms at NaN or infinity have no neighbours.
 * @param positions Å, row-major [N, 3]
 * @param cutoff Å
 */
export function forEachPairWithin(
  positions: Float64Array,
  cutoff: number,
  visit: (i: number, j: number, squaredDistance: number) => void,
): void {
  const count = positions.length / 3;
  if (count < CELLS_FROM) everyPair(positions, count, cutoff, visit);
  else pairsByCells(positions, count, cutoff, visit);
}

function everyPair(
  positions: Float64Array,
  count: number,
  cutoff: number,
  visit: (i: number, j: number, squaredDistance: number) => void,
): void {
  const limit = cutoff * cutoff;
  for (let i = 0; i < count; i++) {
    const x = positions[3 * i];
    const y = positions[3 * i + 1];
    const z = positions[3 * i + 2];
    for (let j = i + 1; j < count; j++) {
      const dx = x - positions[3 * j];
      const dy = y - positions[3 * j + 1];
      const dz = z - positions[3 * j + 2];
      const d2 = dx * dx + dy * dy + dz * dz;
      if (d2 < limit) visit(i, j, d2);
    }
  }
}

function pairsByCells(
  positions: Float64Array,
  count: number,
  cutoff: number,
  visit: (i: number, j: number, squaredDistance: number) => void,
): void {
  const limit = cutoff * cutoff;
  const mask = 2 ** Math.ceil(Math.log2(2 * count)) - 1;
  const cell = new Float64Array(3 * count).map((_, k) => Math.floor(positions[k] / cutoff));
  const bucketOf = (a: number, b: number, c: number): number =>
    (Math.imul(a, 73856093) ^ Math.imul(b, 19349663) ^ Math.imul(c, 83492791)) & mask;
  // Atoms of a bucket as a linked list, in ascending order.
  const first = new Int32Array(mask + 1).fill(-1);
  const next = new Int32Array(count);
  for (let i = count - 1; i >= 0; i--) {
    const bucket = bucketOf(cell[3 * i], cell[3 * i + 1], cell[3 * i + 2]);
    next[i] = first[bucket];
    first[bucket] = i;
  }
  const around = new Int32Array(27).fill(-1);
  for (let i = 0; i < count; i++) {
    // Different cells can share a bucket: each bucket is looked through once.
    let buckets = 0;
    for (let k = 0; k < 27; k++) {
      const bucket = bucketOf(
        cell[3 * i] + (k % 3) - 1,
        cell[3 * i + 1] + (Math.floor(k / 3) % 3) - 1,
        cell[3 * i + 2] + Math.floor(k / 9) - 1,
      );
      if (first[bucket] >= 0 && around.indexOf(bucket) === -1) around[buckets++] = bucket;
    }
    for (let k = 0; k < buckets; k++) {
      for (let j = first[around[k]]; j >= 0; j = next[j]) {
        if (j <= i) continue;
        const dx = positions[3 * i] - positions[3 * j];
        const dy = positions[3 * i + 1] - positions[3 * j + 1];
        const dz = positions[3 * i + 2] - positions[3 * j + 2];
        const d2 = dx * dx + dy * dy + dz * dz;
        if (d2 < limit) visit(i, j, d2);
      }
    }
    around.fill(-1);
  }
}

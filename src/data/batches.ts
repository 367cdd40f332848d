/**
 * The batches of one epoch. A network computes on [B, N] with N the largest molecule of the batch, so molecules
 * of (nearly) equal size go together. Inside a size the order is random, and so is the order of the batches;
 * both are a pure function of (seed, epoch).
 */

import { permutation, stream } from "../math/random.ts";

/** How an epoch is cut into batches. */
export interface BatchOptions {
  readonly batchSize: number;
  readonly seed: number;
  /** 0-based; each epoch has its own order. */
  readonly epoch: number;
  /**
   * Largest share of padding, default 0.05: of all atoms computed in the epoch, and in any one step of the atoms
   * of a full batch.
   */
  readonly maxPadding?: number;
}

/**
 * Cuts an epoch into batches of molecule indices; every molecule comes exactly once.
 *
 * Molecules are taken from the largest to the smallest; a batch is closed when it is full or when its padding
 * is used up, so the few short batches are those of the rare small (or widely spread) sizes.
 *
 * @param sizes number of atoms of each molecule. [M]
 */
export function epochBatches(sizes: ArrayLike<number>, options: BatchOptions): Uint32Array[] {
  const { batchSize, seed, epoch, maxPadding = 0.05 } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new RangeError(`batchSize must be ≥ 1, got ${batchSize}`);
  if (!(maxPadding >= 0)) throw new RangeError(`maxPadding must be ≥ 0, got ${maxPadding}`);
  const random = stream({ seed, purpose: "batchOrder", step: epoch });
  const order = permutation(sizes.length, random).sort((a, b) => sizes[b] - sizes[a]);
  // A full batch keeps to its share by itself; many short ones together may not, hence the loop.
  let share = maxPadding;
  let cuts = cutPoints(sizes, order, batchSize, share);
  while (paddingOf(sizes, order, cuts) > maxPadding) {
    share = share < 1e-3 ? 0 : share / 2;
    cuts = cutPoints(sizes, order, batchSize, share);
  }
  const batches = cuts.slice(1).map((end, k) => order.slice(cuts[k], end));
  return Array.from(permutation(batches.length, random), (k) => batches[k]);
}

/** Share of padded atoms among all atoms computed. */
export function paddingShare(sizes: ArrayLike<number>, batches: readonly ArrayLike<number>[]): number {
  let real = 0;
  let padded = 0;
  for (const batch of batches) {
    let largest = 0;
    for (let k = 0; k < batch.length; k++) {
      real += sizes[batch[k]];
      largest = Math.max(largest, sizes[batch[k]]);
    }
    padded += largest * batch.length;
  }
  return padded === 0 ? 0 : 1 - real / padded;
}

/** Ends of consecutive batches of the sorted order, from 0 to M. */
function cutPoints(sizes: ArrayLike<number>, order: Uint32Array, batchSize: number, share: number): number[] {
  const cuts = [0];
  let begin = 0;
  let padding = 0;
  for (let k = 0; k < order.length; k++) {
    const largest = sizes[order[begin]];
    const added = largest - sizes[order[k]];
    if (k - begin === batchSize || padding + added > share * batchSize * largest) {
      cuts.push(k);
      begin = k;
      padding = 0;
    } else {
      padding += added;
    }
  }
  if (order.length > 0) cuts.push(order.length);
  return cuts;
}

function paddingOf(sizes: ArrayLike<number>, order: Uint32Array, cuts: readonly number[]): number {
  return paddingShare(
    sizes,
    cuts.slice(1).map((end, k) => order.subarray(cuts[k], end)),
  );
}

/**
 * A rank's share of a batch. What is random about an item depends on the item, its place in the whole batch and the
 * batch's own number, never on who computes it with what else.
 */
import { type Stream, stratified, stream } from "../math/random.ts";
import { type Communicator, shareOf } from "./communicator.ts";

export interface BatchShare {
  readonly epoch: number;
  /** Number of the batch in its epoch. */
  readonly number: number;
  /** Training items of the share. [M] */
  readonly items: Uint32Array;
  /** Place of the first of them in the whole batch. */
  readonly first: number;
  /** Items of the whole batch. */
  readonly total: number;
}

/** What a rank computes of batch `number` of an epoch. */
export function batchShare(
  epoch: number,
  number: number,
  batch: Uint32Array,
  ranks: Pick<Communicator, "rank" | "size">,
): BatchShare {
  const [first, end] = shareOf(batch.length, ranks);
  return { epoch, number, items: batch.subarray(first, end), first, total: batch.length };
}

/** The stream of what the whole batch draws. */
export const batchStream = ({ epoch, number }: BatchShare, seed: number): Stream =>
  stream({ seed, purpose: "trainingTime", index: number, step: epoch });

/** A number in (0, 1) for each item of the share, one from each of as many equal parts as the whole batch has. [M] */
export const stratifiedShare = (share: BatchShare, random: Stream): Float64Array =>
  stratified(share.total, random).subarray(share.first, share.first + share.items.length);

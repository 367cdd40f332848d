/**
 * The ranks of one run, as MPI has them: each computes a share of every batch, all hold the same parameters. Every rank
 * calls the same operations in the same order. Values are whole arrays, one operation at a time: what MPI does in place.
 */

export interface Communicator {
  readonly rank: number;
  readonly size: number;
  /** Values become their sums over all ranks, the same bits on each. */
  readonly allReduce: (values: Float32Array | Float64Array) => Promise<void>;
  /** Values become those of rank `root`. */
  readonly broadcast: (values: Float32Array | Float64Array, root: number) => Promise<void>;
  /** Ends when all ranks have come to it. */
  readonly barrier: () => Promise<void>;
  /** This rank has failed and calls no more: what the others wait for rejects. */
  readonly abort: (reason: unknown) => void;
}

const nothing = async (): Promise<void> => undefined;

/** The only rank of a run. */
export const alone: Communicator = {
  ...{ rank: 0, size: 1 },
  ...{ allReduce: nothing, broadcast: nothing, barrier: nothing, abort: () => undefined },
};

/** The part [begin, end) of consecutive things that falls to a rank: none is larger than another by more than one. */
export const shareOf = (
  count: number,
  { rank, size }: Pick<Communicator, "rank" | "size">,
): readonly [begin: number, end: number] => [
  Math.floor((count * rank) / size),
  Math.floor((count * (rank + 1)) / size),
];

/**
 * `width` numbers of each of `items` things, every rank measuring its share.
 * @param measure numbers of the things from `begin` to `end`. [(end − begin) · width]
 * @returns those of all, on every rank. [items · width]
 */
export type Gather = (
  items: number,
  width: number,
  measure: (begin: number, end: number) => Promise<ArrayLike<number>>,
) => Promise<Float64Array>;

/** Gathers over the ranks; where one is interrupted, `onInterrupted` is called on all and the measuring rejects. */
export const gathering =
  (communicator: Communicator, signal: AbortSignal | undefined, onInterrupted: () => void): Gather =>
  async (items, width, measure) => {
    const values = new Float64Array(items * width + 1); // the last one: ranks that were interrupted
    const [begin, end] = shareOf(items, communicator);
    try {
      signal?.throwIfAborted();
      if (end > begin) values.set(await measure(begin, end), begin * width);
    } catch (error) {
      if (!signal?.aborted) throw error;
      values[items * width] = 1;
    }
    await communicator.allReduce(values);
    if (values[items * width] > 0) {
      onInterrupted();
      throw new Error("interrupted");
    }
    return values.subarray(0, items * width);
  };

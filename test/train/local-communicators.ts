/** Ranks within one process: what each hands in is combined in rank order once all have come, as MPI would. */
import type { Communicator } from "../../src/train/communicator.ts";

type Values = Float32Array | Float64Array;

interface Meeting {
  readonly what: string;
  readonly handed: Values[];
  readonly waiting: { readonly resolve: () => void; readonly reject: (reason: unknown) => void }[];
}

export function localCommunicators(size: number): Communicator[] {
  const meetings = new Map<number, Meeting>();
  let broken: { readonly reason: unknown } | undefined;
  const meet = (at: number, what: string, rank: number, values: Values, combine: (all: Values[]) => void) =>
    new Promise<void>((resolve, reject) => {
      if (broken) return reject(broken.reason);
      const meeting = meetings.get(at) ?? { what, handed: [], waiting: [] };
      meetings.set(at, meeting);
      if (meeting.what !== what)
        return reject(new Error(`rank ${rank} calls ${what}, others ${meeting.what}`));
      meeting.handed[rank] = values;
      meeting.waiting.push({ resolve, reject });
      if (meeting.waiting.length < size) return;
      meetings.delete(at);
      combine(meeting.handed);
      for (const one of meeting.waiting) one.resolve();
    });
  return Array.from({ length: size }, (_, rank) => {
    let calls = 0;
    return {
      rank,
      size,
      allReduce: (values) =>
        meet(calls++, `allReduce ${values.length}`, rank, values, (all) => {
          const sum = all[0].slice();
          for (const other of all.slice(1))
            other.forEach((value, i) => {
              sum[i] += value;
            });
          for (const each of all) each.set(sum);
        }),
      broadcast: (values, root) =>
        meet(calls++, `broadcast ${values.length} of ${root}`, rank, values, (all) => {
          for (const each of all) each.set(all[root]);
        }),
      barrier: () => meet(calls++, "barrier", rank, new Float32Array(), () => undefined),
      abort: (reason) => {
        broken ??= { reason };
        for (const { waiting } of meetings.values()) for (const one of waiting) one.reject(broken.reason);
        meetings.clear();
      },
    };
  });
}

/** Runs every rank's part; rejects where one does. */
export const onRanks = <R>(size: number, part: (communicator: Communicator) => Promise<R>): Promise<R[]> =>
  Promise.all(localCommunicators(size).map(part));

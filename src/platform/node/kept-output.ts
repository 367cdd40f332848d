/**
 * A text that takes long to make, kept while it grows: `.NAME.part` beside the file, and `.NAME.part.json`, the journal,
 * which says what is made and how much of it is there. Whoever makes the same again goes on from there.
 */
import { createReadStream, existsSync } from "node:fs";
import { open, readFile, rm, stat, truncate } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { InputError } from "../../errors.ts";
import { gzipped } from "../../formats/gzip.ts";
import { writeFileAtomically } from "./atomic-write.ts";
import { takeLock } from "./lock.ts";
import { writing } from "./write-problem.ts";

/** Text that waits in memory at most, in UTF-16 units. */
const MOST_WAITING = 1 << 24;

export interface KeptOutput<S> {
  /** How far an interrupted process had come with the same. */
  readonly reached: S | undefined;
  /** What was begun under the same name is another thing, and will be overwritten. */
  readonly other: boolean;
  /** Adds a piece. */
  readonly add: (text: string) => void;
  /** Keeps what was added, which is as far as `state`, if it is time again. True when something is kept for the first time. */
  readonly keep: (state: S) => Promise<boolean>;
  /** Puts the whole in its place. */
  readonly finish: () => Promise<void>;
  /** Lets other processes write it. Without `finish` what is on the disk stays there. */
  readonly close: () => void;
}

/**
 * Begins the file or goes on with it; to be closed again. Names that end in .gz are compressed at the end.
 * @param identity says what is made: only the same is gone on with
 * @param every seconds between two savings; what takes no longer is written once
 * @throws InputError when another process writes it or the place cannot be written to
 */
export async function openKept<S>(
  path: string,
  identity: string,
  state: z.ZodType<S>,
  every = 2,
): Promise<KeptOutput<S>> {
  const beside = (ending: string): string => join(dirname(path), `.${basename(path)}${ending}`);
  const [part, journal] = [beside(".part"), beside(".part.json")];
  const release = await takeLock(beside(".lock"), path);
  try {
    const found = await reachedIn(journal, part, state);
    const reached = found?.identity === identity ? found : undefined;
    if (reached) await writing(path, () => truncate(part, reached.bytes));
    let waiting = "";
    let bytes = reached?.bytes ?? 0;
    let saved = performance.now();
    const append = async (): Promise<void> => {
      const data = Buffer.from(waiting);
      if (bytes === 0) await rm(journal, { force: true }); // of another beginning
      await resumable(bytes > 0, path, async () => {
        const handle = await open(part, bytes === 0 ? "w" : "a");
        try {
          await handle.writeFile(data);
          await handle.sync();
        } finally {
          await handle.close();
        }
      });
      bytes += data.length;
      waiting = "";
    };
    return {
      reached: reached?.state,
      other: found !== undefined && reached === undefined,
      add: (text) => {
        waiting += text;
      },
      keep: async (now) => {
        const due = performance.now() - saved > 1000 * every || waiting.length > MOST_WAITING;
        if (!due || waiting === "") return false;
        const first = bytes === 0;
        await append();
        const entry: Journal = { identity, bytes, state: now };
        await writeFileAtomically(journal, `${JSON.stringify(entry)}\n`);
        saved = performance.now();
        return first;
      },
      finish: async () => {
        if (bytes > 0) await append();
        const kept = bytes > 0;
        const text = (async function* (): AsyncGenerator<string> {
          if (kept) yield* createReadStream(part, { encoding: "utf8", highWaterMark: 1 << 20 });
          else yield waiting;
        })();
        await writeFileAtomically(path, path.toLowerCase().endsWith(".gz") ? gzipped(text) : text);
        for (const file of [journal, part]) await rm(file, { force: true });
      },
      close: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}

/** Says of a full disk how it goes on. */
const resumable = <T>(begun: boolean, path: string, write: () => Promise<T>): Promise<T> =>
  writing(path, write).catch((error: unknown) => {
    if (!begun || !(error instanceof InputError)) throw error;
    throw new InputError(`${error.message}; the same command then goes on from where it was`);
  });

const journalSchema = z.object({
  identity: z.string(),
  bytes: z.number().int().positive(),
  state: z.unknown(),
});
type Journal = z.infer<typeof journalSchema>;

/** What the journal says, where the text is as long as that. */
async function reachedIn<S>(
  journal: string,
  part: string,
  state: z.ZodType<S>,
): Promise<(Omit<Journal, "state"> & { readonly state: S }) | undefined> {
  if (!existsSync(journal)) return undefined;
  const size = (await stat(part).catch(() => undefined))?.size ?? 0;
  try {
    const found = journalSchema.extend({ state }).parse(JSON.parse(await readFile(journal, "utf8")));
    return size >= found.bytes ? (found as Omit<Journal, "state"> & { readonly state: S }) : undefined;
  } catch {
    return undefined; // damaged: it is made anew
  }
}

/**
 * Pipes, terminals and devices: read and written without a thread that waits for the other end, so that a signal ends
 * the program while it waits. Where nothing is to be had, they are asked again after a while.
 */
import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const CHUNK = 1 << 16;
/** Longest time between two looks, ms. */
const PATIENCE = 20;
/** Not to wait; 0 where a system does not know it. */
const AT_ONCE = constants.O_NONBLOCK ?? 0;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** Waits a little, longer each time until `reset`. */
function patience() {
  let pause = 0;
  return {
    wait: (): Promise<void> => sleep(Math.min(PATIENCE, pause++)),
    reset: (): void => {
      pause = 0;
    },
  };
}

/** What comes out, up to its end. Errors of the system pass through. */
export async function* streamBytes(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | AT_ONCE);
  try {
    // A pipe with a name reads as ended until somebody writes to it; one without a name had its writer from the start.
    const named = (await handle.stat()).isFIFO() && (await exists(path));
    let begun = !named;
    const { wait, reset } = patience();
    for (;;) {
      const chunk = new Uint8Array(CHUNK);
      const count = await handle.read(chunk, 0, CHUNK, null).then(
        ({ bytesRead }) => bytesRead,
        (error: unknown) => {
          if (codeOf(error) === "EAGAIN") return undefined;
          throw error;
        },
      );
      if (count === 0 && begun) return;
      if (count === undefined || count > 0) begun = true;
      if (count) {
        reset();
        yield chunk.subarray(0, count);
      } else await wait();
    }
  } finally {
    await handle.close();
  }
}

const exists = (path: string): Promise<boolean> =>
  realpath(path).then(
    () => true,
    () => false,
  );

/** Opens it for writing; a pipe once somebody reads from it. Errors of the system pass through. */
export async function openStream(path: string, isPipe: boolean): Promise<FileHandle> {
  const { wait } = patience();
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | AT_ONCE);
    } catch (error) {
      if (!isPipe || codeOf(error) !== "ENXIO") throw error;
    }
    await wait();
  }
}

/** Writes some of the bytes from `begin` on, as soon as there is room; returns how many. Errors of the system pass through. */
export async function writeSome(handle: FileHandle, bytes: Uint8Array, begin: number): Promise<number> {
  const { wait } = patience();
  for (;;) {
    try {
      return (await handle.write(bytes, begin)).bytesWritten;
    } catch (error) {
      if (codeOf(error) !== "EAGAIN") throw error;
    }
    await wait();
  }
}

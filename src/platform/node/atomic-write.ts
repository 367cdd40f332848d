/**
 * The only way this project writes files: into a temporary file beside the target, fsync, rename. Whoever opens
 * the target sees the old content or the new, never a part; a failure leaves the old file and nothing else.
 */

import { closeSync, openSync } from "node:fs";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { InputError } from "../../errors.ts";
import { openStream, writeSome } from "./special-file.ts";
import { sweepOnce } from "./sweep.ts";
import { removeAtExit, settled, unfinishedBeside } from "./unfinished.ts";
import { writeProblem, writing } from "./write-problem.ts";

const BLOCK = 1 << 18;

export type FileContent =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/**
 * Writes `content` to `path`, replacing what is there. A symbolic link is followed; a device or pipe is written
 * to directly. A process that ends meanwhile leaves nothing behind; what one that was killed left in the folder is
 * removed by the next. Throws InputError when the folder is missing, full or may not be written to, WorkError when the
 * disk fails; errors of the content itself pass through.
 */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  const present = await presentTarget(path);
  if (present?.special) {
    const handle = await writing(path, () => openStream(path, present.isPipe));
    try {
      await writeAll(handle, path, content);
    } finally {
      await handle.close();
    }
    return;
  }
  const target = present?.path ?? path;
  await sweepOnce(dirname(target));
  const temporary = unfinishedBeside(target);
  const { mode = 0o666 } = present ?? {};
  await create(path, temporary, mode | OWN);
  const handle = await writing(path, () => open(temporary, "r+"));
  try {
    try {
      if ((mode | OWN) !== mode) await writing(path, () => handle.chmod(mode));
      await writeAll(handle, path, content);
      await writing(path, () => handle.sync());
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    await writing(path, () => handle.close()); // some network disks report a full disk only now
    await writing(path, () => rename(temporary, target));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    settled(temporary);
  }
  await syncFolder(dirname(target));
}

/**
 * Throws what `writeFileAtomically` would throw because of the place, so that hours of work do not end there. Leaves
 * nothing behind.
 */
export async function checkWritable(path: string): Promise<void> {
  const present = await presentTarget(path);
  if (present?.special) return;
  const target = present?.path ?? path;
  await sweepOnce(dirname(target));
  const temporary = unfinishedBeside(target);
  await create(path, temporary);
  await unlink(temporary);
  settled(temporary);
}

/** Read and written by its owner. */
const OWN = 0o600;

/**
 * Makes the unfinished file, at once: what is made while the program ends already would stay. A process that ends takes it
 * with it.
 */
async function create(path: string, temporary: string, mode?: number): Promise<void> {
  await writing(path, async () => closeSync(openSync(temporary, "wx", mode)));
  removeAtExit(temporary);
}

/** Whether the name is that of a device or pipe, which is written to as it is. */
export const isSpecial = async (path: string): Promise<boolean> =>
  (await presentTarget(path))?.special === true;

interface PresentTarget {
  readonly path: string;
  readonly mode: number;
  /** Neither file nor folder: a device, pipe or socket. */
  readonly special: boolean;
  readonly isPipe: boolean;
}

async function presentTarget(path: string): Promise<PresentTarget | undefined> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) {
      throw new InputError("is a folder; the name of a file was expected", { file: path });
    }
    const special = !status.isFile(); // a pipe of the shell has no real path
    return {
      path: special ? path : await realpath(path),
      mode: status.mode & 0o777,
      special,
      isPipe: status.isFIFO(),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw writeProblem(error, path);
  }
}

/** Writes in blocks, so that many short pieces cost few system calls. */
async function writeAll(handle: FileHandle, path: string, content: FileContent): Promise<void> {
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      done += await writing(path, () => writeSome(handle, bytes, done));
    }
  };
  if (typeof content === "string") return write(Buffer.from(content));
  if (content instanceof Uint8Array) return write(content);
  let text = "";
  for await (const piece of content) {
    if (typeof piece === "string") {
      text += piece;
      if (text.length < BLOCK) continue;
    }
    if (text !== "") await write(Buffer.from(text));
    text = "";
    if (typeof piece !== "string") await write(piece);
  }
  if (text !== "") await write(Buffer.from(text));
}

/** Makes the rename itself durable, where the system can. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Folders cannot be opened on Windows nor synced on some network disks; the file itself is safe.
  }
}

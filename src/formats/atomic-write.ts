/**
 * The only way this project writes files: into a temporary file beside the target, fsync, rename. Whoever opens
 * the target sees the old content or the new, never a part; a failure leaves the old file and nothing else.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, WorkError } from "../errors.ts";

const BLOCK = 1 << 18;

export type FileContent =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/**
 * Writes `content` to `path`, replacing what is there. A symbolic link is followed; a device or pipe is written
 * to directly. Throws InputError when the folder is missing or may not be written to, WorkError when the disk is
 * full or fails; errors of the content itself pass through.
 */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  const present = await presentTarget(path);
  if (present?.special) {
    const handle = await attempt(path, () => open(path, "w"));
    try {
      await writeAll(handle, path, content);
    } finally {
      await handle.close();
    }
    return;
  }
  const target = present?.path ?? path;
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  const handle = await attempt(path, () => open(temporary, "wx", present?.mode));
  try {
    try {
      await writeAll(handle, path, content);
      await attempt(path, () => handle.sync());
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    await attempt(path, () => handle.close()); // some network disks report a full disk only now
    await attempt(path, () => rename(temporary, target));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(target));
}

interface PresentTarget {
  readonly path: string;
  readonly mode: number;
  /** Neither file nor folder: a device, pipe or socket. */
  readonly special: boolean;
}

async function presentTarget(path: string): Promise<PresentTarget | undefined> {
  try {
    const real = await realpath(path);
    const status = await stat(real);
    if (status.isDirectory()) {
      throw new InputError("is a folder; the name of a file was expected", { file: path });
    }
    return { path: real, mode: status.mode & 0o777, special: !status.isFile() };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw writeError(error, path);
  }
}

/** Writes in blocks, so that many short pieces cost few system calls. */
async function writeAll(handle: FileHandle, path: string, content: FileContent): Promise<void> {
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      done += (await attempt(path, () => handle.write(bytes, done))).bytesWritten;
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

async function attempt<T>(path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw writeError(error, path);
  }
}

function writeError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  switch (code) {
    case undefined:
      return error;
    case "ENOENT":
    case "ENOTDIR":
      return new InputError("cannot be written: its folder does not exist; make the folder first", {
        file: path,
      });
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new InputError(`cannot be written: permission is denied (${code})`, { file: path });
    case "EISDIR":
      return new InputError("is a folder; the name of a file was expected", { file: path });
    case "ENAMETOOLONG":
    case "ELOOP":
      return new InputError(`cannot be written: the name is not usable (${code})`, { file: path });
    case "ENOSPC":
    case "EDQUOT":
      return new WorkError(`${path}: the disk is full; nothing was replaced`, { cause: error });
    default:
      return new WorkError(`${path}: writing failed (${code}); nothing was replaced`, { cause: error });
  }
}

/**
 * The only way this project writes files: into a temporary file beside the target, fsync, rename. Whoever opens
 * the target sees the old content or the new, never a part; a failure leaves the old file and nothing else.
 */

import { randomBytes } from "node:crypto";
import { unlinkSync } from "node:fs";
import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../../errors.ts";
import { writeProblem, writing } from "./write-problem.ts";

const BLOCK = 1 << 18;

export type FileContent =
  | string
  | Uint8Array
  | Iterable<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/** Temporary files of writes that go on; a process that is interrupted takes them with it. */
const unfinished = new Set<string>();
process.on("exit", () => {
  for (const temporary of unfinished) {
    try {
      unlinkSync(temporary);
    } catch {
      // Already renamed or gone.
    }
  }
});

/**
 * Writes `content` to `path`, replacing what is there. A symbolic link is followed; a device or pipe is written
 * to directly. A process that ends meanwhile leaves nothing behind. Throws InputError when the folder is missing,
 * full or may not be written to, WorkError when the disk fails; errors of the content itself pass through.
 */
export async function writeFileAtomically(path: string, content: FileContent): Promise<void> {
  const present = await presentTarget(path);
  if (present?.special) {
    const handle = await writing(path, () => open(path, "w"));
    try {
      await writeAll(handle, path, content);
    } finally {
      await handle.close();
    }
    return;
  }
  const target = present?.path ?? path;
  const temporary = temporaryBeside(target);
  const handle = await writing(path, () => open(temporary, "wx", present?.mode));
  unfinished.add(temporary);
  try {
    try {
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
    unfinished.delete(temporary);
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
  const temporary = temporaryBeside(present?.path ?? path);
  await writing(path, async () => (await open(temporary, "wx")).close());
  await unlink(temporary);
}

const temporaryBeside = (target: string): string =>
  join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);

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
    throw writeProblem(error, path);
  }
}

/** Writes in blocks, so that many short pieces cost few system calls. */
async function writeAll(handle: FileHandle, path: string, content: FileContent): Promise<void> {
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      done += (await writing(path, () => handle.write(bytes, done))).bytesWritten;
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

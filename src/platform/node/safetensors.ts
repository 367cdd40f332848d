/** Safetensors files on disk; the format itself is in formats/safetensors.ts. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { InputError } from "../../errors.ts";
import {
  headerLength,
  safetensorsPieces,
  type Tensor,
  type TensorFile,
  tensorOf,
} from "../../formats/safetensors.ts";
import { checkLayout, parseHeader, type TensorEntry } from "../../formats/safetensors-header.ts";
import { writeFileAtomically } from "./atomic-write.ts";
import { readError } from "./file-bytes.ts";

/** One read call moves at most this much. */
const MAX_READ = 1 << 30;

/**
 * Reads all tensors of a file. Throws InputError when it is missing, truncated, or wrong in any way, before
 * memory for its tensors is taken.
 * @param check throws where these tensors are not those that are wanted; called before they are read
 */
export async function readSafetensors(
  path: string,
  check: (entries: readonly TensorEntry[]) => void = () => {},
): Promise<TensorFile> {
  let handle: FileHandle;
  try {
    // Opening a pipe would wait for its other end.
    if (!(await stat(path)).isFile()) throw new InputError("is not a regular file", { file: path });
    handle = await open(path, "r");
  } catch (error) {
    throw readError(error, path);
  }
  try {
    const status = await handle.stat();
    const prefix = await readAt(handle, path, 0, Math.min(8, status.size));
    const length = headerLength(prefix, status.size, path);
    const { entries, metadata } = parseHeader(await readAt(handle, path, 8, length), path);
    checkLayout(entries, status.size - 8 - length, path);
    check(entries);
    const tensors = new Map<string, Tensor>();
    for (const entry of entries) {
      const bytes = await readAt(handle, path, 8 + length + entry.begin, entry.end - entry.begin);
      tensors.set(entry.name, tensorOf(entry, bytes, path));
    }
    return { tensors, metadata };
  } finally {
    await handle.close();
  }
}

/** Writes tensors in the order of the map (see writeFileAtomically for failures). */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  await writeFileAtomically(path, safetensorsPieces(tensors, metadata));
}

async function readAt(
  handle: FileHandle,
  path: string,
  start: number,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size; ) {
    let read: number;
    try {
      read = (await handle.read(bytes, done, Math.min(size - done, MAX_READ), start + done)).bytesRead;
    } catch (error) {
      throw readError(error, path);
    }
    if (read === 0)
      throw new InputError("truncated safetensors file: it became shorter while it was read", { file: path });
    done += read;
  }
  return bytes;
}

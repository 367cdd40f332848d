/** Bytes of files, and why they could not be read. */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { InputError, WorkError } from "../../errors.ts";
import { unpacked } from "../../formats/gzip.ts";
import { streamBytes } from "./special-file.ts";

const CHUNK = 1 << 18;

/**
 * The content of a file in chunks.
 * @throws InputError when the file is missing, is a folder or may not be read; WorkError when the disk fails
 */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    const status = await stat(path);
    if (status.isDirectory()) throw new InputError("is a folder; a file was expected", { file: path });
    if (!status.isFile()) yield* streamBytes(path);
    else
      for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) yield chunk as Uint8Array;
  } catch (error) {
    throw readError(error, path);
  }
}

/** All of a file, unpacked when it is gzip. Throws as `fileBytes`, and InputError when the gzip data is damaged. */
export async function readBytes(path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of unpacked(fileBytes(path), path)) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** As `readBytes`, the bytes taken for UTF-8. */
export const readText = async (path: string): Promise<string> =>
  new TextDecoder().decode(await readBytes(path));

/** The error to report when reading `path` failed. */
export function readError(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new InputError("no such file", { file: path });
    case "EACCES":
    case "EPERM":
      return new InputError("permission to read it is denied", { file: path });
    case "EISDIR":
      return new InputError("is a folder; a file was expected", { file: path });
    case undefined:
      return error;
    default:
      return new WorkError(`${path}: reading failed (${code})`, { cause: error });
  }
}

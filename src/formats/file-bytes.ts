/** Bytes of a file in chunks, unpacked when they begin as gzip does (RFC 1952, also several members in a row). */

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { InputError, WorkError } from "../errors.ts";

const CHUNK = 1 << 18;

/**
 * Streams the content of a file. Throws InputError when the file is missing, is a folder, may not be read, or
 * holds damaged gzip data; WorkError when the disk fails.
 */
export async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  const raw = rawBytes(path);
  let start = new Uint8Array(0);
  try {
    while (start.length < 2) {
      const next = await raw.next();
      if (next.done) break;
      start = start.length === 0 ? new Uint8Array(next.value) : Buffer.concat([start, next.value]);
    }
    const whole = prepend(start, raw);
    if (start[0] === 0x1f && start[1] === 0x8b) yield* gunzip(whole, path);
    else yield* whole;
  } finally {
    await raw.return(undefined);
  }
}

async function* rawBytes(path: string): AsyncGenerator<Uint8Array> {
  try {
    if ((await stat(path)).isDirectory())
      throw new InputError("is a folder; a file was expected", { file: path });
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK })) yield chunk as Uint8Array;
  } catch (error) {
    throw readError(error, path);
  }
}

async function* prepend(start: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start;
  yield* rest;
}

async function* gunzip(packed: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const unzip = createGunzip({ chunkSize: CHUNK });
  const pumping = pipeline(Readable.from(packed), unzip).catch(() => undefined); // its error surfaces below
  try {
    for await (const chunk of unzip) yield chunk as Uint8Array;
  } catch (error) {
    if (error instanceof InputError || error instanceof WorkError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(`the gzip data is truncated or damaged (${reason}); get the file again`, {
      file: path,
    });
  } finally {
    await pumping;
  }
}

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

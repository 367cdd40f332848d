/**
 * One file over HTTP, whole or not there: into `FILE.part`, resumed by Range requests (RFC 9110, section 14) when
 * the transfer breaks or was broken off earlier, renamed once its size and MD5 are the published ones.
 */

import { open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError, WorkError } from "../errors.ts";
import { digestOfFile } from "../platform/node/digest.ts";
import { takeLock } from "../platform/node/lock.ts";
import { makeFolder } from "../platform/node/write-problem.ts";

/** What to download, and how to know that it is right. */
export interface DownloadOptions {
  readonly url: string;
  /** Where it goes; a `.part` file lies beside it meanwhile. */
  readonly file: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** In hexadecimal. */
  readonly md5: string;
  readonly onProgress?: (bytes: number, total: number) => void;
  /** Milliseconds before a broken transfer is taken up again, default 1,000; each further time longer. */
  readonly pause?: number;
}

/** A broken transfer is taken up again this often without any byte gained in between. */
const PATIENCE = 3;

/**
 * Downloads the file; does nothing when it is there already and right. The `.part` file outlives a failure of
 * the network, so that the next call goes on from there.
 * @throws WorkError when the server cannot be reached or does not give the file, or it is not the published one;
 * InputError when the disk is full
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { file, bytes, md5 } = options;
  if ((await sizeOf(file)) === bytes && (await digestOfFile("md5", file)) === md5) return;
  await makeFolder(dirname(file));
  const release = await takeLock(join(dirname(file), `.${basename(file)}.lock`), file);
  try {
    await downloadHeld(options);
  } finally {
    release();
  }
}

async function downloadHeld(options: DownloadOptions): Promise<void> {
  const { url, file, bytes, md5, pause = 1_000 } = options;
  const part = `${file}.part`;
  if ((await sizeOf(part)) > bytes) await rm(part);
  let have = await sizeOf(part);
  let most = have;
  for (let fruitless = 0; have < bytes; ) {
    try {
      await transfer(options, part, have);
    } catch (error) {
      if (!(error instanceof BrokenTransfer)) throw error;
    }
    have = await sizeOf(part);
    if (have === bytes) break;
    fruitless = have > most ? 0 : fruitless + 1;
    most = Math.max(most, have);
    if (fruitless === PATIENCE) {
      throw new WorkError(
        `${url}: the transfer broke off at ${have} of ${bytes} bytes; run the command again to go on from there`,
      );
    }
    await new Promise((done) => setTimeout(done, pause * (1 + fruitless)));
  }
  const found = await digestOfFile("md5", part);
  if (found !== md5) {
    await rm(part);
    throw new WorkError(
      `${url}: MD5 ${found} is not the published ${md5}; the file was thrown away, try again`,
    );
  }
  await rename(part, file);
}

/** The connection was lost after the server had begun to answer. */
class BrokenTransfer extends Error {}

/** One request; appends to the part, or begins it anew when the server does not know Range. */
async function transfer(
  { url, bytes, onProgress }: DownloadOptions,
  part: string,
  have: number,
): Promise<void> {
  const response = await request(url, have);
  const resumed = response.status === 206 && contentStart(response) === have;
  if (!resumed && response.status !== 200) {
    await response.body?.cancel();
    throw new WorkError(`${url}: the server answered ${response.status} ${response.statusText}`.trimEnd());
  }
  const handle = await open(part, resumed ? "a" : "w");
  let written = resumed ? have : 0;
  try {
    for await (const piece of bodyOf(response)) {
      if (written + piece.length > bytes) {
        throw new WorkError(`${url}: the server sends more than the ${bytes} bytes of the published file`);
      }
      await handle.writeFile(piece);
      written += piece.length;
      onProgress?.(written, bytes);
    }
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new InputError("the disk is full; make room and try again: it goes on from there", {
        file: part,
      });
    throw error;
  } finally {
    await handle.close();
  }
}

async function request(url: string, have: number): Promise<Response> {
  try {
    return await fetch(url, { headers: have > 0 ? { Range: `bytes=${have}-` } : {} });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const reason =
      cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(error);
    throw new WorkError(`${url}: the server cannot be reached (${reason})`, { cause: error });
  }
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return;
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw new BrokenTransfer("the connection was lost", { cause: error });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** First byte of a partial answer: 5 of `Content-Range: bytes 5-9/10`. */
function contentStart(response: Response): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "");
  return match === null ? undefined : Number(match[1]);
}

/** Size in bytes, 0 when there is no such file. */
async function sizeOf(file: string): Promise<number> {
  return (await stat(file).catch(() => undefined))?.size ?? 0;
}

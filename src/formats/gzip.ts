/**
 * Gzip (RFC 1952) by the streams that Node and browsers share. Several members in a row are unpacked in Node; browsers
 * refuse what follows the first.
 */

import { InputError } from "../errors.ts";
import type { TextChunks } from "./lines.ts";

/** Text is packed in blocks of this many characters, for each write to the compressor costs a turn of the event loop. */
const BLOCK = 1 << 16;

/**
 * The chunks, unpacked when they begin as gzip does. Errors of their source pass through.
 * @param file what messages call it
 * @throws InputError when the gzip data is truncated or damaged
 */
export async function* unpacked(chunks: TextChunks, file: string): AsyncGenerator<Uint8Array | string> {
  let failure: { readonly error: unknown } | undefined;
  const source = (async function* () {
    try {
      for await (const chunk of chunks) if (chunk.length > 0) yield chunk;
    } catch (error) {
      failure = { error };
      throw error;
    }
  })();
  try {
    const first = await source.next();
    if (first.done) return;
    const whole = (async function* () {
      yield first.value;
      yield* source;
    })();
    yield* beginsAsGzip(first.value) ? through(whole, new DecompressionStream("gzip")) : whole;
  } catch (error) {
    if (failure) throw failure.error;
    const reason = error instanceof Error ? ((error.cause as Error | undefined) ?? error).message : error;
    throw new InputError(`the gzip data is truncated or damaged (${reason}); get the file again`, { file });
  } finally {
    await source.return();
  }
}

const beginsAsGzip = (chunk: Uint8Array | string): boolean =>
  chunk[0] === 0x1f && (chunk.length === 1 || chunk[1] === 0x8b);

/** The text as gzip. Errors of its source pass through. */
export async function* gzipped(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  yield* through(blocks(text), new CompressionStream("gzip"));
}

async function* blocks(text: AsyncIterable<string>): AsyncGenerator<string> {
  let block = "";
  for await (const piece of text) {
    block += piece;
    if (block.length < BLOCK) continue;
    yield block;
    block = "";
  }
  if (block !== "") yield block;
}

/** What comes out of a stream when the chunks go in. */
async function* through(
  chunks: AsyncIterable<Uint8Array | string>,
  stream: CompressionStream | DecompressionStream,
): AsyncGenerator<Uint8Array> {
  const writer = stream.writable.getWriter();
  const reader = stream.readable.getReader();
  const encoder = new TextEncoder();
  const pumping = (async () => {
    try {
      for await (const chunk of chunks)
        await writer.write((typeof chunk === "string" ? encoder.encode(chunk) : chunk) as BufferSource);
      await writer.close();
    } catch (error) {
      await writer.abort(error).catch(() => undefined); // the reader sees the error
    }
  })();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    await pumping;
  }
}

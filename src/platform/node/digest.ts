/** Checksums of files. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

/** Of a file's bytes, in hexadecimal. */
export async function digestOfFile(algorithm: "sha256" | "md5", file: string): Promise<string> {
  const hash = createHash(algorithm);
  for await (const piece of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(piece);
  return hash.digest("hex");
}

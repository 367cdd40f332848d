import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatMolecules } from "../../src/formats/format-molecules.ts";
import { gzipped, unpacked } from "../../src/formats/gzip.ts";
import { parseMolecules } from "../../src/formats/parse-molecules.ts";
import { collect } from "./molecules.ts";

/** The bytes cut at these places. */
function* cut(bytes: Uint8Array, places: readonly number[]): Generator<Uint8Array> {
  const bounds = [0, ...places.filter((place) => place < bytes.length), bytes.length].sort((a, b) => a - b);
  for (let k = 1; k < bounds.length; k++) yield bytes.subarray(bounds[k - 1], bounds[k]);
}
const textOf = (chunks: readonly (Uint8Array | string)[]): string =>
  Buffer.concat(chunks.map((chunk) => Buffer.from(chunk))).toString();
const FRAME = "1\na\nH 0 0 0\n";

describe("gzip", () => {
  it("is unpacked, several members in a row too, wherever the chunks are cut; what is not gzip passes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(120)),
        async (texts, places) => {
          const packed = Buffer.concat(texts.map((text) => gzipSync(text)));
          const whole = texts.join("");
          expect(textOf(await collect(unpacked(cut(packed, places), "in")))).toBe(whole);
          expect(textOf(await collect(unpacked(cut(Buffer.from(whole), places), "in")))).toBe(whole);
          const pieces = (async function* () {
            yield* texts;
          })();
          expect(textOf([gunzipSync(Buffer.concat(await collect(gzipped(pieces))))])).toBe(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("passes on what its source throws, and lets go of a source that is not read to the end", async () => {
    let open = 0;
    const packed = gzipSync(Buffer.from(FRAME.repeat(50_000)), { level: 0 });
    const source = async function* (broken: boolean): AsyncGenerator<Uint8Array> {
      open++;
      try {
        for (let at = 0; at < packed.length; at += 1000) {
          if (broken && at > 5000) throw new TypeError("the line is dead");
          yield packed.subarray(at, at + 1000);
        }
      } finally {
        open--;
      }
    };
    await expect(collect(unpacked(source(true), "in"))).rejects.toThrow(new TypeError("the line is dead"));
    for await (const _ of unpacked(source(false), "in")) break;
    expect(open).toBe(0);
    const text = (async function* () {
      yield FRAME;
      throw new RangeError("no more molecules");
    })();
    await expect(collect(gzipped(text))).rejects.toThrow(new RangeError("no more molecules"));
  });
});

describe("molecules of a text", () => {
  it("are the same from a string, bytes, gzip, chunks and a stream", async () => {
    const bytes = new TextEncoder().encode(FRAME + FRAME);
    const sources = [FRAME + FRAME, bytes, gzipSync(bytes), [FRAME, FRAME], new Blob([bytes]).stream()];
    for (const source of sources) {
      const molecules = await collect(parseMolecules(source, { format: "xyz" }));
      expect(molecules.map(({ name }) => name)).toEqual(["a", "a"]);
      expect((await collect(formatMolecules(molecules, { file: "b.xyz" }))).join("")).toBe(FRAME + FRAME);
    }
  });

  it("are named in messages, and need a format or a name that tells it", async () => {
    await expect(collect(parseMolecules("", { file: "x.sdf" }))).rejects.toThrow("x.sdf: the file is empty");
    await expect(collect(parseMolecules("x", { format: "xyz" }))).rejects.toThrow(
      "molecules:1: expected a number",
    );
    await expect(collect(parseMolecules(FRAME, {}))).rejects.toThrow("the name does not tell the format");
    expect(() => formatMolecules([], { format: "qm9" })).toThrow("molecules: this format is only read");
    expect(() => formatMolecules([], { file: "a.mol" })).toThrow("a.mol: this format is only read");
  });
});

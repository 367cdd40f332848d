import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import { readLines } from "../../src/formats/lines.ts";

async function allLines(chunks: Iterable<Uint8Array | string>): Promise<readonly string[]> {
  return readLines(chunks, "in").take(1e6);
}

describe("lines of a stream", () => {
  it("do not depend on where the chunks are cut, for any mixture of line ends", async () => {
    const part = fc.oneof(fc.constantFrom("\n", "\r\n", "\r"), fc.constantFrom("a", "é", "漢字", "🙂 x", ""));
    await fc.assert(
      fc.asyncProperty(fc.array(part), fc.array(fc.nat(40)), async (parts, cuts) => {
        const text = parts.join("");
        const bytes = new TextEncoder().encode(text);
        const bounds = [0, ...cuts.filter((cut) => cut < bytes.length), bytes.length].sort((a, b) => a - b);
        const chunks = bounds.slice(1).map((end, k) => bytes.subarray(bounds[k], end));
        const expected = text.split(/\r\n|\r|\n/);
        if (expected[expected.length - 1] === "") expected.pop();
        expect(await allLines(chunks)).toEqual(expected);
      }),
    );
  });

  it("begin after a byte order mark", async () => {
    expect(await allLines([new Uint8Array([0xef, 0xbb, 0xbf, 0x33])])).toEqual(["3"]);
  });

  it("are counted from 1, whichever way they are taken", async () => {
    const lines = readLines(["a\n\n\nb\nc\nend\nd\n"], "in");
    expect(lines.lineNumber()).toBe(1);
    expect(await lines.peek(2)).toEqual(["a", ""]);
    expect(await lines.take(1)).toEqual(["a"]);
    expect(await lines.skipBlank()).toBe(true);
    expect(lines.lineNumber()).toBe(4);
    expect(await lines.takeThrough("end")).toEqual(["b", "c", "end"]);
    expect(lines.lineNumber()).toBe(7);
    expect(await lines.takeThrough("end")).toEqual(["d"]);
    expect(await lines.skipBlank()).toBe(false);
  });

  it("of more than a mebibyte are refused by their number", async () => {
    const chunk = "x".repeat(1 << 16);
    const endless = function* (): Generator<string> {
      yield "short\n";
      for (;;) yield chunk;
    };
    const lines = readLines(endless(), "in");
    expect(await lines.take(1)).toEqual(["short"]);
    await expect(lines.take(1)).rejects.toThrow(/^in:2: line of more than 1048576 characters/);
  });

  it("with NUL or invalid UTF-8 are refused, after the good lines before them", async () => {
    for (const byte of [0, 0xff]) {
      const lines = readLines([new Uint8Array([0x61, 10, 0x62, 10, byte, 10])], "in");
      expect(await lines.take(2)).toEqual(["a", "b"]);
      await expect(lines.take(1)).rejects.toThrow(
        new InputError("not UTF-8 text; a file of molecules was expected", { file: "in", line: 3 }),
      );
    }
  });

  it("count towards the size of a record though they are blank, and nothing is read after one that is too large", async () => {
    let asked = 0;
    const endless = function* (): Generator<string> {
      for (;;) {
        asked++;
        yield "\n".repeat(1 << 18);
      }
    };
    const lines = readLines(endless(), "in");
    const refused = await lines.takeThrough("$$$$").catch((error: unknown) => error);
    expect(refused).toEqual(
      new InputError("record of more than 268435456 characters", { file: "in", line: 1 }),
    );
    expect(lines.isFinal(refused)).toBe(true);
    expect(asked).toBeLessThanOrEqual(18); // 64 characters a line
  });

  it("can be gone back to as far as the mark, across chunks", async () => {
    const lines = readLines(["a\nb\n", "c\n", "d"], "in");
    await lines.take(1);
    lines.mark();
    expect(await lines.take(3)).toEqual(["b", "c", "d"]);
    expect([lines.lineNumber(), lines.endsOpen()]).toEqual([5, true]);
    lines.back(9);
    expect(lines.lineNumber()).toBe(2);
    expect(await lines.ahead(1)).toBe("c");
    expect(await lines.take(9)).toEqual(["b", "c", "d"]);
    expect(await lines.ahead(0)).toBeUndefined();
  });

  it("cost memory for a chunk, not for the text", async () => {
    let made = 0;
    const source = function* (): Generator<string> {
      for (; made < 1000; made++) yield `${"x".repeat(99)}\n`.repeat(1000); // 100 MB in all
    };
    const lines = readLines(source(), "in");
    let ahead = 0;
    for (let n = 1; (await lines.take(1)).length > 0; n++) ahead = Math.max(ahead, 1000 * (made + 1) - n);
    expect(made).toBe(1000);
    expect(ahead).toBeLessThanOrEqual(2000);
  });
});

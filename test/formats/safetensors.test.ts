import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/errors.ts";
import { parseSafetensors, serializeSafetensors, type Tensor } from "../../src/formats/safetensors.ts";
import { readSafetensors, writeSafetensors } from "../../src/platform/node/safetensors.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tensors-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Any tensor of up to three dimensions, some of them 0. */
const tensor: fc.Arbitrary<Tensor> = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const bounds = { minLength: size, maxLength: size };
  return fc.oneof(
    fc.float64Array(bounds).map((data): Tensor => ({ dtype: "F64", shape, data })),
    fc.float32Array(bounds).map((data): Tensor => ({ dtype: "F32", shape, data })),
    fc.bigInt64Array(bounds).map((data): Tensor => ({ dtype: "I64", shape, data })),
    fc.bigUint64Array(bounds).map((data): Tensor => ({ dtype: "U64", shape, data })),
    fc.int32Array(bounds).map((data): Tensor => ({ dtype: "I32", shape, data })),
    fc.uint32Array(bounds).map((data): Tensor => ({ dtype: "U32", shape, data })),
    fc.int16Array(bounds).map((data): Tensor => ({ dtype: "I16", shape, data })),
    fc.uint16Array(bounds).map((data): Tensor => ({ dtype: "U16", shape, data })),
    fc.int8Array(bounds).map((data): Tensor => ({ dtype: "I8", shape, data })),
    fc.uint8Array(bounds).map((data): Tensor => ({ dtype: "U8", shape, data })),
    fc.uint8Array({ ...bounds, max: 1 }).map((data): Tensor => ({ dtype: "BOOL", shape, data })),
  );
});
const name = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom("0", "1", '"', "\\", "__proto__", "a\nb", "漢"),
);
const tensors = fc
  .uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 5 })
  .map((pairs) => new Map(pairs));
const metadata = fc.dictionary(fc.string(), fc.string(), { maxKeys: 3, noNullPrototype: true });

/** A file with this header text and so many bytes of data. */
function fileOf(header: string, dataSize: number, claimed = Buffer.byteLength(header)): Uint8Array {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(claimed));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataSize)]);
}
const entry = (begin: number, end: number, shape: unknown = [(end - begin) / 4], dtype = "F32"): string =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe("safetensors", () => {
  it("bring back every tensor and all metadata, bit by bit", () => {
    fc.assert(
      fc.property(tensors, metadata, (all, notes) => {
        const bytes = serializeSafetensors(all, notes);
        const back = parseSafetensors(bytes);
        expect(new Map(back.tensors)).toEqual(all);
        expect(back.metadata).toEqual(notes);
        // Names of empty tensors may change places, for nothing in the file tells their order.
        if ([...all.values()].every(({ data }) => data.length > 0)) {
          expect(serializeSafetensors(back.tensors, back.metadata)).toEqual(bytes);
        }
      }),
    );
  });

  it("are on disk what they are in memory", async () => {
    const path = join(folder, "a.safetensors");
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (all, notes) => {
        await writeSafetensors(path, all, notes);
        expect(new Uint8Array(await readFile(path))).toEqual(serializeSafetensors(all, notes));
        expect(await readSafetensors(path)).toEqual(parseSafetensors(await readFile(path)));
      }),
      { numRuns: 30 },
    );
  });

  it("have the bytes that the specification prescribes", () => {
    const bytes = serializeSafetensors(
      new Map([["w", { dtype: "F32", shape: [2], data: Float32Array.of(1, -2) }]]),
      { format: "pt" },
    );
    const header = '{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    const expected = fileOf(padded, 8);
    new DataView(expected.buffer, expected.byteOffset + 8 + padded.length).setFloat32(0, 1, true);
    new DataView(expected.buffer, expected.byteOffset + 8 + padded.length).setFloat32(4, -2, true);
    expect(Buffer.from(bytes).equals(expected)).toBe(true);
  });

  it("are read wherever they lie in memory, and do not change with it", () => {
    const bytes = serializeSafetensors(
      new Map([["w", { dtype: "F64", shape: [], data: Float64Array.of(Math.PI) }]]),
    );
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const read = parseSafetensors(shifted.subarray(3));
    shifted.fill(0);
    expect(read.tensors.get("w")?.data).toEqual(Float64Array.of(Math.PI));
  });

  it("widen half precision: F16 and BF16 values of every kind", () => {
    const half = fileOf(`{"h":${entry(0, 16, [8], "F16")}}`, 16);
    const values = [0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff, 0x7c00, 0x8000, 0x7e00];
    values.forEach((bits, i) => {
      Buffer.from(half.buffer, half.byteOffset).writeUInt16LE(bits, half.length - 16 + 2 * i);
    });
    const expected = [1, -2, 0.333251953125, 2 ** -24, 65504, Number.POSITIVE_INFINITY, -0, Number.NaN];
    expect(parseSafetensors(half).tensors.get("h")).toEqual({
      dtype: "F32",
      shape: [8],
      data: Float32Array.from(expected),
    });
    const brain = fileOf(`{"b":${entry(0, 4, [2], "BF16")}}`, 4);
    Buffer.from(brain.buffer, brain.byteOffset).writeUInt32LE(0xc0403f80, brain.length - 4);
    expect(parseSafetensors(brain).tensors.get("b")?.data).toEqual(Float32Array.of(1, -3));
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "truncated safetensors file: 0 bytes"],
    ["a file shorter than its first number", new Uint8Array(7), "truncated safetensors file: 7 bytes"],
    ["a header beyond 100 MB", fileOf("{}", 0, 100_000_001), "the safetensors header claims 100000001 bytes"],
    [
      "a header beyond 2^53",
      fileOf("{}", 0, 2 ** 63),
      "the safetensors header claims 9223372036854776000 bytes",
    ],
    [
      "a header beyond the file",
      fileOf("{}", 0, 3),
      "truncated safetensors file: the header claims 3 bytes, the file has 2",
    ],
    ["a header of no bytes", fileOf("", 0), "it is not JSON"],
    ["a header that is not JSON", fileOf("{'a':1}", 0), "it is not JSON"],
    ["a header that is not UTF-8", Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), "it is not JSON"],
    ["a header that is a list", fileOf("[]", 0), "it is not an object"],
    ["a header that begins with a space", fileOf(" {}", 0), "it is not an object"],
    [
      "metadata that are not strings",
      fileOf('{"__metadata__":{"a":1}}', 0),
      "__metadata__ is not an object of strings",
    ],
    [
      "a name given twice",
      fileOf(`{"a":${entry(0, 4)},"\\u0061":${entry(4, 8)}}`, 8),
      'the name "a" is given twice',
    ],
    [
      "a field given twice",
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      'the name "dtype" is given twice',
    ],
    [
      "a tensor without a field",
      fileOf('{"a":{"dtype":"F32","shape":[1]}}', 4),
      'tensor "a": expected dtype, shape and data_offsets',
    ],
    ["an unknown dtype", fileOf(`{"a":${entry(0, 4, [1], "F31")}}`, 4), 'tensor "a": unknown dtype "F31"'],
    [
      "a dtype that is a property of objects",
      fileOf(`{"a":${entry(0, 4, [1], "constructor")}}`, 4),
      "unknown dtype",
    ],
    [
      "three offsets",
      fileOf('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}', 4),
      "data_offsets is not a pair of non-negative integers",
    ],
    [
      "a negative dimension",
      fileOf(`{"a":${entry(0, 4, [-1])}}`, 4),
      "the shape is not a list of non-negative integers",
    ],
    ["a fractional dimension", fileOf(`{"a":${entry(0, 4, [0.5, 2])}}`, 4), "the shape is not a list"],
    ["a dimension that is no number", fileOf(`{"a":${entry(0, 4, [null])}}`, 4), "the shape is not a list"],
    [
      "a dimension beyond 2^53",
      fileOf('{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4),
      "the shape is not a list",
    ],
    [
      "dimensions whose product overflows",
      fileOf(`{"a":${entry(0, 0, [2 ** 40, 2 ** 40])}}`, 0),
      'tensor "a": F32[1099511627776,1099511627776] takes',
    ],
    [
      "a size that is not the shape's",
      fileOf(`{"a":${entry(0, 8, [1])}}`, 8),
      'tensor "a": F32[1] takes 4 bytes, data_offsets say 8',
    ],
    [
      "data that end before they begin",
      fileOf(`{"a":${entry(4, 0, [1])}}`, 4),
      "its data ends (0) before it begins (4)",
    ],
    [
      "data beyond the file",
      fileOf(`{"a":${entry(0, 8)}}`, 4),
      'truncated safetensors file: tensor "a" ends at byte 8 of 4 bytes of data',
    ],
    [
      "overlapping data",
      fileOf(`{"a":${entry(0, 8)},"b":${entry(4, 12)}}`, 12),
      'tensor "b" overlaps another',
    ],
    [
      "the same data twice",
      fileOf(`{"a":${entry(0, 8)},"b":${entry(0, 8)}}`, 8),
      'tensor "b" overlaps another',
    ],
    [
      "a hole at the beginning",
      fileOf(`{"a":${entry(4, 8)}}`, 8),
      '4 bytes before tensor "a" belong to none',
    ],
    [
      "a hole in the middle",
      fileOf(`{"a":${entry(0, 4)},"b":${entry(8, 12)}}`, 12),
      '4 bytes before tensor "b" belong to none',
    ],
    ["bytes after the end", fileOf(`{"a":${entry(0, 4)}}`, 5), "1 bytes after the last tensor"],
    [
      "a logical that is 2",
      Uint8Array.from([...fileOf(`{"a":${entry(0, 1, [1], "BOOL")}}`, 0), 2]),
      'tensor "a": a BOOL is neither 0 nor 1',
    ],
  ])("refuse %s, in memory and on disk", async (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, "m")).toThrow(InputError);
    expect(() => parseSafetensors(bytes, "m")).toThrow(message);
    const path = join(folder, "bad.safetensors");
    await writeFile(path, bytes);
    const error: unknown = await readSafetensors(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).message.startsWith(`${path}: `)).toBe(true);
    expect((error as InputError).message).toContain(message);
    expect((error as InputError).message).not.toContain("\n");
  });

  it("are refused when missing or a folder", async () => {
    await expect(readSafetensors(join(folder, "no"))).rejects.toThrow(/no such file/);
    await expect(readSafetensors(folder)).rejects.toThrow(InputError);
  });

  it("with any bytes changed, cut or added are read or refused, never more", () => {
    const good = fc.tuple(tensors, metadata).map(([all, notes]) => serializeSafetensors(all, notes));
    const flips = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(good, flips, fc.integer({ min: -8, max: 8 }), (bytes, changes, growth) => {
        const broken = new Uint8Array(Math.max(0, bytes.length + growth));
        broken.set(bytes.subarray(0, broken.length));
        for (const [at, mask] of changes) if (broken.length > 0) broken[at % broken.length] ^= mask;
        let held = 0;
        try {
          for (const { data } of parseSafetensors(broken).tensors.values()) held += data.byteLength;
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
        expect(held).toBeLessThanOrEqual(2 * broken.length);
      }),
      { numRuns: 3000 },
    );
  });

  it("are not written when array and shape disagree", () => {
    const write = (dtype: "F32" | "I32", shape: readonly number[]): unknown =>
      serializeSafetensors(new Map([["a", { dtype, shape, data: new Float32Array(4) } as Tensor]]));
    expect(write("F32", [2, 2])).toBeInstanceOf(Uint8Array);
    expect(() => write("F32", [2, 3])).toThrow(RangeError);
    expect(() => write("F32", [-2, -2])).toThrow(RangeError);
    expect(() => write("I32", [4])).toThrow(RangeError);
    expect(() =>
      serializeSafetensors(new Map([["__metadata__", { dtype: "U8", shape: [0], data: new Uint8Array() }]])),
    ).toThrow(RangeError);
  });
});

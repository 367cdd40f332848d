/**
 * The safetensors format in memory: u64 length of the header, header in JSON, data (specification: README of
 * huggingface/safetensors). Nothing in a file is believed before it is checked, and nothing is allocated that
 * the bytes at hand do not bear out. F16 and BF16 are widened to F32; 8-bit floats are refused. Little-endian
 * machines only.
 */

import { InputError } from "../errors.ts";
import { checkLayout, parseHeader, type TensorEntry } from "./safetensors-header.ts";

/** Arrays by dtype; logicals are bytes 0 and 1. */
export interface TensorArrays {
  readonly F64: Float64Array;
  readonly F32: Float32Array;
  readonly I64: BigInt64Array;
  readonly U64: BigUint64Array;
  readonly I32: Int32Array;
  readonly U32: Uint32Array;
  readonly I16: Int16Array;
  readonly U16: Uint16Array;
  readonly I8: Int8Array;
  readonly U8: Uint8Array;
  readonly BOOL: Uint8Array;
}

/** Kind of number in an array. */
export type DType = keyof TensorArrays;

/** An array with its shape, row-major; the scalar has shape []. */
export interface TensorOf<D extends DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TensorArrays[D];
}

/** An array of any kind of number with its shape. */
export type Tensor = { [D in DType]: TensorOf<D> }[DType];

/** What is in a safetensors file. */
export interface TensorFile {
  /** By name, in the order of their data. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const CONSTRUCTORS = {
  F64: Float64Array,
  F32: Float32Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** Headers beyond this many bytes are refused, as the reference implementation does. */
export const MAX_HEADER = 100_000_000;

/** Length of the header from the first eight bytes of a file of `size` bytes. */
export function headerLength(prefix: Uint8Array, size: number, file: string): number {
  if (size < 8 || prefix.length < 8) {
    throw new InputError(`truncated safetensors file: ${size} bytes, the shortest has 10`, { file });
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, 8);
  const length = view.getUint32(4, true) * 2 ** 32 + view.getUint32(0, true);
  if (length > MAX_HEADER) {
    throw new InputError(
      `the safetensors header claims ${length} bytes, more than ${MAX_HEADER}; not a safetensors file?`,
      { file },
    );
  }
  if (length > size - 8) {
    throw new InputError(
      `truncated safetensors file: the header claims ${length} bytes, the file has ${size - 8} after its length`,
      { file },
    );
  }
  return length;
}

/** Reads a whole file from memory; `file` is its name in messages. Throws InputError for every defect. */
export function parseSafetensors(bytes: Uint8Array, file = "safetensors"): TensorFile {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, file);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + length), file);
  const data = bytes.subarray(8 + length);
  checkLayout(entries, data.length, file);
  const tensors = new Map<string, Tensor>();
  for (const entry of entries)
    tensors.set(entry.name, tensorOf(entry, new Uint8Array(data.subarray(entry.begin, entry.end)), file));
  return { tensors, metadata };
}

/** The tensor of an entry from its bytes, which begin at the start of their buffer and become part of it. */
export function tensorOf(entry: TensorEntry, bytes: Uint8Array<ArrayBuffer>, file: string): Tensor {
  const { name, dtype, shape } = entry;
  if (dtype === "F16" || dtype === "BF16") {
    const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
    return { dtype: "F32", shape, data: dtype === "F16" ? widenHalf(halves) : widenBrain(halves) };
  }
  if (dtype === "BOOL" && bytes.some((byte) => byte > 1)) {
    throw new InputError(`tensor "${name}": a BOOL is neither 0 nor 1`, { file });
  }
  const Constructor = CONSTRUCTORS[dtype];
  const data = new Constructor(bytes.buffer, bytes.byteOffset, bytes.length / Constructor.BYTES_PER_ELEMENT);
  return { dtype, shape, data } as Tensor;
}

/** bfloat16: the upper half of a float32. */
function widenBrain(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) words[i] = halves[i] << 16;
  return out;
}

/** IEEE 754 binary16: 5 bits of exponent with bias 15, 10 of fraction. */
function widenHalf(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) {
    const exponent = (halves[i] >> 10) & 31;
    const fraction = halves[i] & 1023;
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent < 31
          ? (1 + fraction / 1024) * 2 ** (exponent - 15)
          : fraction === 0
            ? Number.POSITIVE_INFINITY
            : Number.NaN;
    out[i] = halves[i] & 0x8000 ? -size : size;
  }
  return out;
}

/** The file as pieces to be written one after the other; the arrays are not copied. */
export function* safetensorsPieces(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const entries: string[] = [];
  const names = Object.entries(metadata);
  if (names.length > 0) {
    entries.push(
      `"__metadata__":{${names.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(",")}}`,
    );
  }
  let begin = 0;
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    const end = begin + tensor.data.byteLength;
    entries.push(
      `${JSON.stringify(name)}:{"dtype":"${tensor.dtype}","shape":[${tensor.shape.join(",")}],"data_offsets":[${begin},${end}]}`,
    );
    begin = end;
  }
  const text = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(text.length / 8) * 8;
  const head = new Uint8Array(8 + length).fill(32);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, 8);
  yield head;
  for (const { data } of tensors.values())
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** The file in memory. The same tensors in the same order give the same bytes. */
export function serializeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const pieces = [...safetensorsPieces(tensors, metadata)];
  const out = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}

function checkTensor(name: string, { dtype, shape, data }: Tensor): void {
  if (name === "__metadata__") throw new RangeError('a tensor cannot be called "__metadata__"');
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const sound = shape.every((dimension) => Number.isSafeInteger(dimension) && dimension >= 0);
  if (!sound || size !== data.length || !(data instanceof CONSTRUCTORS[dtype])) {
    throw new RangeError(
      `tensor "${name}": ${data.constructor.name} of ${data.length} values does not fit ${dtype}[${shape}]`,
    );
  }
}

/** The JSON header of safetensors: strict reading, and the check that the data is covered once without holes. */

import { InputError, printable } from "../errors.ts";
import { duplicateKey } from "./json.ts";

/** Bytes a value on disk. */
const ITEM_SIZES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U64: 8,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
} as const;

/** What the header says of a tensor; its bytes are data[begin, end). */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: keyof typeof ITEM_SIZES;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** In the order of their data. */
  readonly entries: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads a header. Throws InputError for anything that is not one. */
export function parseHeader(bytes: Uint8Array, file: string): Header {
  const fail = (message: string): InputError =>
    new InputError(printable(`bad safetensors header: ${message}`), { file });
  let json: unknown;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    throw fail("it is not JSON");
  }
  if (!text.startsWith("{") || !isObject(json)) throw fail("it is not an object");
  const twice = duplicateKey(text);
  if (twice !== undefined) throw fail(`the name ${JSON.stringify(twice)} is given twice`);
  const entries: TensorEntry[] = [];
  let metadata: [string, string][] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") {
      if (!isObject(value) || !Object.values(value).every((item) => typeof item === "string")) {
        throw fail("__metadata__ is not an object of strings");
      }
      metadata = Object.entries(value) as [string, string][];
    } else {
      const entry = entryOf(name, value);
      if (typeof entry === "string") throw fail(`tensor ${JSON.stringify(name)}: ${entry}`);
      entries.push(entry);
    }
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  return { entries, metadata: Object.fromEntries(metadata) };
}

/** The entry, or what is wrong with it. */
function entryOf(name: string, value: unknown): TensorEntry | string {
  if (!isObject(value) || Object.keys(value).sort().join() !== "data_offsets,dtype,shape") {
    return "expected dtype, shape and data_offsets";
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDType(dtype))
    return `unknown dtype ${JSON.stringify(dtype)}; known are ${Object.keys(ITEM_SIZES).join(" ")}`;
  if (!isSizes(shape)) return "the shape is not a list of non-negative integers";
  if (!isSizes(offsets) || offsets.length !== 2) return "data_offsets is not a pair of non-negative integers";
  const [begin, end] = offsets;
  if (begin > end) return `its data ends (${end}) before it begins (${begin})`;
  const size = shape.reduce((product, dimension) => product * dimension, ITEM_SIZES[dtype]);
  if (size !== end - begin) return `${dtype}[${shape}] takes ${size} bytes, data_offsets say ${end - begin}`;
  return { name, dtype, shape, begin, end };
}

/** Checks that the sorted entries cover `size` bytes of data, each byte once. */
export function checkLayout(entries: readonly TensorEntry[], size: number, file: string): void {
  let covered = 0;
  for (const { name, begin, end } of entries) {
    const tensor = `tensor ${printable(JSON.stringify(name))}`;
    if (end > size) {
      throw new InputError(
        `truncated safetensors file: ${tensor} ends at byte ${end} of ${size} bytes of data`,
        { file },
      );
    }
    if (begin < covered) throw new InputError(`bad safetensors header: ${tensor} overlaps another`, { file });
    if (begin > covered) {
      throw new InputError(
        `bad safetensors header: ${begin - covered} bytes before ${tensor} belong to none`,
        { file },
      );
    }
    covered = end;
  }
  if (covered < size) {
    throw new InputError(`bad safetensors file: ${size - covered} bytes after the last tensor`, { file });
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isDType = (value: unknown): value is TensorEntry["dtype"] =>
  typeof value === "string" && Object.hasOwn(ITEM_SIZES, value);

const isSizes = (value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

/**
 * Random numbers without a global stream: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). A value is a pure function of (seed, purpose, index, step, position), so the
 * noise of molecule i does not depend on batch size, thread count, shard or interruption.
 */

import { log, sinCos } from "./elementary.ts";
/** What the numbers are used for; streams of different purposes never overlap. */
export const PURPOSES = {
  parameters: 1,
  batchOrder: 2,
  trainingTime: 3,
  trainingNoise: 4,
  sizes: 5,
  samplingNoise: 6,
  validationTime: 7,
  validationNoise: 8,
  split: 9,
  dataset: 10,
  test: 11,
  likelihoodTime: 12,
  likelihoodNoise: 13,
  dynamics: 14,
  velocities: 15,
  conditionDropout: 40,
  selfConditioning: 41,
  augmentation: 42,
} as const;
/** What a stream of random numbers is for; streams of different purposes are independent. */
export type Purpose = keyof typeof PURPOSES;

/** Address of a stream of random numbers. `index` and `step` are unsigned 32-bit integers. */
export interface StreamKey {
  /** Non-negative integer below 2^53. */
  readonly seed: number;
  readonly purpose: Purpose;
  readonly index?: number;
  readonly step?: number;
}

/** A sequence of random numbers; reading advances it. */
export interface Stream {
  /** Uniform integer in [0, 2^32). */
  readonly uint32: () => number;
  /** Uniform in [0, 1), 53 bits. */
  readonly uniform: () => number;
  /** Uniform integer in [0, n), unbiased. */
  readonly integer: (n: number) => number;
  /** Standard normal (Box–Muller). */
  readonly normal: () => number;
  /** Fills the array with standard normals and returns it. */
  readonly normals: <A extends Float32Array | Float64Array>(out: A) => A;
}

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** Two uniforms, then the two normals they make. */
const pair = new Float64Array(2);

/** Box–Muller; numbers in an array are not boxed on the way. */
function uniformsToNormals(): void {
  const radius = Math.sqrt(-2 * log(1 - pair[0]));
  sinCos(2 * Math.PI * pair[1], pair);
  const along = radius * pair[1];
  pair[1] = radius * pair[0];
  pair[0] = along;
}

/** High and low 32 bits of the 64-bit product a·b, through 16-bit halves. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const mid = aHigh * bLow + (low >>> 16);
  const mid2 = aLow * bHigh + (mid & 0xffff);
  return (aHigh * bHigh + Math.floor(mid / 0x10000) + (mid2 >>> 16)) >>> 0;
}

/**
 * One block of Philox4x32-10.
 * @param counter four 32-bit words, replaced by the four output words
 */
export function philox4x32(counter: Uint32Array, key0: number, key1: number): void {
  let c0 = counter[0];
  let c1 = counter[1];
  let c2 = counter[2];
  let c3 = counter[3];
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  for (let round = 0; round < 10; round++) {
    const h0 = mulHigh(M0, c0);
    const l0 = Math.imul(M0, c0) >>> 0;
    const h1 = mulHigh(M1, c2);
    const l1 = Math.imul(M1, c2) >>> 0;
    c0 = (h1 ^ c1 ^ k0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ k1) >>> 0;
    c3 = l0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}

/**
 * Opens the stream of the given address at its beginning. Purpose and block number share a counter word: a
 * stream holds 2^24 blocks of four words.
 */
export function stream({ seed, purpose, index = 0, step = 0 }: StreamKey): Stream {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed must be an integer in [0, 2^53), got ${seed}`);
  const key0 = seed >>> 0;
  const key1 = Math.floor(seed / 0x100000000);
  const purposeWord = PURPOSES[purpose] << 24;
  const block = new Uint32Array(4);
  let blockNumber = 0;
  let used = 4;
  let spare = Number.NaN;

  const uint32 = (): number => {
    if (used === 4) {
      if (blockNumber === 0x1000000) throw new RangeError("random stream exhausted (2^26 words)");
      block[0] = (purposeWord | blockNumber++) >>> 0;
      block[1] = index;
      block[2] = step;
      block[3] = Math.floor(index / 0x100000000);
      philox4x32(block, key0, key1);
      used = 0;
    }
    return block[used++];
  };
  const uniform = (): number => ((uint32() >>> 5) * 0x4000000 + (uint32() >>> 6)) / 0x20000000000000;
  const integer = (n: number): number => {
    const limit = 0x100000000 - (0x100000000 % n);
    for (;;) {
      const word = uint32();
      if (word < limit) return word % n;
    }
  };
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const value = spare;
      spare = Number.NaN;
      return value;
    }
    pair[0] = uniform();
    pair[1] = uniform();
    uniformsToNormals();
    spare = pair[1];
    return pair[0];
  };
  const normals = <A extends Float32Array | Float64Array>(out: A): A => {
    for (let i = 0; i < out.length; i++) out[i] = normal();
    return out;
  };
  return { uint32, uniform, integer, normal, normals };
}

/** Fills `out[from, to)` with the first standard normals of the stream (index, step). */
export type NormalFiller = (
  out: Float32Array | Float64Array,
  from: number,
  to: number,
  index: number,
  step: number,
) => void;

/**
 * The normals of `stream`, for loops that open a stream at every step: the same numbers for the same address, and
 * nothing is allocated.
 */
export function normalFiller(seed: number, purpose: Purpose): NormalFiller {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`seed must be an integer in [0, 2^53), got ${seed}`);
  const key0 = seed >>> 0;
  const key1 = Math.floor(seed / 0x100000000);
  const purposeWord = PURPOSES[purpose] << 24;
  const block = new Uint32Array(4);
  return (out, from, to, index, step) => {
    for (let at = from, number = 0; at < to; at += 2, number++) {
      block[0] = (purposeWord | number) >>> 0;
      block[1] = index;
      block[2] = step;
      block[3] = Math.floor(index / 0x100000000);
      philox4x32(block, key0, key1);
      pair[0] = ((block[0] >>> 5) * 0x4000000 + (block[1] >>> 6)) / 0x20000000000000;
      pair[1] = ((block[2] >>> 5) * 0x4000000 + (block[3] >>> 6)) / 0x20000000000000;
      uniformsToNormals();
      out[at] = pair[0];
      if (at + 1 < to) out[at + 1] = pair[1];
    }
  };
}

/** A permutation of 0 … n−1 drawn from the stream (Fisher–Yates). */
export function permutation(n: number, random: Stream): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const held = order[i];
    order[i] = order[j];
    order[j] = held;
  }
  return order;
}

/**
 * Numbers in (0, 1), one from each of n equal parts in random order (Kingma et al. 2021, appendix I.1): a mean over them
 * varies less than one over independent draws. [n]
 */
export function stratified(n: number, random: Stream): Float64Array {
  const part = permutation(n, random);
  return Float64Array.from(part, (k) => (k + random.uniform()) / n);
}

/** Elementary functions with the same bits everywhere: fdlibm's, which Node 20's Math is, too. */
import { describe, expect, test } from "vitest";
import * as elementary from "../../src/math/elementary.ts";
import { stream } from "../../src/math/random.ts";

const { asin, cos, exp, expm1, hypot, log, log1p, pow, sin, sinCos, square } = elementary;
/** The JavaScript engine whose Math is fdlibm; newer ones have other ports of some functions. */
const FDLIBM = process.versions.v8.startsWith("11.3.");
const random = stream({ seed: 5, purpose: "test" });
const between = (low: number, high: number): number => low + (high - low) * random.uniform();
/** As the words of a double. */
const bits = (high: number, low = 0): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, high);
  view.setUint32(4, low);
  return view.getFloat64(0);
};
/** A number whose first 32 bits are near those, where fdlibm takes another branch. */
const near = (high: number): number =>
  bits(
    high - 1 + random.integer(3),
    random.uniform() < 0.3 ? [0, 1, 0xffffffff][random.integer(3)] : random.uint32(),
  );
const turns = (x: number): number => Math.round(x) * (Math.PI / 2) * (1 + between(-1e-9, 1e-9));

/** Ranges to draw arguments from: all branches of each function. */
const ARGUMENTS = {
  exp: [
    () => between(-40, 20),
    () => between(-750, 712),
    () => between(-1e-7, 1e-7),
    () => near(0x3fd62e42),
    () => -near(0x3ff0a2b2),
    () => near(0x3e300000),
  ],
  expm1: [
    () => between(-10, 2),
    () => between(-40, 712),
    () => between(-1e-3, 1e-3),
    () => near(0x3ff0a2b2),
    () => -near(0x3fd62e42),
    () => -near(0x4043687a),
    () => near(0x3c900000),
  ],
  log: [
    () => random.uniform(),
    () => between(0, 1e9),
    () => 1 + between(-1e-5, 1e-5),
    () => 1e-310 * random.uniform(),
    () => near(0x3ff6a09e),
    () => near(0x3ff00000),
  ],
  log1p: [
    () => between(0, 1000),
    () => between(-1, 1),
    () => between(0, 1e20),
    () => near(0x3fda827a),
    () => -near(0x3fd2bec4),
    () => near(0x3e200000),
    () => near(0x43400000),
  ],
  sin: [
    () => between(0, 2 * Math.PI),
    () => between(-100, 100),
    () => between(-1e6, 1e6),
    () => turns(between(-40, 40)),
    () => Math.round(between(0, 1e6)) * (Math.PI / 2),
    () => near(0x3fe921fb),
    () => near(0x4002d97c),
    () => near(0x3fd33333),
    () => near(0x3fe90000),
    () => near(0x3ff921fb),
    () => near(0x3e400000),
  ],
  asin: [() => between(-1, 1), () => near(0x3fef3333), () => near(0x3fe00000), () => near(0x3e400000)],
} satisfies Record<string, readonly (() => number)[]>;
const CASES: Readonly<Record<string, readonly [(x: number) => number, readonly (() => number)[]]>> = {
  exp: [exp, ARGUMENTS.exp],
  expm1: [expm1, ARGUMENTS.expm1],
  log: [log, ARGUMENTS.log],
  log1p: [log1p, ARGUMENTS.log1p],
  sin: [sin, ARGUMENTS.sin],
  cos: [cos, ARGUMENTS.sin],
  asin: [asin, ARGUMENTS.asin],
};
const POWERS: readonly (() => readonly [number, number])[] = [
  () => [between(0, 4), between(-4, 4)],
  () => [random.uniform(), random.uniform()],
  () => [between(0, 1e5), between(-60, 60)],
  () => [1e-310 * random.uniform(), random.uniform()],
  () => [1 + between(-1e-6, 1e-6), between(0, 1e6)],
  () => [random.uniform(), [3, -1, 2, 0.5, -0.5, 1][random.integer(6)]],
  () => [near(0x3ff3988e), between(-300, 300)],
  () => [near(0x3ffbb67a), between(-300, 300)],
];
const SPECIAL = [0, -0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity, 5e-324, 2 ** -1022, -1e-300];

/** Calls `check` with arguments from everywhere; names those for which two functions differ. */
function differences(name: string, draws: number): string[] {
  const [own, ranges] = CASES[name];
  const host = Math[name as "exp"];
  const found: string[] = [];
  const compare = (x: number): void => {
    if (!Object.is(own(x), host(x))) found.push(`${name}(${x}) = ${own(x)}, Math: ${host(x)}`);
  };
  for (const range of ranges) for (let i = 0; i < draws; i++) compare(range());
  for (const x of SPECIAL) compare(x);
  return found.slice(0, 5);
}

/** 2ᵖ eˣ by its series, x rational, in integers. */
function longExp(x: number, precision: bigint): bigint {
  const one = 1n << precision;
  const scaled = (BigInt(x * 2 ** 60) * one) >> 60n;
  let [term, sum] = [one, one];
  for (let n = 1n; term !== 0n; n++) {
    term = (term * scaled) / (one * n);
    sum += term;
  }
  return sum;
}
/** A double as a multiple of 2⁻ᵖ. */
const toLong = (x: number, precision: bigint): bigint => (BigInt(x * 2 ** 60) << precision) >> 60n;

describe.skipIf(!FDLIBM)("bit for bit the functions of Math (needs V8 11.3, as in Node 20)", () => {
  test.each(Object.keys(CASES))("%s", (name) => {
    expect(differences(name, 100_000)).toEqual([]);
  });

  test("pow", () => {
    const found: string[] = [];
    for (const range of POWERS) {
      for (let i = 0; i < 100_000; i++) {
        const [x, y] = range();
        if (!Object.is(pow(x, y), x ** y)) found.push(`${x} ** ${y}`);
      }
    }
    for (const x of [0, 1, 2, 0.5, Infinity, Number.NaN, 5e-324])
      for (const y of [0, -0, 1, -1, 2, 0.5, -0.5, 1 / 3, 7, -7, Number.NaN])
        if (!Object.is(pow(x, y), x ** y)) found.push(`${x} ** ${y}`);
    expect(found.slice(0, 5)).toEqual([]);
  });

  test("hypot", () => {
    const found: string[] = [];
    for (let i = 0; i < 100_000; i++) {
      const values = Array.from({ length: 1 + random.integer(4) }, () => between(-5, 5));
      if (hypot(...values) !== Math.hypot(...values)) found.push(values.join());
    }
    expect(found).toEqual([]);
  });
});

describe("in every JavaScript engine", () => {
  test("the bits are those of fdlibm", () => {
    expect([exp(-1.75), expm1(-0.3), log(0.003), log1p(0.25)]).toEqual([
      0.1737739434504451, -0.2591817793182821, -5.809142990314028, 0.22314355131420976,
    ]);
    expect([sin(3), cos(3), asin(0.3), pow(0.3, 0.7), hypot(1, 0.003)]).toEqual([
      0.1411200080598672, -0.9899924966004454, 0.3046926540153975, 0.4305116202499342, 1.000004499989875,
    ]);
  });

  test("exp and log agree with series in long integers to less than an ulp", () => {
    const P = 120n;
    for (let i = 0; i < 2000; i++) {
      const x = Math.round(between(-0.69, 0.69) * 2 ** 40) / 2 ** 40;
      const exact = longExp(x, P);
      const ulp = 2n ** (P - 52n) / (x < 0 ? 2n : 1n);
      const error = toLong(exp(x), P) - exact;
      expect(error < ulp && -error < ulp).toBe(true);
      // log is the inverse: e^(log y) = y to the rounding of log y.
      expect(Math.abs(log(Number(exact) / 2 ** Number(P)) - x)).toBeLessThan(2.3e-16);
    }
  });

  test("sines and cosines lie on the circle, together and alone the same", () => {
    const out = new Float64Array(2);
    for (let i = 0; i < 10_000; i++) {
      const x = between(0, 50);
      sinCos(x, out);
      expect([...out]).toEqual([sin(x), cos(x)]);
      expect(Math.abs(square(out[0]) + square(out[1]) - 1)).toBeLessThan(4.5e-16);
    }
    expect(sin(Math.PI)).toBe(1.2246467991473532e-16);
  });

  test("angles too large for sines and roots of negative numbers are refused", () => {
    expect(() => sin(2e6)).toThrow("angles up to 1.6e6");
    expect(() => pow(-1, 0.5)).toThrow("at least 0");
  });
});

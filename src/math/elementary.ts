/**
 * Elementary functions that give the same bits in every JavaScript engine; those of `Math` are rounded as each engine likes,
 * and so would be the molecules of one seed. They are fdlibm 5.3's, as in Node 20's `Math`: "Copyright (C) 1993 by Sun
 * Microsystems, Inc. All rights reserved. Permission to use, copy, modify, and distribute this software is freely granted,
 * provided that this notice is preserved." Errors are below 1 ulp. Deviations: sines stop at |x| = 2²⁰π/2, powers are of
 * x ≥ 0; where a word of a number was written, powers of two are multiplied.
 */

const FLOAT = new Float64Array(1);
const WORDS = new Int32Array(FLOAT.buffer);
/** Which of the two words has sign and exponent: 1 where numbers are little-endian. */
const HIGH = new Uint8Array(Int32Array.of(1).buffer)[0];
const LOW = 1 - HIGH;

/** Sign, exponent and the first 20 bits of the fraction. */
function highWord(x: number): number {
  FLOAT[0] = x;
  return WORDS[HIGH];
}

/** x with the last 32 bits of the fraction zero. */
function upperHalf(x: number): number {
  FLOAT[0] = x;
  WORDS[LOW] = 0;
  return FLOAT[0];
}

/** 2ᵏ for k = −1074 … 1023, by exact doubling. */
const POWERS_OF_TWO = new Float64Array(2098);
POWERS_OF_TWO[0] = Number.MIN_VALUE;
for (let k = 1; k < POWERS_OF_TWO.length; k++) POWERS_OF_TWO[k] = 2 * POWERS_OF_TWO[k - 1];
const twoTo = (k: number): number => POWERS_OF_TWO[k + 1074];

/** 2ᵏ y for y near 1, rounded once, too where the product is subnormal. */
const scaled = (y: number, k: number): number =>
  k > 1023 ? 2 * y * twoTo(k - 1) : k < -1021 ? y * twoTo(k + 1000) * twoTo(-1000) : y * twoTo(k);

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const SMALLEST_NORMAL = 2.2250738585072014e-308;
/** Below this a second term of a series no longer counts. */
const TINY = 3.725290298461914e-9; // 2^-28

/** e^r = 1 + r + r c/(2 − c) for |r| ≤ ln(2)/2: c. */
function expRemainder(r: number): number {
  const t = r * r;
  return (
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (6.613756321437934e-5 + t * (-1.6533902205465252e-6 + t * 4.1381367970572385e-8))))
  );
}

/** k of x = k ln 2 + r, |r| ≤ ln(2)/2. */
function nearestPower(x: number): number {
  const size = highWord(x) & 0x7fffffff;
  if (size <= 0x3fd62e42) return 0;
  return size < 0x3ff0a2b2 ? Math.sign(x) : Math.trunc(Math.LOG2E * x + (x < 0 ? -0.5 : 0.5));
}

/** eˣ. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  if (Math.abs(x) < TINY) return 1 + x;
  if (x === 1) return Math.E;
  const k = nearestPower(x);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const c = expRemainder(r);
  return scaled(1 - (low - (r * c) / (2 - c) - high), k);
}

/** eˣ − 1, accurate for small x. */
export function expm1(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) < TINY * TINY) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -38.816242) return -1;
  const k = nearestPower(x);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const c = high - r - low;
  const half = 0.5 * r;
  const h = r * half;
  const q =
    1 +
    h *
      (-0.03333333333333313 +
        h *
          (0.0015873015872548146 +
            h * (-7.93650757867488e-5 + h * (4.008217827329362e-6 + h * -2.0109921818362437e-7))));
  const t = 3 - q * half;
  const e = h * ((q - t) / (6 - r * t));
  if (k === 0) return r - (r * e - h);
  const error = r * (e - c) - c - h;
  if (k === -1) return 0.5 * (r - error) - 0.5;
  if (k === 1) return r < -0.25 ? -2 * (error - (r + 0.5)) : 1 + 2 * (r - error);
  if (k <= -2 || k > 56) return scaled(1 - (error - r), k) - 1;
  if (k < 20) return (1 - twoTo(-k) - (error - r)) * twoTo(k);
  return (r - (error + twoTo(-k)) + 1) * twoTo(k);
}

/** Coefficients of (log(1 + f) − 2s)/s in z = s², s = f/(2 + f). */
const LG1 = 0.6666666666666735;
const LG2 = 0.3999999999940942;
const LG3 = 0.2857142874366239;
const LG4 = 0.22222198432149784;
const LG5 = 0.1818357216161805;
const LG6 = 0.15313837699209373;
const LG7 = 0.14798198605116586;

/** The natural logarithm. */
export function log(x: number): number {
  if (x >= SMALLEST_NORMAL && x < Number.POSITIVE_INFINITY) return logOf(x, 0);
  if (x > 0 && x < SMALLEST_NORMAL) return logOf(x * twoTo(54), -54);
  return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
}

/** log(2ᵏ x) of normal x. */
function logOf(x: number, scale: number): number {
  const word = highWord(x);
  const fraction = word & 0xfffff;
  const carry = (fraction + 0x95f64) & 0x100000; // values above √2 are halved
  const exponent = (word >> 20) - 1023 + (carry >> 20);
  const k = exponent + scale;
  const f = x * twoTo(-exponent) - 1;
  if ((0xfffff & (2 + fraction)) < 3) {
    if (f === 0) return k * LN2_HIGH + k * LN2_LOW;
    const r = f * f * (0.5 - 0.3333333333333333 * f);
    return k * LN2_HIGH - (r - k * LN2_LOW - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const r = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7))) + w * (LG2 + w * (LG4 + w * LG6));
  if (((fraction - 0x6147a) | (0x6b851 - fraction)) > 0) {
    const half = 0.5 * f * f;
    return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
  }
  return k * LN2_HIGH - (s * (f - r) - k * LN2_LOW - f);
}

/** log(1 + x), accurate for small x. */
export function log1p(x: number): number {
  if (!(x > -1)) return x === -1 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  const size = highWord(x) & 0x7fffffff;
  if (size < 0x3e200000) return size < 0x3c900000 ? x : x - x * x * 0.5;
  let k = 0;
  let f = x;
  let c = 0; // what rounding 1 + x lost
  let fraction = 1;
  if (!(x < 0 ? size <= 0x3fd2bec4 : size < 0x3fda827a)) {
    const u = size < 0x43400000 ? 1 + x : x;
    const word = highWord(u);
    k = (word >> 20) - 1023;
    if (size < 0x43400000) c = (k > 0 ? 1 - (u - x) : x - (u - 1)) / u;
    fraction = word & 0xfffff;
    if (fraction >= 0x6a09e) {
      k++;
      fraction = (0x100000 - fraction) >> 2;
    }
    f = u * twoTo(-k) - 1;
  }
  const half = 0.5 * f * f;
  if (fraction === 0) {
    if (f === 0) return k * LN2_HIGH + (c + k * LN2_LOW);
    const r = half * (1 - 0.6666666666666666 * f);
    return k * LN2_HIGH - (r - (k * LN2_LOW + c) - f);
  }
  const s = f / (2 + f);
  const z = s * s;
  const r = z * (LG1 + z * (LG2 + z * (LG3 + z * (LG4 + z * (LG5 + z * (LG6 + z * LG7))))));
  return k * LN2_HIGH - (half - (s * (half + r) + (k * LN2_LOW + c)) - f);
}

const PI_2_1 = 1.5707963267341256;
const PI_2_1T = 6.077100506506192e-11;
const PI_2_2 = 6.077100506303966e-11;
const PI_2_2T = 2.0222662487959506e-21;
const PI_2_3 = 2.0222662487111665e-21;
const PI_2_3T = 8.4784276603689e-32;
/** High words of n π/2. */
const HALF_TURNS = Int32Array.from({ length: 32 }, (_, n) => highWord(n * (Math.PI / 2)));
/** What is left of the last angle that was reduced, and its rounding error. */
const LEFT = new Float64Array(2);

/** Takes n π/2 from x ≥ 0, so that |rest| ≤ π/4. @returns n */
function reduced(x: number): number {
  if (x < 0.7853984832763672) {
    LEFT[0] = x;
    LEFT[1] = 0;
    return 0;
  }
  if (!(x < 1647100)) {
    if (x < Number.POSITIVE_INFINITY) throw new RangeError(`sines are of angles up to 1.6e6, got ${x}`);
    LEFT[0] = Number.NaN;
    return 0;
  }
  const n = x < 2.3561935424804688 ? 1 : Math.trunc(x * 0.6366197723675814 + 0.5);
  let r = x - n * PI_2_1;
  let w = n * PI_2_1T;
  if (Math.abs(r) < 2 ** -15 * x && (n >= 32 || highWord(x) === HALF_TURNS[n])) {
    if (n === 1) {
      r -= PI_2_2;
      w = PI_2_2T;
    } else if (lostBits(x, r - w) > 16) {
      let before = r;
      w = n * PI_2_2;
      r = before - w;
      w = n * PI_2_2T - (before - r - w);
      if (lostBits(x, r - w) > 49) {
        before = r;
        w = n * PI_2_3;
        r = before - w;
        w = n * PI_2_3T - (before - r - w);
      }
    }
  }
  LEFT[0] = r - w;
  LEFT[1] = r - (r - w) - w;
  return n;
}

const lostBits = (x: number, remainder: number): number =>
  (highWord(x) >> 20) - ((highWord(remainder) >> 20) & 0x7ff);

/** sin(x + y), |x| ≤ π/4, y its rounding error where x is not exact. */
function sinNearZero(x: number, y: number, exact: boolean): number {
  if (Math.abs(x) < 2 * TINY) return x;
  const z = x * x;
  const v = z * x;
  const r =
    0.00833333333332249 +
    z *
      (-0.0001984126982985795 +
        z * (2.7557313707070068e-6 + z * (-2.5050760253406863e-8 + z * 1.58969099521155e-10)));
  if (exact) return x + v * (-0.16666666666666632 + z * r);
  return x - (z * (0.5 * y - v * r) - y - v * -0.16666666666666632);
}

/** cos(x + y), |x| ≤ π/4, y its rounding error. */
function cosNearZero(x: number, y: number): number {
  const size = Math.abs(x);
  if (size < 2 * TINY) return 1;
  const z = x * x;
  const r =
    z *
    (0.0416666666666666 +
      z *
        (-0.001388888888887411 +
          z *
            (2.480158728947673e-5 +
              z * (-2.7557314351390663e-7 + z * (2.087572321298175e-9 + z * -1.1359647557788195e-11)))));
  if (size < 0.2999999523162842) return 1 - (0.5 * z - (z * r - x * y));
  // About x/4, so that 1 − q is exact.
  const q = size < 0.7812504768371582 ? 0.25 * upperHalf(size) : 0.28125;
  return 1 - q - (0.5 * z - q - (z * r - x * y));
}

/** The sine of an angle in radians. @throws RangeError beyond 8e5 */
export function sin(x: number): number {
  if (Math.abs(x) < 2 * TINY) return x;
  const n = reduced(Math.abs(x));
  const value = n & 1 ? cosNearZero(LEFT[0], LEFT[1]) : sinNearZero(LEFT[0], LEFT[1], n === 0);
  return n & 2 ? (x < 0 ? value : -value) : x < 0 ? -value : value;
}

/** The cosine of an angle in radians. @throws RangeError beyond 8e5 */
export function cos(x: number): number {
  const n = reduced(Math.abs(x));
  const value = n & 1 ? sinNearZero(LEFT[0], LEFT[1], false) : cosNearZero(LEFT[0], LEFT[1]);
  return ((n + 1) & 2) !== 0 ? -value : value;
}

/** Sine and cosine of x ≥ 0 written to `out`, for less than both cost alone. */
export function sinCos(x: number, out: Float64Array): void {
  const n = reduced(x);
  const sine = sinNearZero(LEFT[0], LEFT[1], n === 0);
  const cosine = cosNearZero(LEFT[0], LEFT[1]);
  const [s, c] = [n & 1 ? cosine : sine, n & 1 ? sine : cosine];
  out[0] = n & 2 ? -s : s;
  out[1] = (n + 1) & 2 ? -c : c;
}

/** The angle in [−π/2, π/2] whose sine is x. */
export function asin(x: number): number {
  const size = Math.abs(x);
  if (!(size < 1)) return size === 1 ? x * (Math.PI / 2) : Number.NaN;
  if (size < 2 * TINY) return x;
  const t = size < 0.5 ? x * x : 0.5 * (1 - size);
  const p =
    t *
    (0.16666666666666666 +
      t *
        (-0.3255658186224009 +
          t *
            (0.20121253213486293 +
              t * (-0.04005553450067941 + t * (0.0007915349942898145 + t * 3.479331075960212e-5)))));
  const q =
    1 +
    t * (-2.403394911734414 + t * (2.0209457602335057 + t * (-0.6882839716054533 + t * 0.07703815055590194)));
  if (size < 0.5) return x + x * (p / q);
  const s = Math.sqrt(t);
  let angle: number;
  if (highWord(size) >= 0x3fef3333) {
    angle = Math.PI / 2 - (2 * (s + s * (p / q)) - 6.123233995736766e-17);
  } else {
    const w = upperHalf(s);
    const c = (t - w * w) / (s + w);
    const lower = 2 * s * (p / q) - (6.123233995736766e-17 - 2 * c);
    angle = Math.PI / 4 - (lower - (Math.PI / 4 - 2 * w));
  }
  return x < 0 ? -angle : angle;
}

/** x² + y² + … under the root, without overflow: sums are compensated (Kahan), as in V8. */
export function hypot(...values: readonly number[]): number {
  let largest = 0;
  for (const value of values) {
    if (Math.abs(value) > largest || Number.isNaN(value)) largest = Math.abs(value);
  }
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return largest;
  let sum = 0;
  let compensation = 0;
  for (const value of values) {
    const n = value / largest;
    const summand = n * n - compensation;
    const next = sum + summand;
    compensation = next - sum - summand;
    sum = next;
  }
  return Math.sqrt(sum) * largest;
}

export const square = (x: number): number => x * x;

/**
 * xʸ for x ≥ 0: 2^(y log₂ x) with log₂ x as the sum of two numbers. As V8 has it, the last quotient divides by all that
 * follows; fdlibm's divides by c − 2 alone.
 * @throws RangeError for negative x
 */
export function pow(x: number, y: number): number {
  if (x < 0) throw new RangeError(`powers are of numbers of at least 0, got ${x}`);
  if (y === 0) return 1;
  if (Math.abs(y) === 1) return y > 0 ? x : 1 / x;
  if (y === 2) return x * x;
  if (y === 0.5) return Math.sqrt(x);
  if (!(x > 0 && x < Number.POSITIVE_INFINITY && Math.abs(y) < 2 ** 31)) return exp(y * log(x));
  const subnormal = x < SMALLEST_NORMAL;
  const value = subnormal ? x * twoTo(53) : x;
  const word = highWord(value);
  const fraction = word & 0xfffff;
  const exponent = (word >> 20) - 1023 + (fraction >= 0xbb67a ? 1 : 0);
  const n = exponent - (subnormal ? 53 : 0);
  const a = value * twoTo(-exponent); // in [√3/2, √3]
  const [base, logBase, logBaseLow] = fraction > 0x3988e && fraction < 0xbb67a ? NEAR_3_2 : NEAR_1;
  const u = a - base;
  const v = 1 / (a + base);
  const s = u * v; // artanh s = log(a/base)/2
  const sHigh = upperHalf(s);
  const sum = upperHalf(a + base);
  const sLow = v * (u - sHigh * sum - sHigh * (a - (sum - base)));
  const z = s * s;
  const tail =
    z *
      z *
      (0.5999999999999946 +
        z *
          (0.4285714285785502 +
            z *
              (0.33333332981837743 +
                z * (0.272728123808534 + z * (0.23066074577556175 + z * 0.20697501780033842))))) +
    sLow * (sHigh + s);
  const zHigh = sHigh * sHigh;
  const tHigh = upperHalf(3 + zHigh + tail);
  const tLow = tail - (tHigh - 3 - zHigh);
  const product = sHigh * tHigh;
  const productLow = sLow * tHigh + tLow * s;
  const pHigh = upperHalf(product + productLow);
  const pLow = productLow - (pHigh - product);
  const high = 0.9617967009544373 * pHigh; // 2/(3 ln 2)
  const low = -7.028461650952758e-9 * pHigh + pLow * 0.9617966939259756 + logBaseLow;
  const log2High = upperHalf(high + low + logBase + n);
  const log2Low = low - (log2High - n - logBase - high);
  return powerOfTwo(upperHalf(y) * log2High, (y - upperHalf(y)) * log2High + y * log2Low);
}

/** b, and log₂ b as the sum of two numbers, for the b that a number is near. */
const NEAR_1 = [1, 0, 0] as const;
const NEAR_3_2 = [1.5, 0.5849624872207642, 1.350039202129749e-8] as const;

/** 2^(high + low). */
function powerOfTwo(high: number, low: number): number {
  const z = high + low;
  if (z >= 1024) return Number.POSITIVE_INFINITY;
  if (z <= -1075) return 0;
  const k = (highWord(z) & 0x7fffffff) > 0x3fe00000 ? Math.trunc(z + (z < 0 ? -0.5 : 0.5)) : 0;
  const part = high - k;
  const t = upperHalf(part + low);
  const u = t * 0.6931471824645996;
  const v = (low - (t - part)) * Math.LN2 + t * -1.904654299957768e-9;
  const r = u + v;
  const lost = v - (r - u);
  const c = expRemainder(r);
  return scaled(1 - ((r * c) / (c - 2 - (lost + r * lost)) - r), k);
}

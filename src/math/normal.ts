/** The standard normal distribution in double precision. */

import { exp, log } from "./elementary.ts";
/** log √(2π). */
export const LOG_SQRT_2PI = 0.5 * log(2 * Math.PI);

/**
 * Complementary error function to about 1e-15 relative: Maclaurin series of erf near zero, Lentz's continued
 * fraction elsewhere (Abramowitz & Stegun 7.1.5, 7.1.14).
 */
export function erfc(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const z = Math.abs(x);
  if (z < 2) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    const erf = (2 / Math.sqrt(Math.PI)) * sum;
    return x >= 0 ? 1 - erf : 1 + erf;
  }
  if (z > 27.5) return x > 0 ? 0 : 2;
  // erfc(z) = exp(−z²)/√π · 1/(z + (1/2)/(z + (2/2)/(z + (3/2)/(z + …))))
  let fraction = 0;
  for (let k = 120; k >= 1; k--) fraction = k / 2 / (z + fraction);
  const tail = exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction));
  return x > 0 ? tail : 2 - tail;
}

/** Φ(x). */
export const normalCdf = (x: number): number => 0.5 * erfc(-x / Math.SQRT2);

/** Φ(upper) − Φ(lower), accurate in both tails. */
export function normalInterval(lower: number, upper: number): number {
  return lower > 0 ? normalCdf(-lower) - normalCdf(-upper) : normalCdf(upper) - normalCdf(lower);
}

/** Numerators and denominators of Acklam's rational approximations (2003), by falling powers. */
const CENTRE = [
  [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716,
    2.506628277459239,
  ],
  [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1],
] as const;
const TAIL = [
  [
    -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ],
  [7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1],
] as const;

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, c) => sum * x + c, 0);

/** Φ⁻¹(u), u ∈ (0, 1): a rational approximation and one Halley step, to about 1e-15 relative in u. */
export function normalQuantile(u: number): number {
  if (u <= 0 || u >= 1)
    return u === 0 ? Number.NEGATIVE_INFINITY : u === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (u > 0.5) return -normalQuantile(1 - u);
  let x: number;
  if (u < 0.02425) {
    const q = Math.sqrt(-2 * log(u));
    x = horner(TAIL[0], q) / horner(TAIL[1], q);
  } else {
    const q = u - 0.5;
    x = (q * horner(CENTRE[0], q * q)) / horner(CENTRE[1], q * q);
  }
  const error = (normalCdf(x) - u) * exp(0.5 * x * x + LOG_SQRT_2PI);
  return x - error / (1 + 0.5 * x * error);
}

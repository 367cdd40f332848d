/** The standard normal distribution in double precision. */

/** log √(2π). */
export const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

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
  const tail = Math.exp(-z * z) / (Math.sqrt(Math.PI) * (z + fraction));
  return x > 0 ? tail : 2 - tail;
}

/** Φ(x). */
export const normalCdf = (x: number): number => 0.5 * erfc(-x / Math.SQRT2);

/** Φ(upper) − Φ(lower), accurate in both tails. */
export function normalInterval(lower: number, upper: number): number {
  return lower > 0 ? normalCdf(-lower) - normalCdf(-upper) : normalCdf(upper) - normalCdf(lower);
}

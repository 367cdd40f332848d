/** The gamma function's logarithm and its derivative, in double precision, and gamma variates. */
import { log, pow } from "./elementary.ts";
import { LOG_SQRT_2PI } from "./normal.ts";
import type { Stream } from "./random.ts";

/** Arguments below this are moved up by the recurrence Γ(x + 1) = x Γ(x), so that few terms of the series do. */
const LARGE = 12;

/** log Γ(x) for x > 0: Stirling's series (Abramowitz & Stegun 6.1.41). */
export function logGamma(x: number): number {
  if (x < LARGE) return logGamma(x + 1) - log(x);
  const y = 1 / (x * x);
  const series = (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188))))) / x;
  return (x - 0.5) * log(x) - x + LOG_SQRT_2PI + series;
}

/** ψ(x) = d log Γ(x)/dx for x > 0: its asymptotic series (Abramowitz & Stegun 6.3.18). */
export function digamma(x: number): number {
  if (x < LARGE) return digamma(x + 1) - 1 / x;
  const y = 1 / (x * x);
  const series = y * (1 / 12 - y * (1 / 120 - y * (1 / 252 - y * (1 / 240 - y * (1 / 132)))));
  return log(x) - 0.5 / x - series;
}

/** A draw of the gamma distribution with this shape and rate 1 (Marsaglia & Tsang 2000). */
export function gammaVariate(shape: number, random: Stream): number {
  if (shape < 1) return gammaVariate(shape + 1, random) * pow(1 - random.uniform(), 1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = random.normal();
    const v = pow(Math.max(1 + c * z, 0), 3);
    if (v > 0 && log(1 - random.uniform()) < 0.5 * z * z + d * (1 - v + log(v))) return d * v;
  }
}

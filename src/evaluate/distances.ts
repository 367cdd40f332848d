/**
 * Distances between histograms, taken as distributions: total variation, Jensen–Shannon divergence, and the
 * 1-Wasserstein distance of numbers on a line. All are null where a histogram is empty.
 */

import type { Histogram } from "./histogram.ts";

const total = (histogram: Histogram): number =>
  Object.values(histogram).reduce((sum, count) => sum + count, 0);

/** Calls `visit` with the probabilities of every key of either histogram; false where one of them is empty. */
function compare(a: Histogram, b: Histogram, visit: (p: number, q: number, key: string) => void): boolean {
  const totalA = total(a);
  const totalB = total(b);
  if (totalA === 0 || totalB === 0) return false;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    visit((a[key] ?? 0) / totalA, (b[key] ?? 0) / totalB, key);
  }
  return true;
}

/** ½ Σ |p − q|, from 0 (equal) to 1 (nothing in common). */
export function totalVariation(a: Histogram, b: Histogram): number | null {
  let sum = 0;
  return compare(a, b, (p, q) => {
    sum += Math.abs(p - q);
  })
    ? sum / 2
    : null;
}

/** Jensen–Shannon divergence in bits, from 0 (equal) to 1 (nothing in common). */
export function jensenShannon(a: Histogram, b: Histogram): number | null {
  let sum = 0;
  const term = (p: number, mean: number): number => (p === 0 ? 0 : p * Math.log2(p / mean));
  return compare(a, b, (p, q) => {
    sum += (term(p, (p + q) / 2) + term(q, (p + q) / 2)) / 2;
  })
    ? Math.max(0, sum)
    : null;
}

/** 1-Wasserstein distance ∫ |F − G| of histograms whose keys are numbers, in the unit of the keys. */
export function wasserstein(a: Histogram, b: Histogram): number | null {
  const steps: { readonly at: number; readonly step: number }[] = [];
  const known = compare(a, b, (p, q, key) => {
    steps.push({ at: Number(key), step: p - q });
  });
  if (!known) return null;
  steps.sort((one, other) => one.at - other.at);
  let distance = 0;
  let gap = 0;
  steps.forEach(({ at, step }, k) => {
    if (k > 0) distance += Math.abs(gap) * (at - steps[k - 1].at);
    gap += step;
  });
  return distance;
}

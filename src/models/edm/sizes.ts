/** p(N): the histogram of the training molecules' sizes (Hoogeboom et al. 2022, section 3). */
import { log } from "../../math/elementary.ts";
import type { Stream } from "../../math/random.ts";

export interface SizeDistribution {
  /** A size drawn from the histogram. */
  readonly draw: (random: Stream) => number;
  /** log p(N), floored at log 1e-30 for sizes that do not occur, as published. */
  readonly logProbability: (size: number) => number;
  readonly largest: number;
}

/** @param histogram molecules of each size */
export function sizeDistribution(histogram: Readonly<Record<string, number>>): SizeDistribution {
  const sizes = Object.keys(histogram)
    .map(Number)
    .sort((a, b) => a - b);
  const counts = sizes.map((size) => histogram[size]);
  const total = counts.reduce((sum, n) => sum + n, 0);
  return {
    draw: (random) => {
      let left = random.uniform() * total;
      for (let k = 0; k < sizes.length; k++) {
        left -= counts[k];
        if (left < 0) return sizes[k];
      }
      return sizes[sizes.length - 1];
    },
    logProbability: (size) => log((histogram[size] ?? 0) / total + 1e-30),
    largest: sizes[sizes.length - 1],
  };
}

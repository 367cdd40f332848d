/** Spearman's rank correlation: Pearson's of the ranks, ties at the mean of their ranks. NaN where one side is constant. */
import { square } from "./elementary.ts";
export function spearman(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ra, rb] = [ranks(a), ranks(b)];
  const mean = (ra.length - 1) / 2;
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < ra.length; i++) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += square(ra[i] - mean);
    bb += square(rb[i] - mean);
  }
  return ab / Math.sqrt(aa * bb);
}

/** Rank of each value from 0, equal values at the mean of their ranks. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((i, j) => values[i] - values[j]);
  const ranked = new Float64Array(values.length);
  for (let begin = 0; begin < order.length; ) {
    let end = begin + 1;
    while (end < order.length && values[order[end]] === values[order[begin]]) end++;
    for (let k = begin; k < end; k++) ranked[order[k]] = (begin + end - 1) / 2;
    begin = end;
  }
  return ranked;
}

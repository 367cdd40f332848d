/** p(x) = ∫ p(x | z) p(z) dz of models with a Gaussian decoder, as the mixture over many z: the same z for every x. */
import { LOG_SQRT_2PI, normalQuantile } from "../../math/normal.ts";

/** n points spread evenly over the standard normal in E dimensions: the R sequence (Roberts 2018) at its quantiles. [n, E] */
export function evenNormals(n: number, E: number): Float32Array {
  let phi = 2; // the root of φ^{E+1} = φ + 1
  for (let k = 0; k < 64; k++) phi = (1 + phi) ** (1 / (E + 1));
  return Float32Array.from({ length: n * E }, (_, i) => {
    const u = 0.5 + (Math.floor(i / E) + 1) * phi ** -((i % E) + 1);
    return normalQuantile(u - Math.floor(u));
  });
}

/** Beyond so many deviations squared a component adds nothing. */
const FAR = 80;

/**
 * log Σ_m w_m N(x; mean_m, σ² I) of each row. [n, D] → [n]
 * @param means [M, D]
 * @param logWeights log w_m [M]; equal weights that sum to 1 when absent
 */
export function mixtureOfDecoded(
  rows: Float32Array,
  D: number,
  means: ArrayLike<number>,
  sigma: number,
  logWeights?: ArrayLike<number>,
): Float64Array {
  const M = means.length / D;
  const precision = 1 / (sigma * sigma);
  const constant = -D * (LOG_SQRT_2PI + Math.log(sigma)) - (logWeights ? 0 : Math.log(M));
  return Float64Array.from({ length: rows.length / D }, (_, i) => {
    const logs = new Float64Array(M);
    let largest = Number.NEGATIVE_INFINITY;
    for (let m = 0; m < M; m++) {
      let squared = 0;
      for (let d = 0; d < D; d++) squared += (rows[i * D + d] - means[m * D + d]) ** 2;
      logs[m] = -0.5 * squared * precision + (logWeights?.[m] ?? 0);
      if (logs[m] > largest) largest = logs[m];
    }
    let sum = 0;
    for (let m = 0; m < M; m++) if (logs[m] > largest - FAR) sum += Math.exp(logs[m] - largest);
    return constant + largest + Math.log(sum);
  });
}

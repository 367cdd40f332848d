/** ∇ log p of a Gaussian mixture on the device, for a batch. */

import { nn, np } from "../../../platform/jax.ts";
import type { GaussianMixture } from "../../data/gaussian-mixture.ts";

/** Takes ownership. [B, D] → [B, D] */
export function mixtureScoreOnDevice({ dimension: D, components }: GaussianMixture, x: np.Array): np.Array {
  const K = components.length;
  // W = L⁻¹ of each component, one below the other, and W μ.
  const whitening = new Float32Array(K * D * D);
  const offsets = new Float32Array(K * D);
  const constants = new Float32Array(K); // log weight + log det W
  components.forEach(({ weight, mean, cholesky: L }, k) => {
    constants[k] = Math.log(weight);
    const inverse = lowerInverse(L, D);
    for (let i = 0; i < D; i++) {
      constants[k] += Math.log(inverse[i * D + i]);
      for (let j = 0; j < D; j++) {
        whitening[(k * D + i) * D + j] = inverse[i * D + j];
        offsets[k * D + i] += inverse[i * D + j] * mean[j];
      }
    }
  });
  const W = np.array(whitening, { shape: [K * D, D] });
  const whitened = np
    .matmul(x, W.ref.transpose())
    .sub(np.array(offsets, { shape: [1, K * D] }))
    .reshape([-1, K, D]); // L⁻¹ (x − μ)
  const logs = np
    .square(whitened.ref)
    .sum(2)
    .mul(-0.5)
    .add(np.array(constants, { shape: [1, K] }));
  const shares = nn.softmax(logs, 1).reshape([-1, K, 1]);
  return np.negative(np.matmul(shares.mul(whitened).reshape([-1, K * D]), W)); // −Σ_k share Σ⁻¹ (x − μ)
}

/** L⁻¹ of a lower triangular matrix. */
function lowerInverse(L: readonly number[], D: number): number[] {
  const inverse = new Array<number>(D * D).fill(0);
  for (let j = 0; j < D; j++) {
    for (let i = j; i < D; i++) {
      let value = i === j ? 1 : 0;
      for (let k = j; k < i; k++) value -= L[i * D + k] * inverse[k * D + j];
      inverse[i * D + j] = value / L[i * D + i];
    }
  }
  return inverse;
}

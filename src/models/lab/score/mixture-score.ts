/** ∇ log p of a Gaussian mixture on the device, for a batch. */
import type { GaussianMixture } from "../../../data/lab/gaussian-mixture.ts";
import { LOG_SQRT_2PI } from "../../../math/normal.ts";
import { jax, nn, np } from "../../../runtime/jax.ts";

/** log p(x) of each row; takes ownership. [B, D] → [B] */
export function mixtureLogDensityOnDevice(
  { dimension: D, components }: GaussianMixture,
  x: np.Array,
): np.Array {
  const K = components.length;
  // whitened = x Wᵀ − W μ with W = L⁻¹ of each component: [B, D] → [B, K D]
  const whitening = new Float32Array(K * D * D);
  const offsets = new Float32Array(K * D);
  const constants = new Float32Array(K);
  components.forEach(({ weight, mean, cholesky: L }, k) => {
    constants[k] = Math.log(weight) - D * LOG_SQRT_2PI;
    const inverse = lowerInverse(L, D);
    for (let i = 0; i < D; i++) {
      constants[k] += Math.log(inverse[i * D + i]);
      for (let j = 0; j < D; j++) {
        whitening[(k * D + i) * D + j] = inverse[i * D + j];
        offsets[k * D + i] += inverse[i * D + j] * mean[j];
      }
    }
  });
  const whitened = np
    .matmul(x, np.array(whitening, { shape: [K * D, D] }).transpose())
    .sub(np.array(offsets, { shape: [1, K * D] }));
  const logs = np
    .square(whitened)
    .reshape([-1, K, D])
    .sum(2)
    .mul(-0.5)
    .add(np.array(constants, { shape: [1, K] }));
  return nn.logsumexp(logs, 1);
}

/** Its gradient, without a derivative with respect to anything else. [B, D] → [B, D] */
export const mixtureScoreOnDevice = (mixture: GaussianMixture, x: np.Array): np.Array =>
  jax.lax.stopGradient(jax.grad((at: np.Array) => mixtureLogDensityOnDevice(mixture, at).sum())(x));

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

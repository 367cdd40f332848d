/**
 * The variational auto-encoder (Kingma & Welling 2014): z ~ N(0, I), x ~ p(x | decoder(z)), and an encoder that
 * amortises q(z | x). log p(x) ≥ E_q[log p(x | z)] − KL(q(z | x) ‖ p(z)), eq. 3, its gradient through the noise of z.
 */
import { type Mlp, mlp, mlpSpecs, silu } from "../../../nets/layers/mlp.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, type np } from "../../../platform/jax.ts";
import { logStandardNormal } from "../gaussian.ts";
import { type LabShape, rowLength } from "../lab-model.ts";
import type { LatentVariableModel } from "./bounds.ts";
import { type ObservationParameters, observationOf } from "./observation.ts";
import type { Posterior } from "./posterior.ts";

type VaeParameters = {
  readonly encoder: Mlp;
  readonly decoder: Mlp;
  readonly posterior?: ParameterTree;
  readonly observation?: ObservationParameters;
};

/** Networks with these hidden widths, the decoder's in reverse order; none make the model linear. */
export function autoencoder(
  shape: LabShape,
  latent: number,
  hidden: readonly number[],
  posterior: Posterior,
): LatentVariableModel {
  const D = rowLength(shape);
  const observation = observationOf(shape);

  /** Draws of z with log q(z | x), and log p(x | z). [B, D], [B, H], [B, K, Z] → [B, K, Z], [B, K], [B, K] */
  const reconstruct = (p: VaeParameters, x: np.Array, head: np.Array, noise: np.Array) => {
    const { z, logDensity } = posterior.draw(p.posterior, head, noise);
    const outputs = mlp(p.decoder, z.ref, silu); // [B, K, D]
    const target = x.reshape([x.shape[0], 1, D]);
    return { z, logDensity, logLikelihood: observation.logLikelihood(p.observation, outputs, target) };
  };

  return {
    layout: [
      ...mlpSpecs("encoder", [D, ...hidden, posterior.headSize]),
      ...mlpSpecs("decoder", [latent, ...hidden.toReversed(), D]),
      ...posterior.specs,
      ...observation.specs,
    ],
    dimension: D,
    noise: latent,

    logWeights: (parameters, x, noise) => {
      const p = parameters as unknown as VaeParameters;
      const head = mlp(p.encoder, x.ref, silu);
      const { z, logDensity, logLikelihood } = reconstruct(p, x, head, noise);
      return logLikelihood.add(logStandardNormal(z)).sub(logDensity);
    },

    negativeElbo: (parameters, x, noise, klWeight) => {
      const p = parameters as unknown as VaeParameters;
      const head = mlp(p.encoder, x.ref, silu); // [B, H]
      const { z, logDensity, logLikelihood } = reconstruct(p, x, head.ref, noise);
      const sampledKl = logDensity.sub(logStandardNormal(z)).mean(1);
      const kl = posterior.kl === undefined ? sampledKl : posterior.kl(head.ref);
      jax.tree.dispose([head, ...(posterior.kl ? [sampledKl] : [])]);
      return kl.mul(klWeight).sub(logLikelihood.mean(1));
    },

    decode: (parameters, z) => {
      const { decoder, ...unused } = parameters as unknown as VaeParameters;
      jax.tree.dispose(unused);
      return observation.mean(mlp(decoder, z, silu));
    },
  };
}

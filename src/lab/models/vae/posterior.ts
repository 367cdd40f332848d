/**
 * Approximate posteriors q(z | x): what the encoder's outputs ("head") mean. Each turns standard normal noise ε into
 * draws z by a differentiable map and gives their log density (Kingma & Welling 2014, sections 2.3 and 2.4).
 * Arguments are taken over.
 */
import type { Layout } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { np } from "../../../platform/jax.ts";
import { type DiagonalGaussian, klFromStandard, logStandardNormal, strictlyLowerTimes } from "../gaussian.ts";

export interface Draws {
  /** [B, K, Z] */
  readonly z: np.Array;
  /** log q(z | x) [B, K] */
  readonly logDensity: np.Array;
}

export interface Posterior {
  /** Outputs of the encoder for each row, H. */
  readonly headSize: number;
  /** Parameters of its own, under `posterior` in the tree. */
  readonly specs: Layout;
  /** head [B, H], noise [B, K, Z] */
  readonly draw: (parameters: ParameterTree | undefined, head: np.Array, noise: np.Array) => Draws;
  /** KL(q(z | x) ‖ N(0, I)) in closed form, where there is one. [B, H] → [B] */
  readonly kl?: (head: np.Array) => np.Array;
}

/** Columns `from` to `to` of the head. [B, H] → [B, to − from] */
export const columns = (head: np.Array, from: number, to: number): np.Array => head.slice([], [from, to]);

/** [B, D] → [B, 1, D], to be broadcast over the draws. */
export const overDraws = (x: np.Array): np.Array => x.reshape([x.shape[0], 1, x.shape[1]]);

/** Mean and log σ from the first 2Z columns; takes the head over. [B, Z] each */
export function diagonalHead(head: np.Array, latent: number): DiagonalGaussian {
  return { mean: columns(head.ref, 0, latent), logScale: columns(head, latent, 2 * latent) };
}

/** z = μ + σ ε. */
export function diagonalPosterior(latent: number): Posterior {
  return {
    headSize: 2 * latent,
    specs: [],
    draw: (_, head, noise) => {
      const { mean, logScale } = diagonalHead(head, latent);
      const z = noise.ref.mul(overDraws(np.exp(logScale.ref))).add(overDraws(mean));
      return { z, logDensity: logStandardNormal(noise).sub(logScale.sum(1, { keepdims: true })) };
    },
    kl: (head) => klFromStandard(diagonalHead(head, latent)),
  };
}

/**
 * z = μ + L ε with L the Cholesky factor of the covariance: columns μ, log L_ii, and the entries below the diagonal.
 * KL = ½(‖L‖² + ‖μ‖² − Z) − Σ log L_ii: the diagonal's, and half the squares of the entries below.
 */
export function fullPosterior(latent: number): Posterior {
  const below = (latent * (latent - 1)) / 2;
  if (below === 0) return diagonalPosterior(latent);
  const diagonal = diagonalPosterior(latent);
  const entries = (head: np.Array): np.Array => columns(head, 2 * latent, 2 * latent + below);
  return {
    headSize: 2 * latent + below,
    specs: [],
    draw: (_, head, noise) => {
      const { z, logDensity } = diagonal.draw(undefined, head.ref, noise.ref); // μ + diag(L) ε
      return { z: z.add(strictlyLowerTimes(overDraws(entries(head)), noise)), logDensity };
    },
    kl: (head) =>
      klFromStandard(diagonalHead(head.ref, latent)).add(np.square(entries(head)).sum(1).mul(0.5)),
  };
}

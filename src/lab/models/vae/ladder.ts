/**
 * The ladder VAE (Sønderby, Raiko, Maaløe, Sønderby, Winther 2016): latents z_L → … → z_1 → x. A deterministic pass
 * upwards, d_i, proposes a Gaussian for every z_i; on the way down the posterior of z_i is that proposal times the
 * generative p(z_i | z_{i+1}), both weighted by precision (eq. 10-12). With warm-up the upper latents stay in use.
 */
import { type Mlp, mlp, silu } from "../../../nets/layers/mlp.ts";
import { glorotSpecs, type Layout, linearSpecs } from "../../../nets/layers/parameters.ts";
import { type Linear, linear } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import {
  type DiagonalGaussian,
  klDiagonal,
  klFromStandard,
  logNormal,
  logStandardNormal,
  mergeGaussians,
} from "../gaussian.ts";
import { type LabShape, rowLength } from "../lab-model.ts";
import type { LatentVariableModel } from "./bounds.ts";
import { type ObservationParameters, observationOf } from "./observation.ts";

type LadderParameters = {
  /** d_i from d_{i−1}, from below. */
  readonly up: readonly Mlp[];
  /** Proposal of z_i from d_i. */
  readonly proposal: readonly Linear[];
  /** p(z_i | z_{i+1}) for i = 1 … L − 1. */
  readonly down?: readonly Mlp[];
  readonly decoder: Mlp;
  readonly observation?: ObservationParameters;
};

/** Mean and log σ side by side in the last axis. */
function gaussianOf(outputs: np.Array): DiagonalGaussian {
  const [mean, logScale] = np.split(outputs, 2, -1);
  return { mean, logScale };
}

const drawFrom = ({ mean, logScale }: DiagonalGaussian, noise: np.Array): np.Array =>
  noise.mul(np.exp(logScale)).add(mean);

/** Layers as of `mlpSpecs`, from larger values: through this many layers smaller ones would let no latent be noticed. */
const networkSpecs = (name: string, sizes: readonly number[]): Layout =>
  sizes.slice(1).flatMap((outputs, k) => glorotSpecs(`${name}.${k}`, sizes[k], outputs));

const shared = <T extends DiagonalGaussian>(g: T): T => jax.tree.ref(g) as T;

/** One step down the ladder: z_i, its posterior and its prior, which is N(0, I) at the top. */
interface Rung {
  readonly z: np.Array;
  readonly posterior: DiagonalGaussian;
  readonly prior?: DiagonalGaussian;
}

/**
 * @param latents dimensions of z_1 … z_L, from below
 * @param widths of the networks at each level
 */
export function ladder(
  shape: LabShape,
  latents: readonly number[],
  widths: readonly number[],
): LatentVariableModel {
  const D = rowLength(shape);
  const L = latents.length;
  const E = latents.reduce((sum, n) => sum + n, 0);
  const observation = observationOf(shape);
  const below = (i: number): number => (i === 0 ? D : widths[i - 1]);

  /** Noise of each level, from below; it lies in the rows from the top down. [..., E] → [..., Z_i] */
  const split = (noise: np.Array): np.Array[] => {
    let end = E;
    const parts = latents.map((Z) => {
      const axes = Array.from({ length: noise.ndim - 1 }, (): [] => []);
      end -= Z;
      return noise.ref.slice(...axes, [end, end + Z]);
    });
    noise.dispose();
    return parts;
  };

  /** Proposals for every level, from below. [B, D] → [B, 1, Z_i] */
  const climb = ({ up, proposal }: LadderParameters, x: np.Array): DiagonalGaussian[] => {
    let d = x.reshape([x.shape[0], 1, D]);
    return up.map((layers, i) => {
      d = silu(mlp(layers, d, silu));
      return gaussianOf(linear(proposal[i], i < L - 1 ? d.ref : d));
    });
  };

  /** Draws of all latents from the posterior, from the top. */
  const descend = (p: LadderParameters, x: np.Array, noise: np.Array): Rung[] => {
    const proposals = climb(p, x);
    const noises = split(noise);
    const top = { z: drawFrom(shared(proposals[L - 1]), noises[L - 1]), posterior: proposals[L - 1] };
    const rungs: Rung[] = [top];
    for (let i = L - 2; i >= 0; i--) {
      const prior = gaussianOf(mlp((p.down as readonly Mlp[])[i], rungs[rungs.length - 1].z.ref, silu));
      const posterior = mergeGaussians(proposals[i], shared(prior));
      rungs.push({ z: drawFrom(shared(posterior), noises[i]), posterior, prior });
    }
    return rungs;
  };

  /** log p(x | z_1). [B, D], [B, K, Z_1] → [B, K] */
  const logLikelihood = (p: LadderParameters, x: np.Array, z: np.Array): np.Array =>
    observation.logLikelihood(p.observation, mlp(p.decoder, z, silu), x.reshape([x.shape[0], 1, D]));

  const sum = (terms: readonly np.Array[]): np.Array => terms.reduce((a, b) => a.add(b));

  return {
    layout: [
      ...latents.flatMap((Z, i) => [
        ...networkSpecs(`up.${i}`, [below(i), widths[i], widths[i]]),
        ...linearSpecs(`proposal.${i}`, widths[i], 2 * Z),
      ]),
      ...latents
        .slice(1)
        .flatMap((above, i) => networkSpecs(`down.${i}`, [above, widths[i], 2 * latents[i]])),
      ...networkSpecs("decoder", [latents[0], widths[0], widths[0], D]),
      ...observation.specs,
    ],
    dimension: D,
    noise: E,

    logWeights: (parameters, x, noise) => {
      const p = parameters as unknown as LadderParameters;
      const rungs = descend(p, x.ref, noise);
      const log = logLikelihood(p, x, rungs[L - 1].z.ref); // [B, K]
      const ratios = rungs.map(({ z, posterior, prior }) => {
        const logPrior = prior === undefined ? logStandardNormal(z.ref) : logNormal(z.ref, prior);
        return logPrior.sub(logNormal(z, posterior));
      });
      return sum([log, ...ratios]);
    },

    negativeElbo: (parameters, x, noise, klWeight) => {
      const p = parameters as unknown as LadderParameters;
      const rungs = descend(p, x.ref, noise);
      const log = logLikelihood(p, x, rungs[L - 1].z).mean(1);
      jax.tree.dispose(rungs.slice(0, L - 1).map(({ z }) => z));
      const divergences = rungs.map(({ posterior, prior }) => {
        const kl = prior === undefined ? klFromStandard(posterior) : klDiagonal(posterior, prior);
        return kl.mean(1); // over the draws of the levels above
      });
      return sum(divergences).mul(klWeight).sub(log);
    },

    decode: (parameters, noise) => {
      const { down, decoder, ...unused } = parameters as unknown as LadderParameters;
      jax.tree.dispose(unused);
      const noises = split(noise);
      let z = noises[L - 1];
      for (let i = L - 2; i >= 0; i--)
        z = drawFrom(gaussianOf(mlp((down as readonly Mlp[])[i], z, silu)), noises[i]);
      return observation.mean(mlp(decoder, z, silu));
    },
  };
}

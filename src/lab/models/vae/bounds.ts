/**
 * Lower bounds of log p(x) from importance weights w = p(x, z)/q(z | x): the ELBO E[log w], and the tighter
 * E[log (1/K) Σ_k w_k] of Burda, Grosse, Salakhutdinov 2016 (eq. 8), which grows to log p(x) with K.
 */
import { stream } from "../../../math/random.ts";
import type { Layout } from "../../../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree } from "../../../nets/layers/tensors.ts";
import { jax, nn, np } from "../../../platform/jax.ts";

/** A model p(x, z) with an inference network q(z | x), driven by standard normal noise. */
export interface LatentVariableModel {
  readonly layout: Layout;
  /** Values in a row of the data. */
  readonly dimension: number;
  /** Standard normals that one draw of all latents takes, E. */
  readonly noise: number;
  /** log p(x, z) − log q(z | x) of K draws; takes ownership. x [B, D], noise [B, K, E] → [B, K] */
  readonly logWeights: (parameters: ParameterTree, x: np.Array, noise: np.Array) => np.Array;
  /**
   * −ELBO of each row, with divergences in closed form where there are any; takes ownership.
   * x [B, D], noise [B, K, E], `klWeight` [1] multiplies the divergences → [B]
   */
  readonly negativeElbo: (
    parameters: ParameterTree,
    x: np.Array,
    noise: np.Array,
    klWeight: np.Array,
  ) => np.Array;
  /** E[x | z] with z made from noise by the prior; takes ownership. [n, E] → [n, D] */
  readonly decode: (parameters: ParameterTree, noise: np.Array) => np.Array;
}

/** log (1/K) Σ_k w_k. [B, K] → [B] */
export const importanceBound = (logWeights: np.Array): np.Array => nn.logmeanexp(logWeights, 1);

/** Rows of a batch times draws, so that one pass through the decoder stays near this many rows. */
const ROWS_AT_ONCE = 2048;

export type LogWeights = (parameters: ParameterTree, x: np.Array, noise: np.Array) => np.Array;

/**
 * log (1/K) Σ_k w_k of each row: a lower bound of log p(x) in expectation. The sum runs in chunks with its largest
 * term taken out, so K may be thousands. Row i's draws are a function of seed and i.
 * @param logWeights `model.logWeights`, compiled
 */
export async function importanceWeightedLogLikelihood(
  { layout, dimension: D, noise: E }: LatentVariableModel,
  logWeights: LogWeights,
  parameters: Float32Array,
  rows: Float32Array,
  seed: number,
  K: number,
): Promise<Float64Array> {
  const N = rows.length / D;
  const result = new Float64Array(N);
  const tree = parameterTree(layout, parameters);
  const drawsAtOnce = Math.min(K, ROWS_AT_ONCE);
  const rowsAtOnce = Math.max(1, Math.floor(ROWS_AT_ONCE / drawsAtOnce));
  for (let first = 0; first < N; first += rowsAtOnce) {
    const B = Math.min(rowsAtOnce, N - first);
    const streams = Array.from({ length: B }, (_, b) =>
      stream({ seed, purpose: "likelihoodNoise", index: first + b }),
    );
    const x = np.array(rows.slice(first * D, (first + B) * D), { shape: [B, D] });
    const largest = new Float64Array(B).fill(Number.NEGATIVE_INFINITY);
    const sum = new Float64Array(B); // Σ exp(log w − largest)
    for (let done = 0; done < K; done += drawsAtOnce) {
      const C = Math.min(drawsAtOnce, K - done);
      const noise = new Float32Array(B * C * E);
      for (let b = 0; b < B; b++) streams[b].normals(noise.subarray(b * C * E, (b + 1) * C * E));
      const weights = await logWeights(
        jax.tree.ref(tree),
        x.ref,
        np.array(noise, { shape: [B, C, E] }),
      ).data();
      for (let i = 0; i < weights.length; i++) {
        const b = Math.floor(i / C);
        if (weights[i] > largest[b]) {
          sum[b] = sum[b] * Math.exp(largest[b] - weights[i]) + 1;
          largest[b] = weights[i];
        } else sum[b] += Math.exp(weights[i] - largest[b]);
      }
    }
    x.dispose();
    for (let b = 0; b < B; b++) result[first + b] = largest[b] + Math.log(sum[b] / K);
  }
  jax.tree.dispose(tree);
  return result;
}

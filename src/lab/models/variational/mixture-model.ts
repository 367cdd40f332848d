/**
 * The Bayesian mixture as a model of the lab. Its parameters are those of q(π) q(μ, λ); coordinate ascent finds them
 * before the first step of training, and no gradient changes them after it.
 */
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { logGamma } from "../../../math/gamma.ts";
import { type Stream, stream } from "../../../math/random.ts";
import { count } from "../../../models/limits.ts";
import { type Layout, layoutSize, namedViews } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, nn, np } from "../../../platform/jax.ts";
import type { LabModel, LabModelKind } from "../lab-model.ts";
import { drawParameters } from "./gibbs.ts";
import { fitMixture, logPredictive, type MixturePosterior } from "./mixture.ts";

const mixtureSettings = z.strictObject({
  /** K; components that the data do not need are left empty. */
  components: count.max(10_000).default(24),
  /** Rounds of coordinate updates, at most. */
  rounds: count.default(200),
  /** α₀ of the Dirichlet; small ones leave components empty. */
  concentration: z.number().positive().default(1),
});
type MixtureSettings = z.infer<typeof mixtureSettings>;

/** Rows by the nearest of K of them, each drawn in proportion to its squared distance from those before (k-means++). */
export function spreadStart(rows: Float32Array, D: number, K: number, random: Stream): Float64Array {
  const n = rows.length / D;
  const distance = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  const nearest = new Uint32Array(n);
  let chosen = random.integer(n);
  for (let k = 0; k < K; k++) {
    let total = 0;
    for (let i = 0; i < n; i++) {
      let squared = 0;
      for (let d = 0; d < D; d++) squared += (rows[i * D + d] - rows[chosen * D + d]) ** 2;
      if (squared < distance[i]) {
        distance[i] = squared;
        nearest[i] = k;
      }
      total += distance[i];
    }
    let left = random.uniform() * total;
    for (chosen = 0; chosen < n - 1 && left >= distance[chosen]; chosen++) left -= distance[chosen];
  }
  const responsibilities = new Float64Array(n * K);
  nearest.forEach((k, i) => {
    responsibilities[i * K + k] = 1;
  });
  return responsibilities;
}

const layoutOf = (K: number, D: number): Layout =>
  [
    ["alpha", [K]],
    ["beta", [K]],
    ["a", [K]],
    ["mean", [K, D]],
    ["b", [K, D]],
    ["logConstant", [K]],
  ].map(([name, shape]) => ({ name: name as string, shape: shape as number[], bound: 0, center: 1 }));

/** What of the predictive density's logarithm depends on a_k alone, for one coordinate. */
const logConstant = (a: number): number => logGamma(a + 0.5) - logGamma(a) - 0.5 * Math.log(2 * Math.PI * a);

function mixtureModel({ components: K, rounds, concentration }: MixtureSettings, D: number): LabModel {
  const layout = layoutOf(K, D);
  const posteriorOf = (parameters: Float32Array): MixturePosterior => {
    const views = namedViews(layout, Float64Array.from(parameters));
    const view = (name: string): Float64Array => views.get(name) as Float64Array;
    return { alpha: view("alpha"), beta: view("beta"), a: view("a"), mean: view("mean"), b: view("b") };
  };

  const initialise = async (seed: number, rows: Float32Array): Promise<Float32Array> => {
    const start = spreadStart(rows, D, K, stream({ seed, purpose: "parameters" }));
    const prior = { alpha: concentration, mean: 0, beta: 0.01, a: 1, b: 0.01 };
    const { posterior } = fitMixture(rows, start, K, prior, { rounds, tolerance: 1e-6 });
    const values = new Float32Array(layoutSize(layout));
    const views = namedViews(layout, values);
    for (const [name, set] of Object.entries(posterior)) views.get(name)?.set(set);
    views.get("logConstant")?.set(posterior.a.map(logConstant));
    return values;
  };

  /** −log predictive density, as in `logPredictive`. */
  const loss = (parameters: ParameterTree, x: np.Array): np.Array => {
    const q = jax.tree.map(jax.lax.stopGradient, parameters) as Record<string, np.Array>;
    const column = (value: np.Array): np.Array => value.reshape([K, 1]);
    const squaredScale = q.b.mul(column(np.reciprocal(q.beta).add(1).div(q.a.ref))); // [K, D]
    const squared = np.square(x.reshape([-1, 1, D]).sub(q.mean)).div(squaredScale.ref); // [B, K, D]
    const tails = np.log1p(squared.div(column(q.a.ref.mul(2)))).mul(column(q.a.add(0.5)));
    const log = column(q.logConstant).sub(np.log(squaredScale).mul(0.5)).sub(tails).sum(2); // [B, K]
    const weights = np.log(q.alpha.ref.div(q.alpha.sum()));
    return np.negative(nn.logsumexp(log.add(weights), 1));
  };

  return {
    layout,
    initialise,
    draws: () => ({}),
    loss,
    sample: async (parameters, n, seed) => {
      const q = posteriorOf(parameters);
      const rows = new Float32Array(n * D);
      for (let i = 0; i < n; i++) {
        const random = stream({ seed, purpose: "samplingNoise", index: i });
        const { weights, means, precisions } = drawParameters(q, random);
        let left = random.uniform();
        let k = 0;
        while (k < K - 1 && left >= weights[k]) left -= weights[k++];
        for (let d = 0; d < D; d++)
          rows[i * D + d] = means[k * D + d] + random.normal() / Math.sqrt(precisions[k * D + d]);
      }
      return rows;
    },
    logLikelihood: {
      kind: "exact",
      of: async (parameters, rows) => logPredictive(posteriorOf(parameters), rows),
    },
  };
}

export const mixtureVi: LabModelKind<MixtureSettings> = {
  name: "mixture-vi",
  title: "Bayesian mixture of Gaussians by mean-field variational inference",
  source: "Bishop 2006, section 10.2; Blei, Kucukelbir, McAuliffe 2017",
  settings: mixtureSettings,
  fittedAtStart: true,
  presets: {
    points: { "training.epochs": 1, "training.batchSize": 2000, "training.validateEvery": 0 },
  },
  build: (settings, shape) => {
    if (shape.kind !== "points") throw new InputError("mixture-vi takes points, not images or symbols");
    return mixtureModel(settings, shape.dimension);
  },
};

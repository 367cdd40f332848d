/**
 * Mean-field variational inference for a Bayesian mixture of K Gaussians (Bishop 2006, section 10.2; Blei, Kucukelbir,
 * McAuliffe 2017), here with axis-aligned ones: π ~ Dirichlet(α₀), λ_kd ~ Gamma(a₀, b₀), μ_kd ~ N(m₀, 1/(β₀ λ_kd)),
 * c_i ~ π, x_i ~ N(μ_c, 1/λ_c). q(c) q(π) q(μ, λ) is optimal in turn in each factor, and each has a formula.
 */
import { digamma, logGamma } from "../../../math/gamma.ts";

/** Hyperparameters, the same for every component and coordinate. */
export interface MixturePrior {
  readonly alpha: number;
  readonly mean: number;
  readonly beta: number;
  readonly a: number;
  readonly b: number;
}

export const WEAK_PRIOR: MixturePrior = { alpha: 1, mean: 0, beta: 0.1, a: 1, b: 0.1 };

/** q(π) = Dirichlet(alpha), q(μ_kd | λ_kd) = N(mean_kd, 1/(beta_k λ_kd)), q(λ_kd) = Gamma(a_k, rate b_kd). */
export interface MixturePosterior {
  /** [K] each */
  readonly alpha: Float64Array;
  readonly beta: Float64Array;
  readonly a: Float64Array;
  /** [K, D] each */
  readonly mean: Float64Array;
  readonly b: Float64Array;
}

/** Components of a posterior. */
const componentsOf = ({ alpha }: MixturePosterior): number => alpha.length;

/**
 * The factors q(π) q(μ, λ) given responsibilities, Bishop eq. 10.57-10.63; with responsibilities 0 and 1 the exact
 * conditional p(π, μ, λ | c, x).
 * @param rows [n, D]
 * @param responsibilities [n, K]
 */
export function updateParameters(
  rows: Float32Array,
  responsibilities: Float64Array,
  K: number,
  prior: MixturePrior,
): MixturePosterior {
  const n = responsibilities.length / K;
  const D = rows.length / n;
  const count = new Float64Array(K);
  const sum = new Float64Array(K * D);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < K; k++) {
      const r = responsibilities[i * K + k];
      count[k] += r;
      for (let d = 0; d < D; d++) sum[k * D + d] += r * rows[i * D + d];
    }
  }
  const average = sum.map((s, kd) => (count[Math.floor(kd / D)] > 0 ? s / count[Math.floor(kd / D)] : 0));
  const scatter = new Float64Array(K * D);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < K; k++) {
      const r = responsibilities[i * K + k];
      for (let d = 0; d < D; d++) scatter[k * D + d] += r * (rows[i * D + d] - average[k * D + d]) ** 2;
    }
  }
  const beta = count.map((N) => prior.beta + N);
  return {
    alpha: count.map((N) => prior.alpha + N),
    beta,
    a: count.map((N) => prior.a + N / 2),
    mean: sum.map((s, kd) => (prior.beta * prior.mean + s) / beta[Math.floor(kd / D)]),
    b: scatter.map((s, kd) => {
      const k = Math.floor(kd / D);
      const shrunk = ((prior.beta * count[k]) / beta[k]) * (average[kd] - prior.mean) ** 2;
      return prior.b + 0.5 * (s + shrunk);
    }),
  };
}

/**
 * The factors q(c_i): r_ik ∝ exp E[log π_k + log N(x_i; μ_k, 1/λ_k)], Bishop eq. 10.46-10.49.
 * @returns responsibilities [n, K], and Σ_i log Σ_k of what they are proportional to
 */
export function updateAssignments(
  rows: Float32Array,
  q: MixturePosterior,
): { readonly responsibilities: Float64Array; readonly logNormalisers: number } {
  const K = componentsOf(q);
  const D = q.mean.length / K;
  const n = rows.length / D;
  const total = digamma(q.alpha.reduce((s, value) => s + value, 0));
  // What does not depend on x: E[log π_k] + ½ Σ_d E[log λ_kd] − log 2π − 1/β_k.
  const constant = q.alpha.map((alpha, k) => {
    let value = digamma(alpha) - total;
    for (let d = 0; d < D; d++)
      value += 0.5 * (digamma(q.a[k]) - Math.log(q.b[k * D + d]) - Math.log(2 * Math.PI) - 1 / q.beta[k]);
    return value;
  });
  const rate = q.b.map((b, kd) => (0.5 * q.a[Math.floor(kd / D)]) / b); // ½ E λ
  const responsibilities = new Float64Array(n * K);
  let logNormalisers = 0;
  for (let i = 0; i < n; i++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < K; k++) {
      let log = constant[k];
      for (let d = 0; d < D; d++) log -= rate[k * D + d] * (rows[i * D + d] - q.mean[k * D + d]) ** 2;
      responsibilities[i * K + k] = log;
      if (log > largest) largest = log;
    }
    let normaliser = 0;
    for (let ik = i * K; ik < (i + 1) * K; ik++) {
      responsibilities[ik] = Math.exp(responsibilities[ik] - largest);
      normaliser += responsibilities[ik];
    }
    logNormalisers += largest + Math.log(normaliser);
    for (let ik = i * K; ik < (i + 1) * K; ik++) responsibilities[ik] /= normaliser;
  }
  return { responsibilities, logNormalisers };
}

/** KL(q(π) q(μ, λ) ‖ p(π) p(μ, λ)) in nats. */
export function parameterDivergence(q: MixturePosterior, prior: MixturePrior): number {
  const K = componentsOf(q);
  const D = q.mean.length / K;
  const total = q.alpha.reduce((s, value) => s + value, 0);
  let kl = logGamma(total) - logGamma(K * prior.alpha) + K * logGamma(prior.alpha);
  for (let k = 0; k < K; k++) {
    const { [k]: alpha } = q.alpha;
    kl += (alpha - prior.alpha) * (digamma(alpha) - digamma(total)) - logGamma(alpha);
    const [a, beta] = [q.a[k], q.beta[k]];
    for (let kd = k * D; kd < (k + 1) * D; kd++) {
      const b = q.b[kd];
      const gamma =
        (a - prior.a) * digamma(a) - logGamma(a) + logGamma(prior.a) + prior.a * Math.log(b / prior.b);
      const shift = prior.beta * (a / b) * (q.mean[kd] - prior.mean) ** 2;
      kl += gamma + (a * (prior.b - b)) / b;
      kl += 0.5 * (prior.beta / beta - 1 + Math.log(beta / prior.beta) + shift);
    }
  }
  return kl;
}

/** A mean-field posterior and the bound it reached. */
export interface MixtureFit {
  readonly posterior: MixturePosterior;
  /** [n, K] */
  readonly responsibilities: Float64Array;
  /** The bound of log p(x) after each round; never falls. Nats, all rows together. */
  readonly bounds: readonly number[];
}

/**
 * Coordinate ascent until a round gains less than `tolerance` nats a row.
 * @param responsibilities where to start, [n, K]
 */
export function fitMixture(
  rows: Float32Array,
  responsibilities: Float64Array,
  K: number,
  prior = WEAK_PRIOR,
  { rounds = 500, tolerance = 1e-7 } = {},
): MixtureFit {
  const n = responsibilities.length / K;
  let posterior = updateParameters(rows, responsibilities, K, prior);
  let current = responsibilities;
  const bounds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const assignments = updateAssignments(rows, posterior);
    bounds.push(assignments.logNormalisers - parameterDivergence(posterior, prior));
    current = assignments.responsibilities;
    posterior = updateParameters(rows, current, K, prior);
    if (round > 0 && bounds[round] - bounds[round - 1] < tolerance * n) break;
  }
  return { posterior, responsibilities: current, bounds };
}

/**
 * log of the predictive density: a mixture of products of Student's t with 2a_k degrees of freedom, centre mean_kd and
 * squared scale (1 + 1/β_k) b_kd/a_k (Bishop eq. 10.81). [n, D] → [n]
 */
export function logPredictive(q: MixturePosterior, rows: Float32Array): Float64Array {
  const K = componentsOf(q);
  const D = q.mean.length / K;
  const total = q.alpha.reduce((s, value) => s + value, 0);
  const constant = q.a.map((a) => logGamma(a + 0.5) - logGamma(a) - 0.5 * Math.log(2 * Math.PI * a));
  return Float64Array.from({ length: rows.length / D }, (_, i) => {
    const logs = Array.from({ length: K }, (_, k) => {
      let log = Math.log(q.alpha[k] / total);
      for (let d = 0; d < D; d++) {
        const squaredScale = ((1 + 1 / q.beta[k]) * q.b[k * D + d]) / q.a[k];
        const squared = (rows[i * D + d] - q.mean[k * D + d]) ** 2 / squaredScale;
        log +=
          constant[k] - 0.5 * Math.log(squaredScale) - (q.a[k] + 0.5) * Math.log1p(squared / (2 * q.a[k]));
      }
      return log;
    });
    const largest = Math.max(...logs);
    return largest + Math.log(logs.reduce((s, log) => s + Math.exp(log - largest), 0));
  });
}

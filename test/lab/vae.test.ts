import { beforeAll, describe, expect, test } from "vitest";
import {
  klDiagonal,
  klFromStandard,
  logNormal,
  logStandardNormal,
  mergeGaussians,
} from "../../src/lab/models/gaussian.ts";
import type { LabShape } from "../../src/lab/models/lab-model.ts";
import { autoencoder } from "../../src/lab/models/vae/autoencoder.ts";
import {
  importanceBound,
  importanceWeightedLogLikelihood,
  type LatentVariableModel,
} from "../../src/lab/models/vae/bounds.ts";
import { labVae } from "../../src/lab/models/vae/lab-vae.ts";
import { observationOf } from "../../src/lab/models/vae/observation.ts";
import { diagonalPosterior, fullPosterior } from "../../src/lab/models/vae/posterior.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { fit } from "./fit.ts";
import { float64, mean, normals, numbers, scalar, standardError } from "./float64.ts";
import {
  BIAS,
  COVARIANCE,
  cholesky2,
  determinant,
  inverse,
  logDensity,
  POSTERIOR_PRECISION,
  SIGMA_POINTS,
  vaeParameters,
} from "./linear-gaussian.ts";

beforeAll(() => prepareRuntime("cpu"));

const POINTS: LabShape = { kind: "points", dimension: 3 };
const ROWS = [
  [0.5, -1, 2],
  [-0.3, 0.4, 0.1],
  [1.5, 1, -2],
];

const x64 = (): np.Array => float64(ROWS.flat(), [3, 3]);
/** log w of K draws of each row. */
const weightsOf = async (model: LatentVariableModel, flat: Float64Array, noise: readonly number[][]) => {
  const K = noise.length;
  const draws = float64(
    ROWS.flatMap(() => noise.flat()),
    [3, K, 2],
  );
  const weights = await numbers(model.logWeights(parameterTree(model.layout, flat), x64(), draws));
  return ROWS.map((_, b) => weights.slice(b * K, (b + 1) * K));
};

const full = autoencoder(POINTS, 2, [], fullPosterior(2));
const diagonal = autoencoder(POINTS, 2, [], diagonalPosterior(2));
/** The full-covariance encoder that is the exact posterior. */
const exactFull = (): Float64Array => {
  const factor = cholesky2(inverse(POSTERIOR_PRECISION));
  return vaeParameters(full.layout, [Math.log(factor[0][0]), Math.log(factor[1][1]), factor[1][0]]);
};
/** The best diagonal encoder: the exact mean, variances 1/M_ii. */
const bestLogScales = POSTERIOR_PRECISION.map((row, i) => -0.5 * Math.log(row[i]));
/** KL(q ‖ p(z | x)) of it. */
const diagonalGap =
  0.5 *
  (POSTERIOR_PRECISION.reduce((sum, row, i) => sum + Math.log(row[i]), 0) -
    Math.log(determinant(POSTERIOR_PRECISION)));

describe("a linear-Gaussian VAE, whose log p(x) is known", () => {
  test("has the importance weight p(x) at every draw of the exact posterior, which the full covariance reaches", async () => {
    const noise = Array.from({ length: 7 }, (_, k) => normals(2, k));
    const weights = await weightsOf(full, exactFull(), noise);
    weights.forEach((row, b) => {
      for (const weight of row) expect(weight).toBeCloseTo(logDensity(ROWS[b]), 4);
    });
  });

  test("has an ELBO below log p(x) by KL(q ‖ p(z|x)): the best diagonal posterior does not reach it", async () => {
    expect(diagonalGap).toBeGreaterThan(0.01);
    const flat = vaeParameters(diagonal.layout, bestLogScales);
    const weights = await weightsOf(diagonal, flat, SIGMA_POINTS);
    weights.forEach((row, b) => {
      expect(mean(row)).toBeCloseTo(logDensity(ROWS[b]) - diagonalGap, 4);
    });
  });

  test.each([
    ["diagonal", diagonal, [-0.3, 0.1]],
    ["full", full, [-0.3, 0.1, 0.7]],
  ] as const)(
    "%s: the loss with the closed-form divergence is minus the mean log weight, at most log p(x)",
    async (_, model, rest) => {
      const flat = vaeParameters(model.layout, rest, [0.4, -0.2]);
      const weights = await weightsOf(model, flat, SIGMA_POINTS);
      const noise = float64(
        ROWS.flatMap(() => SIGMA_POINTS.flat()),
        [3, 4, 2],
      );
      const loss = await numbers(
        model.negativeElbo(parameterTree(model.layout, flat), x64(), noise, float64([1], [1])),
      );
      loss.forEach((value, b) => {
        expect(-value).toBeCloseTo(mean(weights[b]), 4);
        expect(-value).toBeLessThan(logDensity(ROWS[b]));
      });
    },
  );

  test("the gradient through the draws is the closed-form gradient of the ELBO", async () => {
    const [shift, logScales] = [
      [0.4, -0.2],
      [-0.3, 0.1],
    ];
    const tree = parameterTree(diagonal.layout, vaeParameters(diagonal.layout, logScales, shift));
    const noise = float64(SIGMA_POINTS.flat(), [1, 4, 2]);
    const gradient = jax.grad((p: typeof tree) =>
      diagonal.negativeElbo(p, float64(ROWS[0], [1, 3]), noise, float64([1], [1])).sum(),
    )(tree) as unknown as { encoder: { bias: np.Array }[] };
    const bias = await numbers(gradient.encoder[0].bias);
    // −ELBO = ½ shiftᵀ M shift + Σ ½ M_ii σ_i² − log σ_i + constant
    const expected = [
      ...POSTERIOR_PRECISION.map((row) => row[0] * shift[0] + row[1] * shift[1]),
      ...POSTERIOR_PRECISION.map((row, i) => row[i] * Math.exp(2 * logScales[i]) - 1),
    ];
    bias.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 4);
    });
  });

  test("the importance-weighted bound grows with K and tends to log p(x)", async () => {
    const flat = vaeParameters(diagonal.layout, [-0.3, -0.2], [0.3, 0.5]);
    const bounds: number[][] = [];
    for (const K of [1, 4, 16, 64, 1024]) {
      const noise = float64(normals(3 * 4096 * 2), [3 * (4096 / K), K, 2]);
      const x = float64(
        ROWS.flatMap((row) => Array.from({ length: 4096 / K }, () => row).flat()),
        [3 * (4096 / K), 3],
      );
      const weights = diagonal.logWeights(parameterTree(diagonal.layout, flat), x, noise);
      const values = await numbers(importanceBound(weights));
      bounds.push(ROWS.map((_, b) => mean(values.slice((b * 4096) / K, ((b + 1) * 4096) / K))));
    }
    ROWS.forEach((row, b) => {
      for (let k = 1; k < bounds.length; k++) expect(bounds[k][b]).toBeGreaterThan(bounds[k - 1][b]);
      expect(logDensity(row) - bounds[0][b]).toBeGreaterThan(0.2);
      expect(Math.abs(logDensity(row) - bounds[4][b])).toBeLessThan(0.05);
    });
  });

  test("5,000 importance samples in chunks estimate log p(x) in float32", async () => {
    const flat = Float32Array.from(vaeParameters(diagonal.layout, [-0.3, -0.2], [0.3, 0.5]));
    const logWeights = jax.jit(diagonal.logWeights);
    const estimate = (rows: readonly (readonly number[])[], K: number) =>
      importanceWeightedLogLikelihood(diagonal, logWeights, flat, Float32Array.from(rows.flat()), 3, K);
    const estimates = await estimate(ROWS, 5000);
    ROWS.forEach((row, b) => {
      expect(Math.abs(estimates[b] - logDensity(row))).toBeLessThan(0.03);
    });
    expect((await estimate(ROWS.slice(0, 2), 5000))[1]).toBeCloseTo(estimates[1], 4);
    logWeights.dispose();
  });

  test("samples have the model's mean and covariance, and row i depends on seed and i alone", async () => {
    const model = labVae(diagonal, POINTS, { objective: "elbo", samples: 1, likelihoodSamples: 1 });
    const flat = Float32Array.from(vaeParameters(diagonal.layout, bestLogScales));
    const n = 20_000;
    const rows = await model.sample(flat, n, 4);
    for (let i = 0; i < 3; i++) {
      const column = Array.from({ length: n }, (_, r) => rows[3 * r + i] - BIAS[i]);
      expect(Math.abs(mean(column))).toBeLessThan(4 * standardError(column));
      for (let j = 0; j <= i; j++) {
        const products = column.map((value, r) => value * (rows[3 * r + j] - BIAS[j]));
        expect(Math.abs(mean(products) - COVARIANCE[i][j])).toBeLessThan(4 * standardError(products));
      }
    }
    expect(await model.sample(flat, 300, 4)).toEqual(rows.slice(0, 900));
    model.dispose?.();
  });
});

describe("Gaussians", () => {
  const a = { mean: [0.5, -1], logScale: [0.3, -0.2] };
  const b = { mean: [-0.2, 0.4], logScale: [-0.5, 0.1] };
  const gaussian = ({ mean, logScale }: typeof a) => ({
    mean: float64(mean, [2]),
    logScale: float64(logScale, [2]),
  });
  const N = 100_000;
  /** N draws of `a`. */
  const drawsOfA = (): np.Array =>
    float64(normals(2 * N), [N, 2])
      .mul(np.exp(gaussian(a).logScale))
      .add(gaussian(a).mean);

  test("the closed-form divergences are the mean log ratios", async () => {
    const [z, log] = [drawsOfA(), logNormal(drawsOfA(), gaussian(a))];
    const fromStandard = await numbers(log.ref.sub(logStandardNormal(z.ref)));
    const fromB = await numbers(log.sub(logNormal(z, gaussian(b))));
    const klStandard = await scalar(klFromStandard(gaussian(a)));
    const klB = await scalar(klDiagonal(gaussian(a), gaussian(b)));
    expect(Math.abs(mean(fromStandard) - klStandard)).toBeLessThan(4 * standardError(fromStandard));
    expect(Math.abs(mean(fromB) - klB)).toBeLessThan(4 * standardError(fromB));
    expect(klB).toBeGreaterThan(klStandard);
  });

  test("the full-covariance divergence is the mean log ratio", async () => {
    const posterior = fullPosterior(2);
    const head = () => float64([0.5, -1, 0.3, -0.2, 0.8], [1, 5]);
    const { z, logDensity: log } = posterior.draw(undefined, head(), float64(normals(2 * N), [1, N, 2]));
    const ratios = await numbers(log.sub(logStandardNormal(z)));
    const [kl] = await numbers((posterior.kl as (h: np.Array) => np.Array)(head()));
    expect(Math.abs(mean(ratios) - kl)).toBeLessThan(4 * standardError(ratios));
  });

  test("merging two is multiplying their densities, up to a constant", async () => {
    const z = () => float64(normals(20), [10, 2]);
    const product = logNormal(z(), gaussian(a)).add(logNormal(z(), gaussian(b)));
    const constants = await numbers(product.sub(logNormal(z(), mergeGaussians(gaussian(a), gaussian(b)))));
    for (const value of constants) expect(value).toBeCloseTo(constants[0], 4);
  });
});

describe("posteriors", () => {
  test.each([
    ["diagonal", diagonalPosterior(3)],
    ["full", fullPosterior(3)],
  ] as const)("%s: log q is the log density of the noise minus log |det ∂z/∂ε|", async (_, posterior) => {
    const head = () => float64(normals(posterior.headSize, 1), [1, posterior.headSize]);
    const noise = () => float64(normals(3, 2), [3]);
    const draw = (e: np.Array) => posterior.draw(undefined, head(), e.reshape([1, 1, 3]));
    const jacobian = jax.jacfwd((e: np.Array) => {
      const { z, logDensity: log } = draw(e);
      log.dispose();
      return z.reshape([3]);
    })(noise());
    const [sign, logDeterminant] = np.linalg.slogdet(jacobian);
    expect(Math.abs(await scalar(sign))).toBe(1);
    const { z, logDensity: log } = draw(noise());
    z.dispose();
    const noiseDensity = await scalar(logStandardNormal(noise()));
    const logJacobian = await scalar(logDeterminant);
    expect(await scalar(log)).toBeCloseTo(noiseDensity - logJacobian, 4);
  });
});

describe("Bernoulli observations", () => {
  const observation = observationOf({ kind: "images", height: 2, width: 2, binary: true });
  test("probabilities of all images sum to one", async () => {
    const images = Array.from({ length: 16 }, (_, k) => [0, 1, 2, 3].map((bit) => (k >> bit) & 1));
    const logits = float64([0.3, -2, 5, 0], [1, 4]);
    const log = await numbers(observation.logLikelihood(undefined, logits, float64(images.flat(), [16, 4])));
    expect(log.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 5);
  });
  test("extreme logits cost what they say, without overflow, and their gradient is x − sigmoid", async () => {
    const [logits, x] = [
      [1000, 1000, -1000, 0],
      [1, 0, 0, 1],
    ];
    const log = (l: np.Array) =>
      observation
        .logLikelihood(undefined, l, float64(x, [4]))
        .reshape([1])
        .sum();
    expect(await scalar(log(float64(logits, [4])))).toBeCloseTo(-1000 - Math.LN2, 4);
    const gradient = await numbers(jax.grad(log)(float64(logits, [4])));
    expect(gradient).toEqual([0, -1, 0, 0.5]);
  });
});

test("training a linear VAE reaches the likelihood of the best Gaussian with one direction and isotropic noise", async () => {
  // Probabilistic PCA (Tipping & Bishop 1999): the eigenvalues of the data's covariance decide it.
  const shape: LabShape = { kind: "points", dimension: 2 };
  const model = labVae(autoencoder(shape, 1, [], diagonalPosterior(1)), shape, {
    objective: "elbo",
    samples: 4,
    likelihoodSamples: 1,
  });
  const B = 256;
  const data = Float32Array.from(normals(2 * B));
  for (let i = 0; i < B; i++) data[2 * i + 1] += data[2 * i];
  const { losses } = await fit(model, data, 2, 600, 0.05);
  const centre = [0, 1].map((d) => mean(Array.from({ length: B }, (_, i) => data[2 * i + d])));
  const covariance = [0, 1].map((d) =>
    [0, 1].map((e) =>
      mean(
        Array.from({ length: B }, (_, i) => (data[2 * i + d] - centre[d]) * (data[2 * i + e] - centre[e])),
      ),
    ),
  );
  const best = Math.log(2 * Math.PI) + 1 + 0.5 * Math.log(determinant(covariance));
  expect(losses[0]).toBeGreaterThan(best + 0.5);
  expect(Math.abs(mean(losses.slice(-50)) - best)).toBeLessThan(0.01);
});

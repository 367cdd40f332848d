import { beforeAll, describe, expect, test } from "vitest";
import type { LabShape } from "../../src/lab/models/lab-model.ts";
import { autoencoder } from "../../src/lab/models/vae/autoencoder.ts";
import { importanceBound, type LatentVariableModel } from "../../src/lab/models/vae/bounds.ts";
import { iafPosterior, planarPosterior } from "../../src/lab/models/vae/flow-posterior.ts";
import { labVae } from "../../src/lab/models/vae/lab-vae.ts";
import { ladder } from "../../src/lab/models/vae/ladder.ts";
import { diagonalPosterior, fullPosterior, type Posterior } from "../../src/lab/models/vae/posterior.ts";
import { initialParameters, layoutSize, namedViews } from "../../src/nets/layers/parameters.ts";
import { type ParameterTree, parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, type np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { float64, mean, normals, numbers, standardError } from "./float64.ts";
import { determinant } from "./linear-gaussian.ts";

beforeAll(() => prepareRuntime("cpu"));

const LINE: LabShape = { kind: "points", dimension: 1 };
const MODELS: Readonly<Record<string, LatentVariableModel>> = {
  diagonal: autoencoder(LINE, 2, [6], diagonalPosterior(2)),
  full: autoencoder(LINE, 2, [6], fullPosterior(2)),
  planar: autoencoder(LINE, 2, [6], planarPosterior(2, 2)),
  IAF: autoencoder(LINE, 2, [6], iafPosterior(2, 2, 5)),
  ladder: ladder(LINE, [2, 1], [6, 5]),
  "ladder of one": ladder(LINE, [2], [6]),
};

/** Posteriors somewhat wider than the prior, so that importance weights vary little, and a decoder that bends it. */
function randomParameters({ layout }: LatentVariableModel): ParameterTree {
  const values = Float64Array.from(normals(layoutSize(layout), 7));
  for (const [name, view] of namedViews(layout, values))
    for (let i = 0; i < view.length; i++) view[i] *= name.startsWith("decoder") ? 0.7 : 0.2;
  const views = namedViews(layout, values);
  views.get("encoder.1.bias")?.fill(0.9, 2, 4); // log σ
  for (const level of [0, 1]) {
    const proposal = views.get(`proposal.${level}.bias`);
    proposal?.fill(1, proposal.length / 2); // merged with the prior it narrows
  }
  return parameterTree(layout, values);
}

describe.each(Object.entries(MODELS))("%s posterior", (_, model) => {
  test("the mean importance weight is a density of x: it integrates to one", async () => {
    const [n, K, reach] = [120, 1000, 12];
    const xs = Array.from({ length: n }, (_, i) => reach * ((2 * i + 1) / n - 1));
    const noise = float64(normals(n * K * model.noise), [n, K, model.noise]);
    const log = model.logWeights(randomParameters(model), float64(xs, [n, 1]), noise);
    const density = (await numbers(importanceBound(log))).map(Math.exp);
    const integral = (density.reduce((sum, p) => sum + p, 0) * 2 * reach) / n;
    expect(Math.abs(integral - 1)).toBeLessThan(0.02);
  });

  test("the loss is minus the mean log weight, with the divergences as formulas or as draws", async () => {
    const K = 20_000;
    const noise = () => float64(normals(K * model.noise, 3), [1, K, model.noise]);
    const x = () => float64([0.7], [1, 1]);
    const weights = await numbers(model.logWeights(randomParameters(model), x(), noise()));
    const [loss] = await numbers(
      model.negativeElbo(randomParameters(model), x(), noise(), float64([1], [1])),
    );
    expect(Math.abs(loss + mean(weights))).toBeLessThan(5 * standardError(weights));
  });
});

const drawerOf = (posterior: Posterior, own: ParameterTree | undefined) => {
  const head = () => float64(normals(posterior.headSize, 1), [1, posterior.headSize]);
  return (e: np.Array) => posterior.draw(jax.tree.ref(own ?? {}), head(), e.reshape([1, 1, 3]));
};

test.each([
  ["planar", planarPosterior(3, 2)],
  ["IAF", iafPosterior(3, 2, 5)],
] as const)("%s: log q is the log density of the noise minus log |det ∂z/∂ε|", async (_, posterior) => {
  const own = parameterTree(
    posterior.specs,
    Float64Array.from(normals(layoutSize(posterior.specs), 4), (value) => 0.5 * value),
  ) as { posterior?: ParameterTree };
  const draw = drawerOf(posterior, own.posterior);
  const e = normals(3, 2);
  const jacobian = await numbers(
    jax.jacrev((noise: np.Array) => {
      const { z, logDensity } = draw(noise);
      logDensity.dispose();
      return z.reshape([3]);
    })(float64(e, [3])),
  );
  const gram = [0, 1, 2].map((a) =>
    [0, 1, 2].map((b) => [0, 1, 2].reduce((s, k) => s + jacobian[3 * k + a] * jacobian[3 * k + b], 0)),
  );
  const logNoise = -0.5 * (e.reduce((s, v) => s + v * v, 0) + 3 * Math.log(2 * Math.PI));
  const { logDensity } = draw(float64(e, [3]));
  expect((await numbers(logDensity))[0]).toBeCloseTo(logNoise - 0.5 * Math.log(determinant(gram)), 4);
});

test("warm-up lets the weight of the divergences rise from 0 to 1 over its part of the training", () => {
  const model = labVae(MODELS.ladder, LINE, {
    objective: "elbo",
    samples: 1,
    likelihoodSamples: 1,
    warmup: 0.25,
  });
  const random = { normals: <A>(a: A) => a } as Parameters<typeof model.draws>[1];
  const weight = (progress: number) => model.draws(1, random, progress).klWeight.values[0];
  expect([0, 0.125, 0.25, 1].map(weight)).toEqual([0, 0.5, 1, 1]);
});

test("the parts of a ladder's noise belong to the same latents in samples and in posteriors", async () => {
  // With all networks zero but the decoder's, prior and proposal are N(0, I), so both ways give z_1 from its noise.
  const model = ladder({ kind: "points", dimension: 2 }, [2, 3], [4, 4]);
  const flat = initialParameters(model.layout, 1);
  for (const [name, view] of namedViews(model.layout, flat)) if (!name.startsWith("decoder")) view.fill(0);
  const tree = () => parameterTree(model.layout, Float64Array.from(flat));
  const noise = normals(5);
  const moved = [...noise];
  moved[0] += 1; // the top latent, which nothing depends on
  const decode = async (e: readonly number[]) => numbers(model.decode(tree(), float64(e, [1, 5])));
  expect(await decode(moved)).toEqual(await decode(noise));
  const x = await decode(noise);
  // Noise scale 1: log p(x | z_1) is largest where the posterior's draw decodes to x itself.
  const scaled = noise.map((e, i) => (i < 3 ? e : e * Math.SQRT2)); // posterior variance 1/2
  const [log] = await numbers(
    model.negativeElbo(tree(), float64(x, [1, 2]), float64(scaled, [1, 1, 5]), float64([0], [1])),
  );
  expect(log).toBeCloseTo(Math.log(2 * Math.PI), 5);
});

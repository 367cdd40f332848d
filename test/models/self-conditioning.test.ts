/** Self-conditioning: what the network is shown of its own guesses, in training, on a sampler's path, in likelihoods. */
import { describe, expect, test } from "vitest";
import { timeOfGamma } from "../../src/diffusion/sde.ts";
import { loadNativeEngine } from "../../src/engines/egnn/native.ts";
import type { AtomBatch, DenoiserEngine } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { channelCount, encode } from "../../src/models/edm/features.ts";
import { generate } from "../../src/models/edm/generate.ts";
import { priorKl } from "../../src/models/edm/likelihood-terms.ts";
import { type EdmModel, modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { moleculeNoise } from "../../src/models/edm/noise.ts";
import {
  networkInput,
  networkPrediction,
  pathPrediction,
  predictionErrors,
  trainingLoss,
} from "../../src/models/edm/objective.ts";
import { widenedParameters } from "../../src/models/edm/widen.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { methane } from "../chem/molecules.ts";
import { rotated, rotationMatrix } from "../rotations.ts";
import { maxDifference } from "../shared.ts";

await jax.init("wasm");

const plain = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 16, layers: 2, coordsRange: 3, normalizationFactor: 4 },
  schedule: { kind: "logLinear", steps: 1000 },
  features: {},
  elements: [1, 6, 7, 8, 9],
  sizes: { 3: 1, 5: 2, 6: 1 },
});
const config: EdmConfig = edmConfigSchema.parse({
  ...plain,
  network: { ...plain.network, selfConditioning: true },
});
const C = channelCount(config);
const lively = (of: EdmConfig): EdmModel => {
  const layout = modelLayout(of).map((spec) =>
    spec.name.endsWith("coord.2.weight") ? { ...spec, bound: 0.3 } : spec,
  );
  return modelOf(of, initialParameters(layout, 3));
};
const model = lively(config);
const jaxEngine = createJaxEngine(dynamicsConfig(config));
const engine = loadNativeEngine(dynamicsConfig(config)) ?? jaxEngine;
const sizes = Int32Array.of(5, 3, 6);
const timeOf = (level: number): number => timeOfGamma(model.schedule, 2 * Math.log(level));
const state = (seed: number): Float64Array =>
  moleculeNoise(sizes, C, { seed, purpose: "test" }, [0, 1, 2], 0);

/** The engine, and what it was asked. */
function watched(): { readonly engine: DenoiserEngine; readonly seen: AtomBatch[] } {
  const seen: AtomBatch[] = [];
  const forward: DenoiserEngine["forward"] = (parameters, batch) => {
    seen.push(batch);
    return engine.forward(parameters, batch);
  };
  return { engine: { ...engine, forward }, seen };
}

describe("the network with self-conditioning", () => {
  const z = state(1);
  const guess = state(2);
  const input = (positions: Float64Array, of: Float64Array): AtomBatch =>
    networkInput(sizes, positions, timeOf(0.3), C, new Float64Array(), of);

  test("sees positions and features of the guess", async () => {
    const out = await engine.forward(model.network, input(z, guess));
    for (const column of [0, 1, 2, 3, C - 1]) {
      const other = guess.map((value, k) => (k % C === column ? 1.3 * value + 0.1 * (k % 7) : value));
      expect(maxDifference(await engine.forward(model.network, input(z, other)), out)).toBeGreaterThan(1e-4);
    }
  });

  test("is the same network in C as in jax-js", async () => {
    const native = await engine.forward(model.network, input(z, guess));
    expect(maxDifference(native, await jaxEngine.forward(model.network, input(z, guess)))).toBeLessThan(2e-5);
  });

  test("turns with molecule and guess, and does not see how one lies to the other", async () => {
    const turn = (rows: Float64Array, R: readonly number[]): Float64Array => {
      const out = rows.slice();
      for (let k = 0; k < rows.length; k += C) out.set(rotated(rows.slice(k, k + 3), R), k);
      return out;
    };
    const R = rotationMatrix(4, -1);
    const out = Float64Array.from(await engine.forward(model.network, input(z, guess)));
    const turned = await engine.forward(model.network, input(turn(z, R), turn(guess, rotationMatrix(9, 1))));
    expect(maxDifference(turned, turn(out, R))).toBeLessThan(2e-5);
  });

  test("is refused where it makes no sense", () => {
    const gnn = edmConfigSchema.safeParse({ ...config, network: { ...config.network, kind: "gnn" } });
    expect(gnn.error?.issues[0].message).toContain("only a network of the kind egnn");
  });
});

describe("what it is shown", () => {
  test("in sampling: x̂ of the evaluation before, scaled as z is", async () => {
    const { engine: by, seen } = watched();
    const predict = pathPrediction(model, by, sizes);
    const [before, after] = [timeOf(0.5), timeOf(0.2)];
    const z = state(3);
    const epsilon = await predict(z, before);
    await predict(state(4), after);
    expect(seen[0].guess?.every((value) => value === 0)).toBe(true);
    const [alpha, sigma] = [model.schedule.alpha(before), model.schedule.sigma(before)];
    const expected = z.map(
      (value, k) => (model.schedule.alpha(after) * (value - sigma * epsilon[k])) / alpha,
    );
    const positions = expected.filter((_, k) => k % C < 3);
    expect(maxDifference(seen[1].guess as Float32Array, positions)).toBeLessThan(1e-5);
    const F = seen[1].features.length / (z.length / C);
    const features = seen[1].features.filter((_, k) => k % F >= C - 3 + 1);
    expect(
      maxDifference(
        features,
        expected.filter((_, k) => k % C >= 3),
      ),
    ).toBeLessThan(1e-5);
  });

  test("nothing above σ/α = 1, and nothing of there", async () => {
    const { engine: by, seen } = watched();
    const predict = pathPrediction(model, by, sizes);
    for (const level of [3, 1.1, 0.9, 0.8]) await predict(state(5), timeOf(level));
    expect(seen.map(({ guess }) => guess?.some((value) => value !== 0))).toEqual([false, false, false, true]);
  });

  test("in likelihoods: its own answer to the same z, so that the result is a function of z", async () => {
    const { engine: by, seen } = watched();
    const predict = networkPrediction(model, by, sizes);
    const [z, t] = [state(6), timeOf(0.4)];
    const first = await predict(z, t);
    expect(seen).toHaveLength(2);
    await predict(state(7), timeOf(0.2));
    expect(await predict(z, t)).toEqual(first);
    const alone = await predict(z, timeOf(2));
    expect(seen).toHaveLength(7);
    expect(alone.every(Number.isFinite)).toBe(true);
  });
});

describe("training", () => {
  const batch = encode(config, [methane(), methane(), methane()]);
  const noise = moleculeNoise(batch.sizes, C, { seed: 1, purpose: "test" }, [0, 1, 2], 0);
  const steps = (levels: readonly number[]): Int32Array =>
    Int32Array.from(levels, (level) => Math.round(timeOf(level) * model.schedule.steps));
  const objective = { kind: "l2", normalizingAtoms: 5 } as const;
  const loss = (guessed: readonly boolean[] | undefined, timeSteps: Int32Array) =>
    trainingLoss(
      config,
      model.schedule,
      objective,
      engine,
      model.network,
      batch,
      { timeSteps, noise, guessed },
      new Float32Array(model.network.length),
    );

  test("shows a guess to the chosen molecules below σ/α = 1 only", async () => {
    const timeSteps = steps([0.3, 0.3, 5]);
    const without = await loss(undefined, timeSteps);
    const one = await loss([false, true, true], timeSteps);
    expect(one[0]).toBe(without[0]);
    expect(Math.abs(one[1] - without[1])).toBeGreaterThan(1e-4);
    expect(one[2]).toBe(without[2]);
  });

  test("has the error that a likelihood has, where every molecule is shown one", async () => {
    const timeSteps = steps([0.3, 0.1, 0.6]);
    const errors = await predictionErrors(config, model.schedule, engine, model.network, batch, {
      timeSteps,
      noise,
    });
    const prior = priorKl(config, model.schedule, batch);
    const losses = await loss([true, true, true], timeSteps);
    losses.forEach((value, m) => {
      const error = (0.5 * (errors.position[m] + errors.feature[m])) / (C * 5);
      expect(value).toBeCloseTo(prior[m] + error, 5);
    });
  });
});

test("a model that learns it late starts as the function it was", async () => {
  const before = lively(plain);
  const parameters = widenedParameters(before, config);
  expect(parameters).toHaveLength(layoutSize(modelLayout(config)));
  const [z, guess] = [state(8), state(9)];
  const old = createJaxEngine(dynamicsConfig(plain));
  const expected = await old.forward(before.network, networkInput(sizes, z, timeOf(0.3), C));
  const input = networkInput(sizes, z, timeOf(0.3), C, new Float64Array(), guess);
  expect(maxDifference(await engine.forward(parameters, input), expected)).toBeLessThan(2e-5);
  old.dispose();
});

test("molecule i is the same whatever is generated with it", async () => {
  const made = async (options: { first?: number; count: number; batchSize: number }) => {
    const all: number[][] = [];
    for await (const batch of generate(model, engine, { seed: 1, sampler: "churn", steps: 6, ...options }))
      for (const { molecule } of batch) all.push([...molecule.positions]);
    return all;
  };
  const together = await made({ count: 5, batchSize: 5 });
  const alone = await made({ first: 3, count: 1, batchSize: 1 });
  expect(maxDifference(alone[0], together[3])).toBeLessThan(1e-4);
});

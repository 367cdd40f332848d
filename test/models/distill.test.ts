import { describe, expect, test } from "vitest";
import { SAMPLERS } from "../../src/diffusion/samplers/registry.ts";
import { renoise, renoisingLevels } from "../../src/diffusion/samplers/renoise.ts";
import { logLinearSchedule } from "../../src/diffusion/schedule.ts";
import type { Denoiser, Space } from "../../src/diffusion/space.ts";
import type { DenoiserEngine } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { stream } from "../../src/math/random.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { generate } from "../../src/models/edm/generate.ts";
import { modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { type BatchShare, batchShare } from "../../src/train/batch-share.ts";
import { alone } from "../../src/train/communicator.ts";
import { distillSettingsSchema } from "../../src/train/edm/distill-settings.ts";
import { distillTask } from "../../src/train/edm/distill-task.ts";
import type { TrainingTask } from "../../src/train/loop.ts";
import { createOptimizerState, optimizerStep, plainUpdater } from "../../src/train/optimizer.ts";
import { optimizerOptions } from "../../src/train/schema.ts";

await jax.init("wasm");

const schedule = logLinearSchedule(1000);

describe("renoising", () => {
  const D = 20_000;
  const space: Space = {
    length: D,
    noise: (step) => stream({ seed: 3, purpose: "test", step }).normals(new Float64Array(D)),
    project: () => {},
  };

  test("of a generator that gives the data whatever it sees gives the data, in as many evaluations as levels", async () => {
    let calls = 0;
    const point: Denoiser = async (z, t) => {
      calls++;
      return z.map((value) => (value - schedule.alpha(t) * 0.7) / schedule.sigma(t));
    };
    const z = await renoise(point, schedule, space, { steps: 5 });
    expect(calls).toBe(5);
    for (const value of z.slice(0, 50)) expect(value / schedule.alpha(0)).toBeCloseTo(0.7, 9);
  });

  test("of a denoiser makes averages: narrower than the data by the mean's missing spread", async () => {
    const s = 0.5;
    const mean: Denoiser = async (z, t) =>
      z.map((value) => (schedule.sigma(t) * value) / ((schedule.alpha(t) * s) ** 2 + schedule.sigma(t) ** 2));
    const z = await renoise(mean, schedule, space, { steps: 6 });
    const deviation = Math.sqrt(z.reduce((sum, value) => sum + value * value, 0) / D) / schedule.alpha(0);
    const levels = renoisingLevels(schedule, { steps: 6 });
    // x̂ = s²/(s² + σ²) (x̂₋ + σ ξ)
    let variance = 0;
    levels.forEach((sigma, k) => {
      const gain = s ** 2 / (s ** 2 + sigma ** 2);
      variance = gain ** 2 * (k === 0 ? sigma ** 2 : variance + sigma ** 2);
    });
    expect(deviation / Math.sqrt(variance)).toBeCloseTo(1, 1);
    expect(deviation).toBeLessThan(0.9 * s);
  });
});

const whole = (task: TrainingTask, epoch: number, number: number): BatchShare =>
  batchShare(epoch, number, task.batches(epoch)[number], alone);

describe("distillation", () => {
  const config: EdmConfig = edmConfigSchema.parse({
    kind: "edm",
    format: 1,
    network: { hidden: 16, layers: 1, coordsRange: 3, normalizationFactor: 4 },
    schedule: { kind: "logLinear", steps: 1000 },
    features: {},
    elements: [1, 6],
    sizes: { 3: 2, 4: 1 },
  });
  const teacher = modelOf(config, initialParameters(modelLayout(config), 1));
  const P = layoutSize(modelLayout(config));
  const settings = distillSettingsSchema.parse({
    steps: 3,
    criticSteps: 2,
    sigmaMax: 2,
    epochMolecules: 32,
    training: { batchSize: 8 },
    validation: { samples: 8 },
  });
  const engine = createJaxEngine(dynamicsConfig(config));

  test("student and critic start as the teacher; a batch depends on seed, epoch and molecules alone", async () => {
    const task = distillTask(teacher, settings, engine);
    expect(task.initialParameters.slice(0, P)).toEqual(teacher.network);
    expect(task.initialParameters.slice(P)).toEqual(teacher.network);
    expect(task.batches(1)).toHaveLength(4);
    const [once, again] = [new Float32Array(2 * P), new Float32Array(2 * P)];
    await task.lossAndGradient(task.initialParameters, whole(task, 1, 0), once);
    await task.lossAndGradient(task.initialParameters, whole(task, 1, 0), again);
    expect(again).toEqual(once);
    expect(once.some((value) => value !== 0)).toBe(true);
  });

  test("a critic that agrees with the teacher leaves the student as it is; both learn in their turns", async () => {
    const task = distillTask(teacher, settings, engine);
    const gradient = new Float32Array(2 * P);
    const [second, third] = [1, 2].map((number) => whole(task, 0, number));
    await task.lossAndGradient(task.initialParameters, third, gradient); // the student's turn
    expect(Math.max(...gradient.slice(0, P).map(Math.abs))).toBeLessThan(1e-6);
    expect(gradient.slice(P).some((value) => value !== 0)).toBe(true);
    const other = task.initialParameters.map((value, i) => (i < P ? value : 1.3 * value));
    await task.lossAndGradient(other, third, gradient);
    expect(gradient.slice(0, P).some((value) => Math.abs(value) > 1e-5)).toBe(true);
    await task.lossAndGradient(other, second, gradient); // the critic's alone
    expect(gradient.slice(0, P).every((value) => value === 0)).toBe(true);
    expect(gradient.slice(P).some((value) => value !== 0)).toBe(true);
  });

  test("brings the student's distribution to the teacher's: a teacher of wider molecules makes them wider", async () => {
    // A teacher that knows its data: positions N(0, s²), all hydrogen. The student begins as if s were half of that.
    const optimal = (s: number, of: DenoiserEngine): DenoiserEngine => ({
      ...of,
      forward: async (parameters, batch) => {
        if (parameters !== teacher.network) return of.forward(parameters, batch);
        const atoms = batch.positions.length / 3;
        const out = new Float32Array(6 * atoms);
        for (let a = 0; a < atoms; a++) {
          const t = batch.features[4 * a + 3];
          const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
          for (let d = 0; d < 3; d++)
            out[6 * a + d] = (sigma * batch.positions[3 * a + d]) / ((alpha * s) ** 2 + sigma ** 2);
          [0.25, 0, 0.1].forEach((value, k) => {
            out[6 * a + 3 + k] = (batch.features[4 * a + k] - alpha * value) / sigma;
          });
        }
        return out;
      },
    });
    const own = { ...settings, steps: 1, sigmaMax: 1, spread: 0, criticSteps: 1 };
    const width = async (s: number): Promise<number> => {
      const task = distillTask(teacher, own, optimal(s, engine));
      const options = optimizerOptions({ ...settings.training, learningRate: 3e-3, warmupSteps: 0 });
      const state = createOptimizerState(task.initialParameters, options);
      const gradient = new Float32Array(2 * P);
      for (let step = 0; step < 60; step++) {
        await task.lossAndGradient(state.parameters, whole(task, step, step % 4), gradient);
        await optimizerStep(plainUpdater, state, gradient, 3e-3, 1, options);
      }
      const student = modelOf(config, state.parameters.slice(0, P));
      let [sum, n] = [0, 0];
      for await (const batch of generate(student, engine, {
        ...{ count: 64, seed: 1, sampler: "renoise", steps: 1, sigmaMax: 1, spread: 0 },
      })) {
        for (const { molecule } of batch)
          for (const x of molecule.positions) {
            sum += x * x;
            n++;
          }
      }
      return Math.sqrt(sum / n);
    };
    expect(await width(1.2)).toBeGreaterThan(1.1 * (await width(0.3)));
  }, 120_000);

  test("the sampler it is for ends in data: nothing is decoded", async () => {
    let calls = 0;
    const counting: DenoiserEngine = {
      ...engine,
      forward: (...words) => {
        calls++;
        return engine.forward(...words);
      },
    };
    for await (const _ of generate(teacher, counting, { count: 2, seed: 0, sampler: "renoise", steps: 4 }));
    expect(calls).toBe(SAMPLERS.renoise.evaluations(4, {}));
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { labDataSchema, loadLabData } from "../../src/data/lab/catalog.ts";
import type { LabData } from "../../src/data/lab/lab-data.ts";
import { stream } from "../../src/math/random.ts";
import { labKind } from "../../src/models/lab/kinds.ts";
import type { LabModel } from "../../src/models/lab/lab-model.ts";
import { initialParameters } from "../../src/nets/parameters.ts";
import { prepareRuntime } from "../../src/runtime/prepare.ts";
import { labTask } from "../../src/train/lab/task.ts";
import { trainingSchema } from "../../src/train/schema.ts";

const NETWORK = { hidden: 16, blocks: 1, timeFeatures: 8 };
const LANGEVIN = { hidden: 16, blocks: 1, langevinSteps: 5 };
const LEVELS = { ...NETWORK, levels: 3, stepsPerLevel: 2 };

/** Settings that make each kind small. */
const KINDS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["score-explicit", LANGEVIN],
  ["score-hyvarinen", LANGEVIN],
  ["score-sliced", LANGEVIN],
  ["score-denoising", LANGEVIN],
  ["ncsn", LEVELS],
  ["score-sde", { ...NETWORK, sampleSteps: 3, likelihoodSteps: 4 }],
  ["energy", LEVELS],
  ["ddpm", { ...NETWORK, sampleSteps: 3, likelihoodTimes: 4 }],
];

let data: LabData;
const built = (name: string, settings: Readonly<Record<string, unknown>>): LabModel => {
  const kind = labKind(name);
  return kind.build(kind.settings.parse(settings), data.shape, {
    name: data.name,
    lowest: [-2, -1],
    highest: [2, 1],
    ...(data.mixture && { mixture: data.mixture }),
  });
};

beforeAll(async () => {
  await prepareRuntime("cpu");
  data = await loadLabData("eight-gaussians", labDataSchema.parse({ count: 64, test: 32 }));
});

describe.each(KINDS)("%s", (name, settings) => {
  let model: LabModel;
  beforeAll(() => {
    model = built(name, settings);
  });
  afterAll(() => model.dispose?.());

  test("the compiled gradient of its loss is that of finite differences", async () => {
    const task = await labTask(model, data, trainingSchema.parse({ batchSize: 32, epochs: 1 }));
    const [batch] = task.batches(0);
    const P = task.initialParameters.length;
    const gradient = new Float32Array(P);
    const lossAt = async (parameters: Float32Array): Promise<number> =>
      (await task.lossAndGradient(parameters, batch, 0, gradient))[0];
    // From the initial values along directions of two kinds: random, and the gradient's own.
    await lossAt(task.initialParameters);
    const own = gradient.slice();
    const random = stream({ seed: 3, purpose: "test" }).normals(new Float32Array(P));
    for (const direction of [random, own]) {
      const norm = Math.hypot(...direction);
      const slope = own.reduce((sum, value, i) => sum + (value * direction[i]) / norm, 0);
      const h = 0.02;
      const [above, below] = [
        await lossAt(task.initialParameters.map((value, i) => value + (h * direction[i]) / norm)),
        await lossAt(task.initialParameters.map((value, i) => value - (h * direction[i]) / norm)),
      ];
      const scale = Math.hypot(...own);
      expect(Math.abs((above - below) / (2 * h) - slope) / scale).toBeLessThan(0.02);
    }
  });

  test("row i of its samples, and what it says of a row, do not depend on the other rows", async () => {
    const parameters = initialParameters(model.layout, 1);
    const rows = await model.sample(parameters, 20, 5);
    expect(rows).toHaveLength(40);
    expect(await model.sample(parameters, 3, 5)).toEqual(rows.subarray(0, 6));
    expect(await model.sample(parameters, 3, 6)).not.toEqual(rows.subarray(0, 6));
    const log = await model.logLikelihood?.of(parameters, data.test, 7);
    const few = await model.logLikelihood?.of(parameters, data.test.subarray(0, 6), 7);
    few?.forEach((value, i) => {
      expect(value).toBeCloseTo((log as Float64Array)[i], 4);
    });
  });
});

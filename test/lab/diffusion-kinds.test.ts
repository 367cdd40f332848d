import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { type LabData, rowLength } from "../../src/lab/data/lab-data.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import type { LabModel } from "../../src/lab/models/lab-model.ts";
import { labTask } from "../../src/lab/train/task.ts";
import { stream } from "../../src/math/random.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { batchShare } from "../../src/train/batch-share.ts";
import { alone } from "../../src/train/communicator.ts";
import { trainingSchema } from "../../src/train/schema.ts";
import { relativeDifference } from "../shared.ts";

const NETWORK = { hidden: 16, blocks: 1, timeFeatures: 8 };
const UNET = { network: "unet", channels: [16, 32], timeFeatures: 16 };
const LANGEVIN = { hidden: 16, blocks: 1, langevinSteps: 5 };
const LEVELS = { ...NETWORK, levels: 3, stepsPerLevel: 2 };

type Settings = Readonly<Record<string, unknown>>;

/** Settings that make each kind small, and the data that it is tried on. */
const KINDS: readonly (readonly [string, Settings, "points" | "images"])[] = [
  ["score-explicit", LANGEVIN, "points"],
  ["score-hyvarinen", LANGEVIN, "points"],
  ["score-sliced", LANGEVIN, "points"],
  ["score-denoising", LANGEVIN, "points"],
  ["ncsn", LEVELS, "points"],
  ["score-sde", { ...NETWORK, sampleSteps: 3, likelihoodSteps: 4 }, "points"],
  ["energy", LEVELS, "points"],
  ["ddpm", { ...NETWORK, sampleSteps: 3, likelihoodTimes: 4 }, "points"],
  ["ddpm", { ...NETWORK, network: "mixer", prediction: "v", loss: "vlb", sampleSteps: 3 }, "images"],
  ["ddpm", { ...UNET, prediction: "v", sampleSteps: 3 }, "images"],
  ["ddpm", { ...UNET, loss: "vlb", channels: [16], sampleSteps: 3 }, "images"],
  ["ncsn", { ...UNET, levels: 3, stepsPerLevel: 2 }, "images"],
  ["latent-ddpm", { ...NETWORK, coder: [8], sampleSteps: 3, likelihoodTimes: 4 }, "points"],
  ["latent-ddpm", { ...NETWORK, coder: [8], sampleSteps: 3, likelihoodTimes: 4 }, "images"],
  ["d3pm-uniform", { ...NETWORK, steps: 4, cells: 6 }, "points"],
  ["d3pm-absorbing", { ...NETWORK, steps: 4 }, "images"],
  ["cold", { ...NETWORK, network: "mixer", patch: 8, steps: 3 }, "images"], // one patch, three blanks
];

/** 8 × 8 binary images: bars across or down. */
function bars(n: number): Float32Array {
  const rows = new Float32Array(n * 64);
  for (let i = 0; i < n; i++) {
    const random = stream({ seed: 1, purpose: "test", index: i });
    const [across, at] = [random.integer(2) === 0, random.integer(8)];
    for (let k = 0; k < 64; k++) rows[64 * i + k] = Number((across ? k % 8 : k >> 3) === at);
  }
  return rows;
}

const data: Record<"points" | "images", LabData> = {
  points: await loadLabData("eight-gaussians", labDataSchema.parse({ count: 64, test: 32 })),
  images: {
    name: "bars",
    source: "bars",
    shape: { kind: "images", height: 8, width: 8, binary: true },
    train: bars(64),
    valid: bars(32),
    test: bars(32),
    sha256: "",
  },
};

beforeAll(() => prepareRuntime("cpu"));

describe.each(KINDS)("%s", (name, settings, shape) => {
  const rowsOf = data[shape];
  const D = rowLength(rowsOf.shape);
  let model: LabModel;
  beforeAll(() => {
    const kind = labKind(name);
    model = kind.build(kind.settings.parse(settings), rowsOf.shape, {
      name: rowsOf.name,
      lowest: [-4, -4],
      highest: [4, 4],
      ...(rowsOf.mixture && { mixture: rowsOf.mixture }),
    });
  });
  afterAll(() => model.dispose?.());

  test("the compiled gradient of its loss is that of finite differences", async () => {
    const task = await labTask(model, rowsOf, trainingSchema.parse({ batchSize: 32, epochs: 1 }));
    const batch = batchShare(0, 0, task.batches(0)[0], alone);
    const P = task.initialParameters.length;
    const gradient = new Float32Array(P);
    const lossAt = async (parameters: Float32Array): Promise<number> => {
      const losses = await task.lossAndGradient(parameters, batch, gradient);
      return losses.reduce((sum, value) => sum + value, 0) / losses.length;
    };
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
    expect(rows).toHaveLength(20 * D);
    expect(await model.sample(parameters, 3, 5)).toEqual(rows.subarray(0, 3 * D));
    expect(await model.sample(parameters, 3, 6)).not.toEqual(rows.subarray(0, 3 * D));
    const log = await model.logLikelihood?.of(parameters, rowsOf.test, 7);
    const few = await model.logLikelihood?.of(parameters, rowsOf.test.subarray(0, 3 * D), 7);
    few?.forEach((value, i) => {
      expect(value).toBeCloseTo((log as Float64Array)[i], 4);
    });
  });
});

test("the loss of the U-Net by kernels is that of its definition, row by row", async () => {
  const kind = labKind("ddpm");
  const { shape, train } = data.images;
  for (const settings of [
    { ...UNET, prediction: "v" },
    { ...UNET, loss: "vlb" },
  ]) {
    const model = kind.build(kind.settings.parse(settings), shape);
    const parameters = initialParameters(model.layout, 2).map((value, i) => value + 0.05 * Math.sin(i));
    const rows = train.slice(0, 16 * 64);
    const draws = model.draws(16, stream({ seed: 1, purpose: "test" }), 0);
    const ours = await model.kernels?.losses(parameters, rows, draws);
    const onDevice = Object.fromEntries(
      Object.entries(draws).map(([name, { values, shape: own }]) => [
        name,
        np.array(values, { shape: [...own] }),
      ]),
    );
    const theirs = jax.jit(model.loss)(
      parameterTree(model.layout, parameters),
      np.array(rows, { shape: [16, 64] }),
      onDevice,
    );
    expect(await model.kernels?.engine()).toMatch(/native|wasm/);
    expect(relativeDifference(ours ?? [], (await theirs.data()) as Float32Array)).toBeLessThan(1e-5);
    model.dispose?.();
  }
});

test("a network that does not fit the rows is refused in one line", () => {
  const kind = labKind("ddpm");
  const build = (settings: object, shape: LabData["shape"]) => () =>
    kind.build(kind.settings.parse(settings), shape);
  expect(build({ network: "unet" }, data.points.shape)).toThrow("network = unet takes images; points take");
  expect(
    build({ network: "unet", channels: [16, 16, 16, 16] }, { ...data.images.shape, height: 12 } as never),
  ).toThrow(
    "channels has 4 sizes, each half of the one before; the 12 × 8 of the images cannot be halved 3 times",
  );
  expect(build({ network: "unet", timeFeatures: 20 }, data.images.shape)).toThrow("takes multiples of 16");
});

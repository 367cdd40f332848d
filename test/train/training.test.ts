import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { polynomialSchedule } from "../../src/diffusion/schedule.ts";
import type { SpeciesBatch } from "../../src/engines/atomwise-engine.ts";
import type { DenoiserEngine } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { loadEdm } from "../../src/models/edm/folder.ts";
import { jax } from "../../src/platform/jax.ts";
import { batchShare } from "../../src/train/batch-share.ts";
import { alone } from "../../src/train/communicator.ts";
import { checkSettings, mergeSettings, parseAssignment } from "../../src/train/config-file.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { trainingTimes, turnMolecules } from "../../src/train/edm/task.ts";
import { type TrainEdmOptions, trainEdm } from "../../src/train/edm/train.ts";
import { forceFieldSettingsSchema } from "../../src/train/geometric/settings.ts";
import { trainForceField } from "../../src/train/geometric/train.ts";
import { learningRateAt } from "../../src/train/schema.ts";
import { readState } from "../../src/train/state-file.ts";
import { smallDataset } from "./small-data.ts";

await jax.init("wasm");

const root = mkdtempSync(join(tmpdir(), "equimol-training-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const settings = checkSettings(
  edmSettingsSchema,
  mergeSettings(
    {
      network: { hidden: 16, layers: 1, coordsRange: 3, normalizationFactor: 4 },
      schedule: { kind: "polynomial", steps: 100 },
    },
    ...[
      "training.batchSize=16",
      "training.epochs=2",
      "training.learningRate=0.005",
      "training.emaDecay=0.9",
      "training.logEvery=4",
      "validation.molecules=8",
      "validation.samples=0",
    ].map((each) => parseAssignment(each)),
  ),
  "test",
);
const data = smallDataset(100);
const options = (out: string): TrainEdmOptions => ({
  settings,
  data,
  out: join(root, out),
  openEngine: async (config) => createJaxEngine(config),
});
const model = (out: string): Buffer => readFileSync(join(root, out, "checkpoints/last/model.safetensors"));
const metrics = (out: string): Record<string, unknown>[] =>
  readFileSync(join(root, out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("molecules are turned and mirrored anew in every epoch, each as a whole", () => {
  const C = 5;
  const offsets = Int32Array.of(0, 4, 7);
  const rows = Float64Array.from({ length: 7 * C }, (_, k) => Math.sin(3 * k));
  const turned = (epoch: number): Float64Array => {
    const xh = rows.slice();
    turnMolecules({ sizes: Int32Array.of(4, 3), offsets, xh }, C, 1, Uint32Array.of(7, 8), epoch);
    return xh;
  };
  const at = (xh: Float64Array, row: number): number[] => [...xh.subarray(C * row, C * row + 3)];
  const volume = (xh: Float64Array): number => {
    const [a, b, c] = [0, 1, 2].map((row) => at(xh, row));
    return (
      a[0] * (b[1] * c[2] - b[2] * c[1]) -
      a[1] * (b[0] * c[2] - b[2] * c[0]) +
      a[2] * (b[0] * c[1] - b[1] * c[0])
    );
  };
  const signs = Array.from({ length: 20 }, (_, epoch) => Math.sign(volume(turned(epoch)) / volume(rows)));
  expect(new Set(signs)).toEqual(new Set([1, -1]));
  const xh = turned(3);
  const distance = (values: Float64Array, i: number, j: number): number =>
    Math.hypot(...at(values, i).map((x, d) => x - at(values, j)[d]));
  for (const [i, j] of [
    [0, 1],
    [2, 3],
    [4, 6],
  ])
    expect(distance(xh, i, j)).toBeCloseTo(distance(rows, i, j), 12);
  expect(Math.abs(at(xh, 0)[0] - rows[0])).toBeGreaterThan(1e-3);
  for (let k = 0; k < rows.length; k++) if (k % C >= 3) expect(xh[k]).toBe(rows[k]);
  expect(turned(3)).toEqual(xh);
  expect(turned(4)).not.toEqual(xh);
});

describe("steps and rates", () => {
  test("training.steps ends a run within an epoch, and the resumed half is the whole bit for bit", async () => {
    const of = (steps: number): TrainEdmOptions["settings"] => ({
      ...settings,
      training: { ...settings.training, steps, decay: "none" },
    });
    const whole = await trainEdm({ ...options("steps"), settings: of(9) });
    expect([whole.steps, whole.finished, whole.position.epoch]).toEqual([9, true, 1]);
    expect(metrics("steps").at(-1)).toHaveProperty("validation");
    await trainEdm({ ...options("halves"), settings: of(4) });
    const rest = await trainEdm({ ...options("halves"), settings: of(9), resume: true });
    expect([rest.steps, rest.finished]).toEqual([9, true]);
    expect(model("halves").equals(model("steps"))).toBe(true);
  });

  test("the bound takes no other levels than uniform ones", async () => {
    const levels = { kind: "logNormal", mean: -1.6, deviation: 1.4, even: 0.1 } as const;
    const bound = { ...settings, loss: "vlb", levels } as const;
    await expect(trainEdm({ ...options("bound"), settings: bound })).rejects.toThrow(
      "with loss vlb leave levels uniform",
    );
  });

  test("the rate stays until the last share of the steps, then falls", () => {
    const config = { ...settings.training, warmupSteps: 10, decay: "linear", decayShare: 0.25 } as const;
    const rate = (step: number): number => learningRateAt(config, step, 400) / config.learningRate;
    expect([rate(0), rate(9), rate(10), rate(299), rate(300)]).toEqual([0.1, 1, 1, 1, 1]);
    expect(rate(350)).toBeCloseTo(0.5, 12);
    expect(rate(400)).toBe(0);
  });
});

describe("a training run", () => {
  test("hears an interruption from outside, also with an engine that never waits", async () => {
    const abort = new AbortController();
    const forces = new Float64Array(data.train.positions.length).fill(0.1);
    const energy = new Float64Array(data.train.offsets.length - 1).fill(1);
    const zero = ({ species }: SpeciesBatch) => ({
      outputs: new Float32Array(species.length),
      gradient: new Float32Array(3 * species.length),
    });
    const outcome = await trainForceField({
      settings: forceFieldSettingsSchema.parse({
        network: { hidden: 2, layers: 1 },
        training: { epochs: 1000, logEvery: 100_000, validateEvery: 1_000_000 },
      }),
      data: { ...data, valid: undefined, train: { ...data.train, forces, properties: { energy } } },
      out: join(root, "outside"),
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 1) setTimeout(() => abort.abort());
      },
      openEngine: async () => ({
        name: "zero",
        outputs: async (_, batch) => zero(batch).outputs,
        positionGradient: async (_, batch) => zero(batch),
        parameterGradient: async () => undefined,
        mixedGradient: async (...[, , , , gradient]) => void gradient.fill(0),
        dispose: () => undefined,
      }),
    });
    expect(outcome).toMatchObject({ interrupted: true, finished: false });
  });

  test("that is interrupted and resumed ends in the same bytes as a straight one", async () => {
    const straight = await trainEdm(options("straight"));
    expect(straight.finished).toBe(true);

    const abort = new AbortController();
    const first = await trainEdm({
      ...options("broken"),
      signal: abort.signal,
      onProgress: ({ step }) => {
        if (step === 5) abort.abort();
      },
    });
    expect(first).toMatchObject({ interrupted: true, steps: 5 });
    const second = await trainEdm({ ...options("broken"), resume: true });
    expect(second.steps).toBe(straight.steps);

    expect(model("broken").equals(model("straight"))).toBe(true);
    const [a, b] = await Promise.all(
      ["straight", "broken"].map((out) =>
        readState(join(root, out, "checkpoints/last/state.safetensors"), modelSize),
      ),
    );
    expect(b.optimizer).toEqual(a.optimizer);
    expect(b.clipQueue).toEqual(a.clipQueue);
    expect({ ...b.position, seconds: 0 }).toEqual({ ...a.position, seconds: 0 });
    const timeless = (out: string): unknown[] =>
      metrics(out).map(({ step, loss, validation }) => (validation ? { step, validation } : { step, loss }));
    expect(timeless("broken").filter((line) => "validation" in (line as object))).toEqual(
      timeless("straight").filter((line) => "validation" in (line as object)),
    );
  });

  test("lowers the loss, and its checkpoint loads as a model", async () => {
    const lines = metrics("straight").filter((line) => "gradientNorm" in line);
    expect(lines.at(-1)?.loss as number).toBeLessThan(lines[0].loss as number);
    const loaded = await loadEdm(join(root, "straight/checkpoints/best"));
    expect(loaded.config.elements).toEqual([1, 6, 7]);
    expect(loaded.config.sizes).toEqual({ 4: 48, 5: 47 });
  });

  test("in a folder that holds a run is refused unless it resumes; resuming nothing is refused", async () => {
    await expect(trainEdm(options("straight"))).rejects.toThrow(
      "holds a run already; use resume to go on with it, or another out",
    );
    await expect(trainEdm({ ...options("nothing"), resume: true })).rejects.toThrow(
      "has no checkpoint to resume from",
    );
  });

  test("stops at a loss that is no number, says where, and leaves the last checkpoint as it was", async () => {
    await trainEdm({ ...options("nan"), maxSeconds: 0 });
    const before = model("nan");
    const poisoned = async (
      ...[config]: Parameters<NonNullable<TrainEdmOptions["openEngine"]>>
    ): Promise<DenoiserEngine> => {
      const engine = createJaxEngine(config);
      return {
        ...engine,
        squaredError: async (...args) => {
          const errors = await engine.squaredError(...args);
          errors.position[0] = Number.NaN;
          return errors;
        },
      };
    };
    await expect(trainEdm({ ...options("nan"), resume: true, openEngine: poisoned })).rejects.toThrow(
      "the loss is not finite",
    );
    expect(model("nan").equals(before)).toBe(true);
    const failure = JSON.parse(readFileSync(join(root, "nan/failure.json"), "utf8")) as Record<
      string,
      unknown
    >;
    expect(failure).toMatchObject({ step: 1, seed: 0, loss: "NaN" });
    expect(failure.batch).toHaveLength(16);
  });
});

const modelSize = await (async () => {
  const { modelLayout } = await import("../../src/models/edm/model.ts");
  const { layoutSize } = await import("../../src/nets/layers/parameters.ts");
  return layoutSize(
    modelLayout({
      kind: "edm",
      format: 1,
      ...settings,
      condition: undefined,
      elements: [1, 6, 7],
      sizes: { 3: 1 },
      provenance: {},
    }),
  );
})();

describe("a run that starts from a model", () => {
  test("has its parameters before the first step, and remembers through a resume what the model had seen", async () => {
    await trainEdm({ ...options("teacher"), maxSeconds: 0 });
    const init = await loadEdm(join(root, "teacher/checkpoints/last"));
    const still = { ...settings, training: { ...settings.training, learningRate: 1e-30, weightDecay: 0 } };
    await trainEdm({ ...options("pupil"), settings: still, init, maxSeconds: 0 });
    expect(model("pupil")).toEqual(model("teacher"));
    await trainEdm({ ...options("pupil"), settings: still, resume: true });
    const { provenance } = (await loadEdm(join(root, "pupil/checkpoints/last"))).config;
    expect(provenance.init).toEqual({
      data: init.config.provenance.data,
      steps: init.config.provenance.steps,
      molecules: init.config.provenance.molecules,
    });
  });

  test("wants the model's network, and data of elements that it knows", async () => {
    const init = await loadEdm(join(root, "teacher/checkpoints/last"));
    const narrow = { ...settings, network: { ...settings.network, hidden: 8 } };
    await expect(trainEdm({ ...options("narrow"), settings: narrow, init })).rejects.toThrow(
      "the model to start from has network.hidden = 16, the settings 8; they must agree",
    );
    const without = { ...init, config: { ...init.config, elements: [1, 6] as [number, ...number[]] } };
    await expect(trainEdm({ ...options("strange"), init: without })).rejects.toThrow(
      "the data has N, which the model to start from does not know (H C)",
    );
  });
});

test("stratified times: one in each of as many equal parts of 0 … T as the batch has molecules; uniform in the mean", () => {
  const counts = new Int32Array(10);
  for (let epoch = 0; epoch < 200; epoch++) {
    const times = trainingTimes(
      { timeSampling: "stratified", levels: { kind: "uniform" } },
      polynomialSchedule(999),
      3,
      batchShare(epoch, 0, Uint32Array.of(epoch, 5, 9, 11, 70), alone),
    );
    expect([...times].map((t) => Math.floor(t / 200)).sort()).toEqual([0, 1, 2, 3, 4]);
    for (const t of times) counts[Math.floor(t / 100)]++;
  }
  for (const count of counts) expect(Math.abs(count - 100)).toBeLessThan(40); // ± 7
});

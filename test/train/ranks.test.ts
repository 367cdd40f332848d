/** Training on several ranks is training on one: the same batches, the same random numbers, the same model. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { Dataset } from "../../src/data/store.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { loadLabData } from "../../src/lab/data/catalog.ts";
import { labDataSchema } from "../../src/lab/data/settings.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import { labPreset, labSettingsSchema } from "../../src/lab/train/settings.ts";
import { trainLab } from "../../src/lab/train/train.ts";
import { edmConfigSchema } from "../../src/models/edm/config.ts";
import { modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { readSafetensors } from "../../src/platform/node/safetensors.ts";
import { cgSettingsSchema } from "../../src/train/cg/settings.ts";
import { trainCg } from "../../src/train/cg/train.ts";
import { type Communicator, shareOf } from "../../src/train/communicator.ts";
import { mergeSettings } from "../../src/train/config-file.ts";
import { conformerSettingsSchema } from "../../src/train/conformers/settings.ts";
import { trainConformers } from "../../src/train/conformers/train.ts";
import { distillEdm } from "../../src/train/edm/distill.ts";
import { distillSettingsSchema } from "../../src/train/edm/distill-settings.ts";
import { edmSettingsSchema } from "../../src/train/edm/settings.ts";
import { type TrainEdmOptions, trainEdm } from "../../src/train/edm/train.ts";
import { forceFieldSettingsSchema, propertySettingsSchema } from "../../src/train/geometric/settings.ts";
import { trainForceField, trainProperty } from "../../src/train/geometric/train.ts";
import type { TrainingOutcome } from "../../src/train/loop.ts";
import type { MetricsLine } from "../../src/train/run-folder.ts";
import { readState } from "../../src/train/state-file.ts";
import type { TrainOptions } from "../../src/train/training.ts";
import { chainDataset, chainSamples } from "../cg/chains.ts";
import { relativeDifference } from "../shared.ts";
import { localCommunicators, onRanks } from "./local-communicators.ts";
import { smallDataset } from "./small-data.ts";

const root = mkdtempSync(join(tmpdir(), "equimol-ranks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Few steps, every one in the log; large ε, so that rounding is not magnified where a gradient is nearly zero. */
const training = { epochs: 2, batchSize: 16, logEvery: 1, epsilon: 1e-2, learningRate: 1e-3, emaDecay: 0.5 };

const molecules = smallDataset(81);
const forces = new Float64Array(molecules.train.positions.length).map((_, k) => Math.sin(k));
const energy = new Float64Array(81).map((_, k) => Math.cos(k));
const labelled: Dataset = { ...molecules, train: { ...molecules.train, forces, properties: { energy } } };
const schedule = { kind: "logLinear", steps: 100 } as const;
const network = { hidden: 16, layers: 1, coordsRange: 3, normalizationFactor: 4 } as const;
const edmSettings = (extra: object = {}) =>
  edmSettingsSchema.parse({
    ...{ network, schedule, timeSampling: "stratified", levels: { kind: "logNormal" }, training },
    validation: { molecules: 3, samples: 5, sampleSteps: 4 },
    ...extra,
  });
const teacherConfig = edmConfigSchema.parse({
  ...{ kind: "edm", format: 1, network, schedule, features: {}, elements: [1, 6], sizes: { 3: 2, 4: 1 } },
});
const teacher = modelOf(teacherConfig, initialParameters(modelLayout(teacherConfig), 1));
const ddpm = labKind("ddpm");
const labRows = await loadLabData("two-moons", labDataSchema.parse({ count: 100, test: 40 }));

type Run = Pick<
  TrainOptions<never>,
  "out" | "resume" | "signal" | "onMetrics" | "onProgress" | "communicator"
>;

const KINDS: readonly (readonly [string, (run: Run) => Promise<TrainingOutcome>])[] = [
  ["EDM", (run) => trainEdm({ ...run, settings: edmSettings(), data: molecules })],
  [
    "EDM with self-conditioning and augmentation, independent times",
    (run) =>
      trainEdm({
        ...run,
        settings: edmSettings({
          network: { ...network, selfConditioning: true },
          ...{ timeSampling: "independent", augmentation: "rotations" },
        }),
        data: molecules,
      }),
  ],
  [
    "distillation",
    (run) =>
      distillEdm({
        ...run,
        settings: distillSettingsSchema.parse({
          ...{
            steps: 3,
            criticSteps: 2,
            sigmaMax: 2,
            epochMolecules: 40,
            validation: { samples: 5 },
            training,
          },
        }),
        ...{ teacher, name: "teacher" },
      }),
  ],
  [
    "force field",
    (run) =>
      trainForceField({
        ...run,
        settings: forceFieldSettingsSchema.parse({ network: { hidden: 16, layers: 1 }, training }),
        data: labelled,
      }),
  ],
  [
    "property",
    (run) =>
      trainProperty({
        ...run,
        settings: propertySettingsSchema.parse({
          ...{ property: "energy", network: { hidden: 16, layers: 1 }, training },
        }),
        data: labelled,
      }),
  ],
  [
    "conformers",
    (run) =>
      trainConformers({
        ...run,
        settings: conformerSettingsSchema.parse({
          ...{ network: { hidden: 32, localLayers: 1, globalLayers: 1 }, training },
        }),
        data: molecules,
      }),
  ],
  ...(["perceptron", "painn"] as const).map(
    (kind): readonly [string, (run: Run) => Promise<TrainingOutcome>] => [
      `coarse-grained, ${kind}`,
      (run) =>
        trainCg({
          ...run,
          settings: cgSettingsSchema.parse({
            ...{ network: { kind, hidden: 16, layers: 1 }, training: { ...training, validateEvery: 0 } },
            validation: { samples: 7, sampleSteps: 3 },
          }),
          data: chainDataset(chainSamples(60, 2, 3)),
        }),
    ],
  ),
];

const metrics = (out: string): MetricsLine[] =>
  readFileSync(join(out, "metrics.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
const state = async (out: string) => {
  const file = join(out, "checkpoints/last/state.safetensors");
  const { tensors } = await readSafetensors(file);
  return readState(file, tensors.get("parameters")?.data.length ?? 0);
};
const validations = (out: string): number[][] =>
  metrics(out)
    .map(({ validation }) => validation as Record<string, number> | undefined)
    .filter((figures) => figures !== undefined)
    .map((figures) => Object.values(figures));

/** A run in `size` ranks; the first one's outcome. */
async function trained(
  train: (run: Run) => Promise<TrainingOutcome>,
  out: string,
  size: number,
  more: (communicator: Communicator) => Partial<Run> = () => ({}),
): Promise<TrainingOutcome> {
  const outcomes = await onRanks(size, (communicator) => train({ out, communicator, ...more(communicator) }));
  for (const { steps, finished, interrupted } of outcomes)
    expect({ steps, finished, interrupted }).toEqual({
      steps: outcomes[0].steps,
      finished: outcomes[0].finished,
      interrupted: outcomes[0].interrupted,
    });
  return outcomes[0];
}

let folders = 0;
const folder = (): string => join(root, String(folders++));

describe.each(KINDS)("%s", (name, train) => {
  const byJax = name === "coarse-grained, perceptron";
  test("in two and three shares is what it is in one piece", async () => {
    const whole = folder();
    await train({ out: whole });
    const first = metrics(whole)[0];
    for (const size of [2, 3]) {
      const out = folder();
      await trained(train, out, size);
      const line = metrics(out)[0];
      // Items are the same bit for bit, and so is their mean; jax-js rounds by the shape of the batch.
      if (byJax) expect((line.loss as number) / (first.loss as number)).toBeCloseTo(1, 6);
      else expect(line.loss, `${size} ranks`).toBe(first.loss);
      expect((line.gradientNorm as number) / (first.gradientNorm as number)).toBeCloseTo(1, 4);
      const [a, b] = [await state(out), await state(whole)];
      expect(relativeDifference(a.optimizer.parameters, b.optimizer.parameters)).toBeLessThan(1e-4);
      expect({ ...a.position, seconds: 0, best: 0 }).toEqual({ ...b.position, seconds: 0, best: 0 });
      expect(metrics(out).map(({ step, molecules }) => [step, molecules])).toEqual(
        metrics(whole).map(({ step, molecules }) => [step, molecules]),
      );
      const [own, expected] = [validations(out), validations(whole)];
      expect(own.length).toBe(expected.length);
      own.flat().forEach((value, k) => {
        const wanted = expected.flat()[k];
        expect(Math.abs(value - wanted)).toBeLessThan(1e-3 * (1 + Math.abs(wanted)));
      });
    }
  }, 60_000);
});

test("a model of the lab: its gradient is the mean over rows, and shares draw what the whole batch draws", async () => {
  const settings = labSettingsSchema(ddpm).parse(
    mergeSettings(labPreset(ddpm, "two-moons", "points"), {
      model: { hidden: 16, blocks: 1, timeFeatures: 8 },
      training: { ...training, batchSize: 32, validateEvery: 2, clipping: 1e6 },
    }),
  );
  const train = (run: Run) => trainLab({ ...run, model: "ddpm", settings, data: labRows });
  const [whole, shared] = [folder(), folder()];
  await train({ out: whole });
  await trained(train, shared, 3);
  const [a, b] = [metrics(shared)[0], metrics(whole)[0]];
  // The compiled loss gives means: those of shares of 10, 11 and 11 rows.
  expect((a.loss as number) / (b.loss as number)).toBeCloseTo(1, 4);
  expect((a.gradientNorm as number) / (b.gradientNorm as number)).toBeCloseTo(1, 4);
  expect(
    relativeDifference((await state(shared)).optimizer.parameters, (await state(whole)).optimizer.parameters),
  ).toBeLessThan(1e-4);
});

describe("a run in ranks", () => {
  const edm = (run: Run, extra: Partial<TrainEdmOptions> = {}) =>
    trainEdm({ ...run, settings: edmSettings(), data: molecules, ...extra });
  /** Positions that the engine of each rank is given with a gradient to compute, batch by batch. */
  const watched = (seen: number[][]): Partial<TrainEdmOptions> => ({
    openEngine: async (config) => {
      const engine = await openEngine({ denoiser: config });
      return {
        ...engine,
        squaredError: (parameters, batch, ...rest) => {
          seen.push([...batch.positions]);
          return engine.squaredError(parameters, batch, ...rest);
        },
      };
    },
  });

  test("sees the batches of a run alone: the shares of a batch, one behind the other, are the batch", async () => {
    const alone: number[][] = [];
    const even = { data: { ...smallDataset(64), valid: smallDataset(4).train } }; // full batches, no empty share
    await edm({ out: folder() }, { ...even, ...watched(alone) });
    const ranks: number[][][] = [[], [], []];
    await trained(
      (run) => edm(run, { ...even, ...watched(ranks[run.communicator?.rank ?? 0]) }),
      folder(),
      3,
    );
    expect(alone).toHaveLength(8);
    alone.forEach((positions, step) => {
      expect(ranks.flatMap((seen) => seen[step])).toEqual(positions);
    });
  });

  test("goes on with another number of ranks from where it was interrupted, on whichever rank that was heard", async () => {
    const [whole, parted] = [folder(), folder()];
    await edm({ out: whole });
    const abort = new AbortController();
    const outcome = await trained(edm, parted, 2, ({ rank }) =>
      rank === 1
        ? { signal: abort.signal }
        : { onProgress: ({ step }) => void (step === 4 && abort.abort()) },
    );
    expect(outcome.interrupted).toBe(true);
    expect([4, 5]).toContain(outcome.steps); // the other rank may be a step ahead of the abort
    expect(await trained(edm, parted, 3, () => ({ resume: true }))).toMatchObject({ finished: true });
    const [a, b] = [await state(parted), await state(whole)];
    expect(relativeDifference(a.optimizer.parameters, b.optimizer.parameters)).toBeLessThan(1e-4);
    expect(a.optimizer.steps).toBe(b.optimizer.steps);
    expect(readdirSync(join(parted, "samples"))).toEqual(readdirSync(join(whole, "samples")));
  });

  test("with the same ranks ends in the same bytes, interrupted or not", async () => {
    const [whole, parted] = [folder(), folder()];
    await trained(edm, whole, 2);
    const abort = new AbortController();
    await trained(edm, parted, 2, ({ rank }) => ({
      signal: abort.signal,
      onProgress: ({ step }) => void (rank === 0 && step === 3 && abort.abort()),
    }));
    await trained(edm, parted, 2, () => ({ resume: true }));
    expect((await state(parted)).optimizer).toEqual((await state(whole)).optimizer);
  });

  test("reports on the first rank alone, whose folder it is", async () => {
    const reports: number[] = [];
    const out = folder();
    await trained(edm, out, 2, ({ rank }) => ({ onMetrics: () => reports.push(rank) }));
    expect(reports.length).toBe(metrics(out).length);
    expect(new Set(reports)).toEqual(new Set([0]));
  });

  test("ends on all ranks where one fails", async () => {
    const failing = (run: Run) =>
      edm(run, {
        openEngine: async (config) => {
          const engine = await openEngine({ denoiser: config });
          if (run.communicator?.rank === 0) return engine;
          return { ...engine, squaredError: () => Promise.reject(new Error("no memory left")) };
        },
      });
    const results = await Promise.allSettled(
      localCommunicators(2).map((communicator) => failing({ out: folder(), communicator })),
    );
    expect(results.map((result) => result.status === "rejected" && result.reason.message)).toEqual([
      "no memory left",
      "no memory left",
    ]);
  });

  test("stops on all ranks at a loss that is no number, and the first keeps the whole batch's losses", async () => {
    const out = folder();
    const poisoned = (run: Run) =>
      edm(run, {
        openEngine: async (config) => {
          const engine = await openEngine({ denoiser: config });
          return {
            ...engine,
            squaredError: async (...all) => {
              const errors = await engine.squaredError(...all);
              if (run.communicator?.rank === 1) errors.position[0] = Number.NaN;
              return errors;
            },
          };
        },
      });
    const results = await Promise.allSettled(
      localCommunicators(2).map((communicator) => poisoned({ out, communicator })),
    );
    for (const result of results)
      expect(result.status === "rejected" && result.reason.message).toMatch("the loss is not finite");
    const { losses, batch } = JSON.parse(readFileSync(join(out, "failure.json"), "utf8"));
    expect(losses.indexOf("NaN")).toBe(shareOf(batch.length, { rank: 1, size: 2 })[0]);
    expect(losses).toHaveLength(batch.length);
  });

  test("may have more ranks than a batch has items", async () => {
    const settings = edmSettings({ training: { ...training, batchSize: 2, steps: 3 } });
    const few = (run: Run) => edm(run, { settings });
    const [whole, shared] = [folder(), folder()];
    await few({ out: whole });
    await trained(few, shared, 4);
    expect(existsSync(join(shared, "checkpoints/best/model.safetensors"))).toBe(true);
    const [a, b] = [await state(shared), await state(whole)];
    expect(relativeDifference(a.optimizer.parameters, b.optimizer.parameters)).toBeLessThan(1e-4);
  });
});

test("shares are consecutive, cover everything once, and differ in size by one at most", () => {
  for (const [count, size] of [
    [64, 3],
    [2, 5],
    [0, 2],
    [7, 7],
  ]) {
    const shares = Array.from({ length: size }, (_, rank) => shareOf(count, { rank, size }));
    expect(shares[0][0]).toBe(0);
    expect(shares.at(-1)?.[1]).toBe(count);
    shares.slice(1).forEach(([begin], k) => {
      expect(begin).toBe(shares[k][1]);
    });
    const sizes = shares.map(([begin, end]) => end - begin);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

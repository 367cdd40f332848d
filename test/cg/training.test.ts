import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { fromMolecules } from "../../src/data/molecule-set.ts";
import type { Dataset } from "../../src/data/store.ts";
import { beadNetworkConfig } from "../../src/models/cg/config.ts";
import { loadCg } from "../../src/models/cg/folder.ts";
import { frameStatistics } from "../../src/models/cg/frames.ts";
import { sampleBeads } from "../../src/models/cg/generate.ts";
import { beadField } from "../../src/nets/beads/bead-field.ts";
import { cgSettingsSchema } from "../../src/train/cg/settings.ts";
import { trainCg } from "../../src/train/cg/train.ts";
import type { TrainingStart } from "../../src/train/training.ts";
import { relativeDifference } from "../shared.ts";
import { chainDataset, chainSamples, exactGradient, MODES } from "./chains.ts";

const folder = mkdtempSync(join(tmpdir(), "equimol-cg-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("trained on samples of a Gaussian chain", () => {
  const stiffness = 2;
  const samples = chainSamples(4000, stiffness, 3);
  const settings = cgSettingsSchema.parse({
    network: { hidden: 16, layers: 1 },
    training: { epochs: 60, batchSize: 200, learningRate: 1e-2, emaDecay: 0.99, warmupSteps: 50 },
    validation: { samples: 0 },
  });
  const trained = trainCg({ settings, data: chainDataset(samples), out: join(folder, "chain") }).then(() =>
    loadCg(join(folder, "chain/checkpoints/last")),
  );

  test("the score is the exact score of the noised chain", async () => {
    const { config, parameters } = await trained;
    for (const gamma of [-3, -1, 1, 3]) {
      // Noised samples of the chain, in units of the model's scale; there the stiffness is scale² times as large.
      const [alpha, sigma] = [1 / Math.sqrt(1 + Math.exp(gamma)), 1 / Math.sqrt(1 + Math.exp(-gamma))];
      const noise = chainSamples(500, 1, 6);
      const spread = chainSamples(500, stiffness, 5);
      const unit = noise.map((_, k) => {
        // White noise of the space from noise of the chain: each mode divided by its own deviation.
        const [row, d, i] = [k - (k % 12), k % 3, Math.floor(k / 3) % 4];
        return MODES.reduce((sum, { vector, value }) => {
          let amplitude = 0;
          for (let j = 0; j < 4; j++) amplitude += vector[j] * noise[row + 3 * j + d];
          return sum + vector[i] * amplitude * Math.sqrt(value);
        }, 0);
      });
      const z = spread.map((x, k) => (alpha * x) / config.scale + sigma * unit[k]);
      const gradient = new Float64Array(z.length);
      beadField(beadNetworkConfig(config), parameters, gamma).evaluate(z, gradient);
      const exact = exactGradient(z, stiffness * config.scale ** 2, gamma);
      expect(relativeDifference(gradient, exact), `γ = ${gamma}`).toBeLessThan(0.1);
    }
  });

  test("samples have the modes of the chain, and do not depend on how many are drawn", async () => {
    const model = await trained;
    const options = { seed: 2, sampler: "ancestral", steps: 100 } as const;
    const drawn = await sampleBeads(model, { ...options, count: 2000 });
    for (const { vector, value } of MODES) {
      let sum = 0;
      for (let k = 0; k < drawn.length; k += 12) {
        for (let d = 0; d < 3; d++) {
          let amplitude = 0;
          for (let i = 0; i < 4; i++) amplitude += vector[i] * drawn[k + 3 * i + d];
          sum += amplitude * amplitude;
        }
      }
      expect(Math.abs((sum / 6000) * stiffness * value - 1)).toBeLessThan(0.1);
    }
    const few = await sampleBeads(model, { ...options, count: 3, first: 1997 });
    expect(few).toEqual(drawn.slice(12 * 1997));
  });
});

test.each(["perceptron", "painn"])("%s: an interrupted run goes on to the same bytes", async (kind) => {
  const data = chainDataset(chainSamples(60, 2, 3));
  const settings = cgSettingsSchema.parse({
    network: { kind, hidden: 16, layers: 2 },
    training: { epochs: 4, batchSize: 20, validateEvery: 5, optimizer: "muon" },
    validation: { samples: 10, sampleSteps: 5 },
  });
  await trainCg({ settings, data, out: join(folder, `${kind}-whole`) });
  const abort = new AbortController();
  const out = join(folder, `${kind}-parts`);
  const interrupted = await trainCg({
    settings,
    data,
    out,
    signal: abort.signal,
    onProgress: ({ step }) => step === 4 && abort.abort(),
  });
  expect(interrupted).toMatchObject({ interrupted: true, steps: 4 });
  expect(await trainCg({ settings, data, out, resume: true })).toMatchObject({ finished: true });
  const bytes = (run: string): Buffer =>
    readFileSync(join(folder, run, "checkpoints/last/model.safetensors"));
  expect(bytes(`${kind}-parts`).equals(bytes(`${kind}-whole`))).toBe(true);
});

test("computes with the engine that is asked for, and says when it cannot be had", async () => {
  const settings = cgSettingsSchema.parse({
    network: { kind: "painn", hidden: 16, layers: 1 },
    training: { steps: 1, batchSize: 20 },
    validation: { samples: 0 },
  });
  const started: string[] = [];
  const options = {
    settings,
    data: chainDataset(chainSamples(60, 2, 3)),
    out: join(folder, "engine"),
    engine: "wasm",
    onStart: ({ engine }: TrainingStart) => started.push(engine),
  } as const;
  await trainCg(options);
  expect(started).toEqual([expect.stringMatching(/^wasm/)]);
  await expect(trainCg({ ...options, device: "webgpu" })).rejects.toThrow("computes on the CPU");
});

describe("data that do not fit", () => {
  const settings = cgSettingsSchema.parse({});
  const good = chainSamples(10, 2, 3);
  const attempt = (data: Dataset) => trainCg({ settings, data, out: join(folder, "never") });
  const water = { atomicNumbers: Uint8Array.of(8, 1, 1), positions: new Float64Array(9) };

  test("other beads in a frame", async () => {
    const data = chainDataset(good);
    const mixed = {
      ...data,
      train: fromMolecules([
        { atomicNumbers: Uint8Array.of(6, 6, 6, 6), positions: good.slice(0, 12) },
        { atomicNumbers: Uint8Array.of(6, 6, 6, 8), positions: good.slice(0, 12) },
        { atomicNumbers: Uint8Array.of(6, 6, 6, 6), positions: good.slice(0, 12) },
      ]),
    };
    await expect(attempt({ ...mixed, valid: data.train })).rejects.toThrow(
      'data set "chain", frame 2: beads C C C O, expected C C C C as in the first frame',
    );
  });
  test("too few beads", async () => {
    const train = fromMolecules([water, water, water]);
    await expect(attempt({ ...chainDataset(good), train, valid: train })).rejects.toThrow(
      'data set "chain" has 3 beads a frame; a coarse-grained model needs 4 or more',
    );
  });
  test("positions that are not finite", async () => {
    const broken = good.slice();
    broken[30] = Number.NaN;
    const train = chainDataset(broken).train;
    await expect(attempt({ ...chainDataset(good), train, valid: train })).rejects.toThrow(
      'data set "chain", frame 3: a position is not finite',
    );
  });
});

test("the scale makes a coordinate's variance one, on the degrees of freedom there are", () => {
  const { scale, distances } = frameStatistics(chainSamples(20_000, 2, 3), 4);
  const variance = MODES.reduce((sum, { value }) => sum + 1 / (2 * value), 0) / 3;
  expect(scale / Math.sqrt(variance)).toBeCloseTo(1, 2);
  expect(distances.means).toHaveLength(6);
  expect(distances.means[0]).toBeCloseTo(Math.sqrt(8 / Math.PI / 2), 1.5); // |bond|, normal in three directions
});

import { describe, expect, test } from "vitest";
import { loadNativeEngine } from "../../src/engines/egnn/native.ts";
import type { DenoiserEngine } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import type { Condition, ConditionValues } from "../../src/models/edm/condition.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { channelCount, encode } from "../../src/models/edm/features.ts";
import {
  type Generated,
  type GenerateOptions,
  generate,
  guidedPrediction,
} from "../../src/models/edm/generate.ts";
import { learnedObjective } from "../../src/models/edm/learned-objective.ts";
import { type EdmModel, modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { moleculeNoise } from "../../src/models/edm/noise.ts";
import { networkInput, trainingLoss } from "../../src/models/edm/objective.ts";
import { sweep } from "../../src/models/edm/sweep.ts";
import { widenedParameters } from "../../src/models/edm/widen.ts";
import { initialParameters, namedViews } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { methane } from "../chem/molecules.ts";
import { maxDifference } from "../shared.ts";

await jax.init("wasm");

const CONDITION: Condition = {
  properties: [
    { name: "alpha", unit: "a0³", mean: 75, mad: 6, min: 50, max: 100 },
    { name: "mu", mean: 2, mad: 1, min: 0, max: 5 },
  ],
  fade: true,
  scale: 2,
  intervals: 10,
  joint: [
    [3, 1, 2, 4],
    [5, 4, 4, 3],
    [6, 8, 4, 3],
  ],
};
const plainConfig: EdmConfig = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 16, layers: 2, coordsRange: 3, normalizationFactor: 4 },
  schedule: { kind: "polynomial", steps: 50 },
  features: {},
  elements: [1, 6, 7, 8, 9],
  sizes: { 3: 1, 5: 2, 6: 1 },
});
const config: EdmConfig = edmConfigSchema.parse({ ...plainConfig, condition: CONDITION });
const C = channelCount(config);

const lively = (of: EdmConfig, seed = 3): EdmModel => {
  const layout = modelLayout(of).map((spec) =>
    spec.name.endsWith("coord.2.weight") ? { ...spec, bound: 0.3 } : spec,
  );
  return modelOf(of, initialParameters(layout, seed));
};
const plain = lively(plainConfig);
const model = lively(config);
const engine = createJaxEngine(dynamicsConfig(config));
const sizes = Int32Array.of(5, 3, 6);
const z = moleculeNoise(sizes, C, { seed: 1, purpose: "test" }, [0, 1, 2], 0);
const asked: readonly { readonly values?: ConditionValues }[] = [
  { values: { alpha: 80, mu: 1 } },
  { values: { alpha: 60 } },
  {},
];

async function generated(options: Partial<GenerateOptions>, of = model, by = engine): Promise<Generated[]> {
  const all: Generated[] = [];
  const base = { count: 6, seed: 1, sampler: "ancestral", steps: 8 } as const;
  for await (const batch of generate(of, by, { ...base, ...options })) all.push(...batch);
  return all;
}
const positions = (all: readonly Generated[]): number[][] =>
  all.map(({ molecule }) => [...molecule.positions]);

describe("the condition's channels", () => {
  test("stand behind time: value in mean absolute deviations and 1, times the scale, or zeros where it is unknown", () => {
    const labelled = { ...methane(), properties: { alpha: 81, mu: 1.5, name: "x" } };
    const half = { ...methane(), properties: { mu: 4 } };
    const { context } = encode(config, [labelled, half, methane()]);
    expect([...(context ?? [])]).toEqual([2, 2, -1, 2, 0, 0, 4, 2, 0, 0, 0, 0]);
    const batch = networkInput(
      Int32Array.of(1, 2),
      new Float64Array(3 * C),
      [0.25, 0.5],
      C,
      Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    );
    const rows = [0, 1, 2].map((a) => [...batch.features.subarray(11 * a, 11 * (a + 1))]);
    const nothing = [0, 0, 0, 0, 0, 0];
    expect(rows).toEqual([
      [...nothing, 0.25, 1, 2, 3, 4],
      [...nothing, 0.5, 5, 6, 7, 8],
      [...nothing, 0.5, 5, 6, 7, 8],
    ]);
    expect(dynamicsConfig(config)).toMatchObject({ inFeatures: 11, outFeatures: 6 });
  });

  test("are not there in an unconditional model", () => {
    expect(encode(plainConfig, [methane()]).context).toBeUndefined();
    expect(dynamicsConfig(plainConfig).inFeatures).toBe(7);
  });

  test("reach the network: another value or an unknown one changes the prediction", async () => {
    const predict = (values: Record<string, number>) =>
      guidedPrediction(model, engine, sizes, [{ values }, { values }, { values }])(z, 0.5);
    const [a, b, none] = [await predict({ alpha: 80 }), await predict({ alpha: 70 }), await predict({})];
    expect(maxDifference(a, b)).toBeGreaterThan(1e-4);
    expect(maxDifference(a, none)).toBeGreaterThan(1e-4);
  });

  test.skipIf(loadNativeEngine(dynamicsConfig(config), { threads: 1 }) === undefined)(
    "mean the same to the native engine: predictions to 5e-6, gradients to 1e-4 of the largest",
    async () => {
      const native = loadNativeEngine(dynamicsConfig(config), { threads: 1 }) as DenoiserEngine;
      const [ours, theirs] = await Promise.all(
        [engine, native].map((by) => guidedPrediction(model, by, sizes, asked, 1.5)(z, 0.5)),
      );
      expect(maxDifference(ours, theirs)).toBeLessThan(5e-6);
      const molecules = [methane(), methane(), methane()].map((molecule, m) => ({
        ...molecule,
        properties: { ...asked[m].values },
      }));
      const batch = encode(config, molecules);
      const draws = {
        timeSteps: Int32Array.of(1, 20, 50),
        noise: moleculeNoise(batch.sizes, C, { seed: 2, purpose: "test" }, [0, 1, 2], 0),
      };
      const gradients = [];
      const losses = [];
      for (const by of [engine, native]) {
        const gradient = new Float32Array(model.network.length);
        const objective = { kind: "l2", normalizingAtoms: 5 } as const;
        losses.push(
          await trainingLoss(config, model.schedule, objective, by, model.network, batch, draws, gradient),
        );
        gradients.push(gradient);
      }
      expect(maxDifference(losses[0], losses[1])).toBeLessThan(1e-5);
      expect(maxDifference(gradients[0], gradients[1])).toBeLessThan(
        1e-4 * Math.max(...gradients[0].map(Math.abs)),
      );
      const context = namedViews(modelLayout(config), gradients[0]).get("embedding.weight") as Float32Array;
      expect(Math.max(...[7, 8, 9, 10].map((k) => Math.abs(context[k])))).toBeGreaterThan(0);
      native.dispose();
    },
  );

  test("are part of the objective with a learned schedule", async () => {
    const learned: EdmConfig = { ...config, schedule: { kind: "learned", steps: 50 } };
    const { parameters, network, schedule } = lively(learned);
    const molecules = [{ ...methane(), properties: { alpha: 90 } }, methane()];
    const batch = encode(learned, molecules);
    const noise = moleculeNoise(batch.sizes, C, { seed: 3, purpose: "test" }, [0, 1], 0);
    const draws = { timeSteps: Int32Array.of(10, 30), noise };
    const objective = learnedObjective(learned);
    const losses = await objective.lossAndGradient(
      parameters,
      batch,
      draws,
      new Float32Array(parameters.length),
    );
    const fixed = await trainingLoss(
      learned,
      schedule,
      { kind: "vlb", normalizingAtoms: 5 },
      engine,
      network,
      batch,
      draws,
      new Float32Array(network.length),
    );
    for (const m of [0, 1]) expect(Math.abs(losses[m] / fixed[m] - 1)).toBeLessThan(5e-3);
    objective.dispose();
  });
});

describe("guidance", () => {
  test("of weight 0 is the conditional model, of −1 the unconditional one, and w is linear between", async () => {
    const at = (w: number) => guidedPrediction(model, engine, sizes, asked, w)(z, 0.3);
    const [plainly, zero, minus, two] = [
      await guidedPrediction(model, engine, sizes, asked)(z, 0.3),
      await at(0),
      await at(-1),
      await at(2),
    ];
    const unconditional = await guidedPrediction(model, engine, sizes, [{}, {}, {}])(z, 0.3);
    expect(zero).toEqual(plainly);
    expect(maxDifference(minus, unconditional)).toBeLessThan(1e-12);
    const expected = zero.map((e, k) => 3 * e - 2 * unconditional[k]);
    expect(maxDifference(two, expected)).toBeLessThan(1e-12);
    expect(maxDifference(two, zero)).toBeGreaterThan(1e-4);
  });

  test("of weight 0 gives the same molecules as none, of weight 3 others", async () => {
    const condition = [{ alpha: 80, mu: 2 }];
    const [none, zero, strong] = await Promise.all(
      [{}, { guidance: 0 }, { guidance: 3 }].map((o) => generated({ condition, ...o })),
    );
    expect(positions(zero)).toEqual(positions(none));
    expect(positions(strong)).not.toEqual(positions(none));
  });
});

describe("a conditional model that starts from an unconditional one", () => {
  const wide = modelOf(config, widenedParameters(plain, config));
  const plainEngine = createJaxEngine(dynamicsConfig(plainConfig));

  test("computes the same function whatever is asked", async () => {
    const before = await guidedPrediction(plain, plainEngine, sizes, [{}, {}, {}])(z, 0.4);
    for (const w of [0, 2]) {
      const after = await guidedPrediction(wide, engine, sizes, asked, w)(z, 0.4);
      expect(maxDifference(after, before)).toBeLessThan(2e-6);
    }
  });

  test("has a gradient in its new channels, so that it learns them", async () => {
    const batch = encode(config, [{ ...methane(), properties: { alpha: 90, mu: 1 } }]);
    const draws = {
      timeSteps: Int32Array.of(25),
      noise: moleculeNoise(batch.sizes, C, { seed: 4, purpose: "test" }, [0], 0),
    };
    const gradient = new Float32Array(wide.network.length);
    const objective = { kind: "l2", normalizingAtoms: 5 } as const;
    await trainingLoss(config, wide.schedule, objective, engine, wide.network, batch, draws, gradient);
    const own = namedViews(modelLayout(config), gradient).get("embedding.weight") as Float32Array;
    for (const channel of [7, 8, 9, 10]) {
      const column = Array.from({ length: 16 }, (_, row) => own[11 * row + channel]);
      expect(Math.max(...column.map(Math.abs))).toBeGreaterThan(1e-6);
    }
  });

  test("widens a network without equivariance, too", async () => {
    const gnn = (of: EdmConfig): EdmConfig => ({ ...of, network: { ...of.network, kind: "gnn" } });
    const before = lively(gnn(plainConfig));
    const after = modelOf(gnn(config), widenedParameters(before, gnn(config)));
    const [a, b] = [
      await guidedPrediction(before, createJaxEngine(dynamicsConfig(before.config)), sizes, [{}, {}, {}])(
        z,
        0.4,
      ),
      await guidedPrediction(after, createJaxEngine(dynamicsConfig(after.config)), sizes, asked)(z, 0.4),
    ];
    expect(maxDifference(a, b)).toBeLessThan(2e-6);
  });

  test("is refused where the networks differ in more", () => {
    for (const change of [{ sublayers: 2 }, { hidden: 8 }, { layers: 1 }, { attention: false }]) {
      const other = { ...config, network: { ...config.network, ...change } };
      expect(() => widenedParameters(plain, other)).toThrow("does not hold the model's");
    }
  });
});

describe("a larger network that starts from a smaller one", () => {
  test.each([
    ["units", { hidden: 24 }],
    ["layers", { layers: plainConfig.network.layers + 2 }],
    ["units, layers and channels", { hidden: 40, layers: plainConfig.network.layers + 1 }],
  ])("computes the same function with more %s, and all that is new has a gradient", async (what, change) => {
    const target = what.includes("channels") ? config : plainConfig;
    const grownConfig: EdmConfig = { ...target, network: { ...target.network, ...change } };
    const grown = modelOf(grownConfig, widenedParameters(plain, grownConfig));
    const grownEngine = createJaxEngine(dynamicsConfig(grownConfig));
    const before = await guidedPrediction(plain, createJaxEngine(dynamicsConfig(plainConfig)), sizes, [
      {},
      {},
      {},
    ])(z, 0.4);
    const after = await guidedPrediction(grown, grownEngine, sizes, [{}, {}, {}])(z, 0.4);
    expect(maxDifference(after, before)).toBeLessThan(5e-6);

    const batch = encode(grownConfig, [methane()]);
    const draws = {
      timeSteps: Int32Array.of(25),
      noise: moleculeNoise(batch.sizes, C, { seed: 4, purpose: "test" }, [0], 0),
    };
    const gradient = new Float32Array(grown.network.length);
    const objective = { kind: "l2", normalizingAtoms: 5 } as const;
    await trainingLoss(
      grownConfig,
      grown.schedule,
      objective,
      grownEngine,
      grown.network,
      batch,
      draws,
      gradient,
    );
    const views = namedViews(modelLayout(grownConfig), gradient);
    const last = grownConfig.network.layers - 1;
    const own = views.get(`blocks.${last}.gcl.0.node.1.weight`) as Float32Array; // [hidden, hidden]
    const column = Array.from({ length: 16 }, (_, row) => own[row * grownConfig.network.hidden + 15]);
    expect(Math.max(...column.map(Math.abs))).toBeGreaterThan(1e-9);
  });
});

describe("conditional generation", () => {
  test("of molecule i is the same in any batch and shard, with values given or drawn", async () => {
    const values: readonly ConditionValues[] = [{ alpha: 60 }, { alpha: 90, mu: 3 }];
    for (const condition of [undefined, values]) {
      const given = condition && { condition };
      const whole = await generated({ ...given });
      const parts = [
        ...(await generated({ ...given, count: 2, batchSize: 1 })),
        ...(await generated({ ...given, first: 2, count: 4, batchSize: 3 })),
      ];
      expect(parts.map((each) => each.condition)).toEqual(whole.map((each) => each.condition));
      expect(positions(parts)).toEqual(positions(whole));
    }
  });

  test("says what each molecule was asked to be: given values in turn, the rest drawn; nothing with none", async () => {
    const inTurn = await generated({ condition: [{ alpha: 60 }, { alpha: 90, mu: 3 }], count: 3 });
    expect(inTurn.map(({ condition }) => condition?.alpha)).toEqual([60, 90, 60]);
    expect(inTurn[1].condition?.mu).toBe(3);
    expect(inTurn[0].condition?.mu).toBeGreaterThanOrEqual(0);
    const none = await generated({ condition: "none", count: 2 });
    expect(none.map(({ condition }) => condition)).toEqual([undefined, undefined]);
  });

  test("at fixed noise differs along a sweep by the condition alone", async () => {
    const options = { property: "alpha", from: 60, to: 100, frames: 3, fixedNoise: true, seed: 1, count: 2 };
    const all = await generated(sweep(CONDITION, options));
    expect(all.map(({ condition }) => condition?.alpha)).toEqual([60, 80, 100, 60, 80, 100]);
    const atoms = all.map(({ molecule }) => molecule.atomicNumbers.length);
    expect(atoms.slice(0, 3)).toEqual(Array(3).fill(atoms[0]));
    expect(positions(all)[0]).not.toEqual(positions(all)[1]);
    const wide = modelOf(config, widenedParameters(plain, config)); // does not know the condition
    const same = positions(await generated(sweep(CONDITION, options), wide));
    expect([same[1], same[2], same[4], same[5]]).toEqual([same[0], same[0], same[3], same[3]]);
    expect(same[0]).not.toEqual(same[3]);
  });

  test("without fixed noise draws every frame by itself; sweeps join in shards and keep their sizes", async () => {
    const options = {
      property: "alpha",
      from: 60,
      to: 90,
      frames: 2,
      fixedNoise: false,
      seed: 1,
      sizes: [3, 5],
    };
    const whole = await generated(sweep(CONDITION, { ...options, count: 3 }));
    const rest = await generated(sweep(CONDITION, { ...options, count: 2, first: 1 }));
    expect(whole.map(({ molecule }) => molecule.atomicNumbers.length)).toEqual([3, 3, 5, 5, 3, 3]);
    expect(positions(rest)).toEqual(positions(whole).slice(2));
  });
});

import { describe, expect, test } from "vitest";
import type { Molecule } from "../../src/chem/molecule.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { encode } from "../../src/models/edm/features.ts";
import { learnedObjective } from "../../src/models/edm/learned-objective.ts";
import { modelLayout, modelOf } from "../../src/models/edm/model.ts";
import { moleculeNoise } from "../../src/models/edm/noise.ts";
import { trainingLoss } from "../../src/models/edm/objective.ts";
import { initialParameters, namedViews } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { WATER } from "../chem/molecules.ts";
import { maxDifference } from "../shared.ts";

await jax.init("wasm");

const config: EdmConfig = edmConfigSchema.parse({
  kind: "edm",
  format: 1,
  network: { hidden: 12, layers: 1, normalizationFactor: 4, coordsRange: 3 },
  schedule: { kind: "learned", steps: 50 },
  features: {},
  elements: [1, 8],
  sizes: { 3: 1 },
});
const layout = modelLayout(config);
const parameters = initialParameters(layout, 1);
// A fresh γ is almost a straight line; bend it.
namedViews(layout, parameters).forEach((view, name) => {
  if (name === "gamma.second.weight")
    view.forEach((_, k) => {
      view[k] = 3 + (k % 7);
    });
  if (name === "gamma.second.bias")
    view.forEach((_, k) => {
      view[k] = -2 * (k % 3);
    });
  if (name === "gamma.third.weight") view.fill(-1);
});
const { schedule, network } = modelOf(config, parameters);
const hydroxide: Molecule = {
  atomicNumbers: Uint8Array.of(8, 1),
  positions: Float64Array.of(0, 0, 0, 0.96, 0, 0),
};
const batch = encode(config, [WATER, WATER, hydroxide]);
const draws = {
  timeSteps: Int32Array.of(0, 20, 50),
  noise: moleculeNoise(batch.sizes, 6, { seed: 1, purpose: "test" }, [0, 1, 2], 0),
};

describe("the learned schedule", () => {
  test("is monotone and begins and ends where its parameters say", () => {
    expect(schedule.gamma(0)).toBeCloseTo(-5, 6);
    expect(schedule.gamma(1)).toBeCloseTo(10, 6);
    for (let k = 0; k < 50; k++) expect(schedule.gamma((k + 1) / 50)).toBeGreaterThan(schedule.gamma(k / 50));
  });

  test("its objective is the bound that fixed schedules are trained with", async () => {
    const objective = learnedObjective(config);
    const gradient = new Float32Array(parameters.length);
    const learned = await objective.lossAndGradient(parameters, batch, draws, gradient);
    const engine = createJaxEngine(dynamicsConfig(config));
    const networkGradient = new Float32Array(network.length);
    const fixed = await trainingLoss(
      config,
      schedule,
      { kind: "vlb", normalizingAtoms: 3 },
      engine,
      network,
      batch,
      draws,
      networkGradient,
    );
    for (let m = 0; m < 3; m++) expect(Math.abs(learned[m] / fixed[m] - 1)).toBeLessThan(5e-3); // γ differs in the fifth digit in single precision
    const scale = Math.max(...networkGradient.map(Math.abs));
    expect(maxDifference(gradient.subarray(0, network.length), networkGradient) / scale).toBeLessThan(5e-3);
  });

  test("its gradient is the slope of the loss", async () => {
    const objective = learnedObjective(config);
    const gradient = new Float32Array(parameters.length);
    const engine = createJaxEngine(dynamicsConfig(config));
    const mean = async (values: Float32Array): Promise<number> => {
      const model = modelOf(config, values); // γ in double precision
      const unused = new Float32Array(model.network.length);
      const objective = { kind: "vlb", normalizingAtoms: 3 } as const;
      const losses = await trainingLoss(
        config,
        model.schedule,
        objective,
        engine,
        model.network,
        batch,
        draws,
        unused,
      );
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    };
    await objective.lossAndGradient(parameters, batch, draws, gradient);
    const slopes = namedViews(layout, gradient);
    // The ends of γ, and one half of the inner biases together: that bends the schedule.
    for (const [name, count] of [
      ["gamma.start", 1],
      ["gamma.end", 1],
      ["gamma.second.bias", 512],
    ] as const) {
      const shifted = (by: number): Float32Array => {
        const values = parameters.slice();
        const view = namedViews(layout, values).get(name) as Float32Array;
        for (let k = 0; k < count; k++) view[k] += by;
        return values;
      };
      const slope = ((await mean(shifted(0.05))) - (await mean(shifted(-0.05)))) / 0.1;
      const expected = (slopes.get(name) as Float32Array)
        .subarray(0, count)
        .reduce((sum, value) => sum + value, 0);
      expect(Math.abs(expected), name).toBeGreaterThan(0.1);
      expect(Math.abs(slope / expected - 1), name).toBeLessThan(0.05);
    }
  });
});

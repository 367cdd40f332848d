import { describe, expect, test } from "vitest";
import { scheduleFrom } from "../../src/diffusion/schedule.ts";
import { atomOffsets } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import type { EncodedBatch } from "../../src/models/edm/features.ts";
import { priorKl, reconstructionConstants } from "../../src/models/edm/likelihood-terms.ts";
import { trainingLoss } from "../../src/models/edm/objective.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { namedViews } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { ENGINES } from "../engines/engines.ts";
import { type ForwardFixture, fixtureConfig, flatWeights, raggedBatch, unpad } from "../nets/edm-fixture.ts";
import { type FixtureTensor, maxDifference, readFixture, relativeDifference } from "../shared.ts";

await jax.init("wasm");

interface LossFixture {
  readonly weights_from: string;
  readonly inputs: Readonly<Record<"node_mask", FixtureTensor>>;
  readonly t_int: FixtureTensor;
  readonly eps: FixtureTensor;
  readonly per_molecule_loss64: FixtureTensor;
  readonly loss64: FixtureTensor;
  readonly grads: Readonly<Record<string, FixtureTensor>>;
  readonly pieces: Readonly<
    Record<"kl_prior" | "log_constants_p_x_given_z0" | "xh_normalized", FixtureTensor>
  >;
}

const engines = [
  { name: "jax-js", load: async (config: DynamicsConfig) => createJaxEngine(config) },
  ...ENGINES,
];

describe("the training loss is the published one", () => {
  test.each(engines)("by $name: loss to 1e-5, gradients to 1e-4", async ({ load }) => {
    const fixture = readFixture<LossFixture>("edm_loss_l2_train_t_mixed");
    const weights = readFixture<ForwardFixture>(fixture.weights_from);
    const network = fixtureConfig(weights);
    const engine = await load(network);
    const parameters = flatWeights(network, weights.weights);
    const config: EdmConfig = edmConfigSchema.parse({
      kind: "edm",
      format: 1,
      network: {},
      schedule: { kind: "polynomial" },
      features: {},
      elements: [1, 6, 7, 8, 9],
      sizes: { 11: 1 },
    });
    const schedule = scheduleFrom({ kind: "polynomial", power: 2, precision: 1e-5, steps: 1000 });
    const mask = fixture.inputs.node_mask;
    const xh = unpad(fixture.pieces.xh_normalized, mask.data);
    const { sizes } = raggedBatch(xh, mask, [0, 0, 0], network);
    const batch: EncodedBatch = { sizes, offsets: atomOffsets(sizes), xh };
    const gradient = new Float32Array(parameters.length);
    const losses = await trainingLoss(
      config,
      schedule,
      { kind: "l2", normalizingAtoms: mask.shape[1] },
      engine,
      parameters,
      batch,
      { timeSteps: Int32Array.from(fixture.t_int.data), noise: unpad(fixture.eps, mask.data) },
      gradient,
    );
    expect(relativeDifference(losses, fixture.per_molecule_loss64.data)).toBeLessThan(1e-5);
    for (let m = 0; m < losses.length; m++) {
      expect(losses[m] / fixture.per_molecule_loss64.data[m]).toBeCloseTo(1, 5);
    }
    const expected = namedViews(dynamicsLayout(network), flatWeights(network, fixture.grads));
    for (const [tensor, values] of namedViews(dynamicsLayout(network), gradient)) {
      const reference = expected.get(tensor) as Float32Array;
      expect(relativeDifference(values, reference), tensor).toBeLessThan(1e-4);
    }
    expect(maxDifference(priorKl(config, schedule, batch), fixture.pieces.kl_prior.data)).toBeLessThan(1e-5);
    const constants = reconstructionConstants(schedule, sizes);
    expect(
      maxDifference(
        constants.map((c) => -c),
        fixture.pieces.log_constants_p_x_given_z0.data,
      ),
    ).toBeLessThan(1e-4);
    engine.dispose();
  });
});

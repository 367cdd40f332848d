import { describe, expect, test } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { jax } from "../../src/platform/jax.ts";
import { ENGINES } from "../engines/engines.ts";
import { maxDifference, readFixture } from "../shared.ts";
import { type ForwardFixture, fixtureConfig, flatWeights, raggedBatch, unpad } from "./edm-fixture.ts";

await jax.init("wasm");

describe.each(["edm_egnn_forward", "edm_forward_variant_sin_mean"])("the published network, %s", (name) => {
  const fixture = readFixture<ForwardFixture>(name);
  const config = fixtureConfig(fixture);
  const mask = fixture.node_mask.data;
  const batch = raggedBatch(unpad(fixture.xh, mask), fixture.node_mask, fixture.t.data, config);
  const parameters = flatWeights(config, fixture.weights);
  const published = unpad(fixture.out64, mask);
  // The published mean divides by all atoms of the padded molecule.
  const meanOver = fixture.node_mask.shape[1];

  test("the definition's output is within 5e-6 of its float64 run", async () => {
    const engine = createJaxEngine(config, { meanOver });
    expect(maxDifference(await engine.forward(parameters, batch), published)).toBeLessThan(5e-6);
    engine.dispose();
  });

  test.each(ENGINES)("so is that of $name", async ({ load }) => {
    const engine = await load(config);
    const output = await engine.forward(parameters, batch, { meanOver });
    expect(maxDifference(output, published)).toBeLessThan(5e-6);
    engine.dispose();
  });
});

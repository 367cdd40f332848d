import { describe, expect, test } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { jax } from "../../src/platform/jax.ts";
import { fixtureNames, maxDifference, readFixture } from "../shared.ts";
import { type ForwardFixture, fixtureConfig, flatWeights, raggedBatch, unpad } from "./edm-fixture.ts";

await jax.init("wasm");

const names = [...fixtureNames("edm_egnn_forward"), ...fixtureNames("edm_forward_")];

describe.skipIf(names.length === 0)("the EGNN computes what the published code computes", () => {
  test.each(names)("%s: output within 5e-6 of its float64 run", async (name) => {
    const fixture = readFixture<ForwardFixture>(name);
    const config = fixtureConfig(fixture);
    const mask = fixture.node_mask.data;
    // The published mean divides by all atoms of the padded molecule.
    const engine = createJaxEngine(config, { meanOver: fixture.node_mask.shape[1] });
    const batch = raggedBatch(unpad(fixture.xh, mask), fixture.node_mask, fixture.t.data, config);
    const out = await engine.forward(flatWeights(config, fixture.weights), batch);
    expect(maxDifference(out, unpad(fixture.out64, mask))).toBeLessThan(5e-6);
    engine.dispose();
  });
});

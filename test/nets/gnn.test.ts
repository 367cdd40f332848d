import { expect, test } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { jax } from "../../src/platform/jax.ts";
import { randomBatch, randomParameters } from "../engines/cases.ts";
import { referenceForward } from "../engines/reference.ts";
import { maxDifference } from "../shared.ts";
import { TINY } from "./tiny-network.ts";

await jax.init("wasm");

test.each([[[1]], [[4]], [[3, 5, 1]]])(
  "the baseline is the published one, molecules of %j atoms",
  async (sizes) => {
    const config = { ...TINY, network: "gnn" as const };
    const engine = createJaxEngine(config);
    const [parameters, batch] = [randomParameters(config), randomBatch(config, sizes)];
    const output = await engine.forward(parameters, batch);
    engine.dispose();
    expect(maxDifference(output, referenceForward(config, parameters, batch))).toBeLessThan(2e-6);
  },
);

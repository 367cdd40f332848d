import { describe, expect, test } from "vitest";
import { createJaxAtomwiseEngine } from "../../../src/engines/jax-atomwise-engine.ts";
import { jax } from "../../../src/platform/jax.ts";
import { relativeDifference } from "../../shared.ts";
import { lively, randomMolecules, SMALL } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

describe.each(["painn", "schnet", "dimenet++", "dimenet", "mpnn, sum and GRU"] as const)("%s", (name) => {
  test("with a neighbour list is what it is with all pairs", async () => {
    const config = SMALL[name];
    const parameters = lively(config);
    const batch = randomMolecules([7, 12, 1], 6);
    const coefficients = new Float32Array(20).map((_, k) => Math.sin(k));
    const results = [];
    for (const denseUpTo of [40, 0]) {
      const engine = createJaxAtomwiseEngine(config, { denseUpTo });
      const gradient = new Float32Array(parameters.length);
      await engine.parameterGradient(parameters, batch, coefficients, gradient);
      results.push({ ...(await engine.positionGradient(parameters, batch)), byParameters: gradient });
      engine.dispose();
    }
    const [dense, listed] = results;
    // Bessel functions amplify the error of jax-js' sines, which differ in the lanes of a vector.
    const rounding = config.kind.startsWith("dimenet") ? 1e-3 : 1e-5;
    expect(relativeDifference(listed.outputs, dense.outputs)).toBeLessThan(rounding);
    expect(relativeDifference(listed.gradient, dense.gradient)).toBeLessThan(10 * rounding);
    expect(relativeDifference(listed.byParameters, dense.byParameters)).toBeLessThan(10 * rounding);
  });
});

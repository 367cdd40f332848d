/** The readable definition in jax-js and the kernels are the same function with the same gradients. */
import { beforeAll, describe, expect, it } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { relativeDifference } from "../shared.ts";
import { BASE, randomBatch, randomParameters, randomTarget, VARIANTS } from "./cases.ts";
import { ENGINES } from "./engines.ts";

beforeAll(() => prepareRuntime("auto"));

/** Sizes that pad, twice the same, and a lone atom. */
const SIZES = [5, 1, 7, 5];

for (const [variant, config] of Object.entries(VARIANTS)) {
  describe(`with ${variant}`, () => {
    const parameters = randomParameters(config);
    const batch = randomBatch(config, SIZES);
    const target = randomTarget(config, batch);
    // Both embed distances in float32, of which the highest frequency turns the last bits into angles.
    const tolerance = config.sinEmbedding ? 1e-3 : 1e-5;

    it("agrees with jax-js", async () => {
      const jax = createJaxEngine(config);
      const output = await jax.forward(parameters, batch);
      const gradient = new Float32Array(parameters.length);
      const errors = await jax.squaredError(parameters, batch, target, gradient);
      jax.dispose();
      for (const { load, name } of ENGINES) {
        const engine = await load(config);
        const mine = new Float32Array(parameters.length);
        const myErrors = await engine.squaredError(parameters, batch, target, mine);
        expect(relativeDifference(await engine.forward(parameters, batch), output), name).toBeLessThan(
          tolerance,
        );
        expect(relativeDifference(mine, gradient), name).toBeLessThan(tolerance);
        expect(relativeDifference(myErrors.position, errors.position), name).toBeLessThan(tolerance);
        expect(relativeDifference(myErrors.feature, errors.feature), name).toBeLessThan(tolerance);
        engine.dispose();
      }
    });
  });
}

it("what does not fit the memory of jax-js is said in one line", async () => {
  const engine = createJaxEngine(BASE);
  const batch = randomBatch(BASE, [5000]);
  await expect(engine.forward(randomParameters(BASE), batch)).rejects.toThrow(/^jax engine: the 4 GB/);
});

import { describe, expect, it } from "vitest";
import { stream } from "../../src/math/random.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { tensorSize } from "../../src/nets/layers/parameters.ts";
import { relativeDifference } from "../shared.ts";
import { randomBatch, randomParameters, randomTarget, VARIANTS } from "./cases.ts";
import { ENGINES } from "./engines.ts";
import { referenceForward, referenceLoss } from "./reference.ts";

const SIZES = [1, 2, 3, 6, 4];

/** A direction for each tensor, normal within it and zero elsewhere. */
function directions(config: DynamicsConfig): Float64Array[] {
  const random = stream({ seed: 7, purpose: "test" });
  const layout = dynamicsLayout(config);
  const total = randomParameters(config).length;
  let at = 0;
  return layout.map(({ shape }) => {
    const direction = new Float64Array(total);
    for (let k = tensorSize(shape); k > 0; k--) direction[at++] = random.normal();
    return direction;
  });
}

/** dL/dε of the float64 reference along a direction, by central differences. */
function referenceSlope(config: DynamicsConfig, direction: Float64Array): number {
  const parameters = randomParameters(config);
  const batch = randomBatch(config, SIZES);
  const target = randomTarget(config, batch);
  const loss = (epsilon: number): number =>
    referenceLoss(
      config,
      Float64Array.from(parameters, (p, k) => p + epsilon * direction[k]),
      batch,
      target,
      {
        embeddingFrom: parameters,
      },
    );
  const step = 1e-5;
  return (loss(step) - loss(-step)) / (2 * step);
}

for (const [variant, config] of Object.entries(VARIANTS)) {
  describe(`with ${variant}`, () => {
    const parameters = randomParameters(config);
    const batch = randomBatch(config, SIZES);
    const target = randomTarget(config, batch);
    const along = directions(config);
    const slopes = along.map((direction) => referenceSlope(config, direction));

    it.each(ENGINES)("$name computes the network", async ({ load }) => {
      const engine = await load(config);
      const output = await engine.forward(parameters, batch);
      expect(relativeDifference(output, referenceForward(config, parameters, batch))).toBeLessThan(1e-6);
      engine.dispose();
    });

    it.each(ENGINES)("$name differentiates every tensor as finite differences do", async ({ load }) => {
      const engine = await load(config);
      const gradient = new Float32Array(parameters.length);
      await engine.squaredError(parameters, batch, target, gradient);
      const mine = along.map((direction) => direction.reduce((sum, d, k) => sum + d * gradient[k], 0));
      for (const [k, slope] of slopes.entries()) {
        expect(Math.abs(mine[k] - slope), dynamicsLayout(config)[k].name).toBeLessThan(
          2e-5 * Math.max(1, Math.abs(slope)),
        );
      }
      engine.dispose();
    });

    it.each(ENGINES)("$name returns the squared errors of each molecule", async ({ load }) => {
      const engine = await load(config);
      const errors = await engine.squaredError(
        parameters,
        batch,
        target,
        new Float32Array(parameters.length),
      );
      const loss = SIZES.reduce(
        (sum, _, m) =>
          sum + target.positionWeight[m] * errors.position[m] + target.featureWeight[m] * errors.feature[m],
        0,
      );
      expect(loss / referenceLoss(config, parameters, batch, target)).toBeCloseTo(1, 5);
      engine.dispose();
    });
  });
}

it.each(ENGINES)("$name differentiates molecules too large to keep their activations", async ({ load }) => {
  const config = { ...VARIANTS["attention, tanh, sum"], layers: 8 };
  const engine = await load(config);
  const parameters = randomParameters(config);
  const batch = {
    ...randomBatch(config, [200]),
    positions: randomBatch(config, [200]).positions.map((x) => 4 * x),
  };
  const target = randomTarget(config, batch);
  const gradient = new Float32Array(parameters.length);
  await engine.squaredError(parameters, batch, target, gradient);
  const norm = Math.hypot(...gradient);
  const step = 1e-4;
  const loss = async (epsilon: number): Promise<number> => {
    const moved = parameters.map((p, k) => p + (epsilon * gradient[k]) / norm);
    const { position, feature } = await engine.squaredError(
      moved,
      batch,
      target,
      new Float32Array(parameters.length),
    );
    return target.positionWeight[0] * position[0] + target.featureWeight[0] * feature[0];
  };
  const slope = ((await loss(step)) - (await loss(-step))) / (2 * step);
  expect(slope / norm).toBeGreaterThan(0.99);
  expect(slope / norm).toBeLessThan(1.01);
  engine.dispose();
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AtomBatch } from "../../src/engines/engine.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { stream } from "../../src/math/random.ts";
import type { DynamicsConfig } from "../../src/nets/egnn/dynamics-layout.ts";
import { dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { rotationMatrix } from "../rotations.ts";
import { maxDifference } from "../shared.ts";
import { livelyParameters, TINY } from "./tiny-network.ts";

await jax.init("wasm");

const base: DynamicsConfig = { ...TINY, hidden: 24, sublayers: 2, coordsRange: 15, normalizationFactor: 1 };
const variants: readonly [string, DynamicsConfig][] = [
  ["as in the paper", base],
  [
    "without attention and tanh, mean aggregation",
    { ...base, attention: false, tanh: false, aggregation: "mean" },
  ],
  ["sine embedding, sum over 4", { ...base, sinEmbedding: true, normalizationFactor: 4 }],
];

const sizes = Int32Array.of(5, 3, 1, 5);
const A = 14;

function randomBatch(seed: number): AtomBatch {
  const random = stream({ seed, purpose: "test" });
  return {
    sizes,
    positions: random.normals(new Float32Array(3 * A)),
    features: random.normals(new Float32Array(7 * A)),
  };
}

/** Positions turned by R (row-major 3 × 3) and shifted; also for the first three channels of wider rows. */
function moved(values: Float32Array, channels: number, R: readonly number[], shift = 0): Float32Array {
  const out = values.slice();
  for (let row = 0; row < values.length; row += channels) {
    for (let d = 0; d < 3; d++) {
      out[row + d] = shift + [0, 1, 2].reduce((sum, e) => sum + R[3 * d + e] * values[row + e], 0);
    }
  }
  return out;
}

describe.each(variants)("the denoiser, %s", (_, config) => {
  const parameters = livelyParameters(config, 5);
  const engine = createJaxEngine(config);

  test("turns along with rotations and reflections and ignores translations", async () => {
    for (const [seed, determinant] of [
      [1, 1],
      [2, 1],
      [3, -1],
    ] as const) {
      const batch = randomBatch(seed);
      const R = rotationMatrix(seed, determinant);
      const out = await engine.forward(parameters, batch);
      const turned = await engine.forward(parameters, {
        ...batch,
        positions: moved(batch.positions, 3, R, 2),
      });
      expect(Math.max(...out.map(Math.abs))).toBeGreaterThan(0.1);
      expect(maxDifference(turned, moved(out, 9, R))).toBeLessThan(1e-4);
    }
  });

  // Sines of up to 429 rad/Å magnify the rounding of a distance in float32 by as much.
  const precision = config.sinEmbedding ? 1e-3 : 1e-4;

  test(`does so for any atoms, to ${precision} of its largest output`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1_000_000), fc.constantFrom<1 | -1>(1, -1), async (seed, determinant) => {
        const batch = randomBatch(seed);
        const R = rotationMatrix(seed, determinant);
        const out = await engine.forward(parameters, batch);
        const positions = moved(batch.positions, 3, R, 2);
        const turned = await engine.forward(parameters, { ...batch, positions });
        const largest = Math.max(...out.map(Math.abs));
        expect(largest).toBeGreaterThan(0.1);
        expect(maxDifference(turned, moved(out, 9, R))).toBeLessThan(precision * Math.max(1, largest));
      }),
      { numRuns: 15 },
    );
  });

  test("permutes along with the atoms", async () => {
    const batch = randomBatch(4);
    const swap = (values: Float32Array, channels: number): Float32Array => {
      const out = values.slice();
      out.set(values.subarray(0, channels), 4 * channels);
      out.set(values.subarray(4 * channels, 5 * channels), 0);
      return out;
    };
    const out = await engine.forward(parameters, batch);
    const swapped = await engine.forward(parameters, {
      sizes,
      positions: swap(batch.positions, 3),
      features: swap(batch.features, 7),
    });
    expect(maxDifference(swapped, swap(out, 9))).toBeLessThan(1e-4);
  });

  test("moves no centre of mass", async () => {
    const out = await engine.forward(parameters, randomBatch(6));
    for (let d = 0; d < 3; d++) {
      const sum = [0, 1, 2, 3, 4].reduce((total, a) => total + out[9 * a + d], 0);
      expect(Math.abs(sum)).toBeLessThan(1e-4);
    }
  });

  test("gives a molecule the same bits whatever shares its batch", async () => {
    const batch = randomBatch(7);
    const out = await engine.forward(parameters, batch);
    const alone = await engine.forward(parameters, {
      sizes: Int32Array.of(5),
      positions: batch.positions.slice(0, 15),
      features: batch.features.slice(0, 35),
    });
    expect([...alone]).toEqual([...out.slice(0, 45)]);
  });
});

test("the baseline network is not equivariant: the check above can fail", async () => {
  const config: DynamicsConfig = { ...base, network: "gnn" };
  const engine = createJaxEngine(config);
  const parameters = initialParameters(dynamicsLayout(config), 5);
  const batch = randomBatch(8);
  const R = rotationMatrix(8, 1);
  const out = await engine.forward(parameters, batch);
  const turned = await engine.forward(parameters, { ...batch, positions: moved(batch.positions, 3, R) });
  expect(maxDifference(turned, moved(out, 9, R))).toBeGreaterThan(1e-2);
});

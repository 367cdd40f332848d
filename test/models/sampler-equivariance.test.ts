import { describe, expect, test } from "vitest";
import { ancestral } from "../../src/diffusion/samplers/ancestral.ts";
import { ddim } from "../../src/diffusion/samplers/ddim.ts";
import { polynomialSchedule } from "../../src/diffusion/schedule.ts";
import type { Denoiser, Space } from "../../src/diffusion/space.ts";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { edmConfigSchema } from "../../src/models/edm/config.ts";
import { moleculeSpace } from "../../src/models/edm/noise.ts";
import { networkInput, noised, trainingLoss } from "../../src/models/edm/objective.ts";
import { jax } from "../../src/platform/jax.ts";
import { livelyParameters, TINY } from "../nets/tiny-network.ts";
import { rotationMatrix } from "../rotations.ts";
import { maxDifference } from "../shared.ts";

await jax.init("wasm");

const parameters = livelyParameters(TINY, 2);
const engine = createJaxEngine(TINY);
const schedule = polynomialSchedule(100);
const sizes = Int32Array.of(6, 6);
const C = 9;
const denoiser: Denoiser = async (z, t) =>
  Float64Array.from(await engine.forward(parameters, networkInput(sizes, z, t, C)));
const space = moleculeSpace(sizes, C, { seed: 4, purpose: "test" }, [0, 1]);

/** Rows [A, 9] with their positions turned. */
function turned(values: Float64Array, R: readonly number[]): Float64Array {
  const out = values.slice();
  for (let row = 0; row < values.length; row += C) {
    for (let d = 0; d < 3; d++) {
      out[row + d] = [0, 1, 2].reduce((sum, e) => sum + R[3 * d + e] * values[row + e], 0);
    }
  }
  return out;
}

/** Rows in the order of the permutation. */
const permuted = (values: Float64Array, order: readonly number[]): Float64Array =>
  Float64Array.from(order.flatMap((a) => [...values.subarray(C * a, C * a + C)]));

const through = (map: (values: Float64Array) => Float64Array): Space => ({
  ...space,
  noise: (step) => map(space.noise(step)),
});

const samplers = {
  ancestral: (where: Space) => ancestral(denoiser, schedule, where, { steps: 25 }),
  ddim: (where: Space) => ddim(denoiser, schedule, where, { steps: 25 }),
  "ddim, η = 0.5": (where: Space) => ddim(denoiser, schedule, where, { steps: 25, eta: 0.5 }),
};

describe.each(Object.entries(samplers))("%s sampling is equivariant", (_, sample) => {
  test("noise that is turned or mirrored gives the molecules turned or mirrored", async () => {
    const molecules = await sample(space);
    for (const determinant of [1, -1] as const) {
      const R = rotationMatrix(11, determinant);
      const other = await sample(through((noise) => turned(noise, R)));
      const scale = Math.max(1, ...molecules.map(Math.abs));
      expect(maxDifference(other, turned(molecules, R)) / scale).toBeLessThan(1e-4);
    }
  });

  test("noise with atoms in another order gives the same molecules with atoms in that order", async () => {
    const order = [2, 0, 1, 5, 3, 4, 6, 8, 7, 9, 11, 10];
    const molecules = await sample(space);
    const other = await sample(through((noise) => permuted(noise, order)));
    const scale = Math.max(1, ...molecules.map(Math.abs));
    expect(maxDifference(other, permuted(molecules, order)) / scale).toBeLessThan(1e-4);
  });
});

test("molecules stay without centre of mass", async () => {
  const molecules = await samplers.ancestral(space);
  for (let d = 0; d < 3; d++) {
    let sum = 0;
    for (let a = 0; a < 6; a++) sum += molecules[C * a + d];
    expect(Math.abs(sum)).toBeLessThan(1e-9);
  }
});

test("the noising process turns along with data and noise, and the training loss does not notice", async () => {
  const config = edmConfigSchema.parse({
    kind: "edm",
    format: 1,
    network: { hidden: 16, layers: 2, coordsRange: 3, normalizationFactor: 4 },
    schedule: { kind: "polynomial", steps: 100 },
    features: {},
    elements: [1, 6, 7, 8, 9],
    sizes: { 6: 1 },
  });
  const xh = space.noise(1); // any positions; features as if they were encoded
  xh.forEach((_, k) => {
    if (k % C >= 3) xh[k] = k % C === 3 ? 0.25 : 0;
  });
  const batch = { sizes, offsets: Int32Array.of(0, 6, 12), xh };
  const draws = { timeSteps: Int32Array.of(30, 70), noise: space.noise(2) };
  const R = rotationMatrix(5, -1);
  const turnedBatch = { ...batch, xh: turned(xh, R) };
  const turnedDraws = { ...draws, noise: turned(draws.noise, R) };
  expect(
    maxDifference(
      noised(schedule, turnedBatch, turnedDraws, C),
      turned(noised(schedule, batch, draws, C), R),
    ),
  ).toBeLessThan(1e-12);
  const gradient = new Float32Array(parameters.length);
  const objective = { kind: "l2", normalizingAtoms: 6 } as const;
  const losses = await trainingLoss(config, schedule, objective, engine, parameters, batch, draws, gradient);
  const turnedLosses = await trainingLoss(
    config,
    schedule,
    objective,
    engine,
    parameters,
    turnedBatch,
    turnedDraws,
    gradient,
  );
  expect(maxDifference(turnedLosses, losses)).toBeLessThan(1e-4);
});

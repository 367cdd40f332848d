import { expect, it } from "vitest";
import type { AtomBatch } from "../../src/engines/engine.ts";
import { BASE, qm9LikeSizes, randomBatch, randomParameters, randomTarget, VARIANTS } from "./cases.ts";
import { ENGINES } from "./engines.ts";

const WIDE = { ...BASE, hidden: 45 };
const NETWORKS = ENGINES.flatMap(({ name, load }) => [
  { name, load, config: WIDE },
  { name: `${name}, the baseline,`, load, config: { ...WIDE, network: "gnn" as const } },
]);

/** The molecules of a batch in the given order. */
function pick(batch: AtomBatch, inFeatures: number, molecules: readonly number[]): AtomBatch {
  const start = [...batch.sizes].map((_, m) => batch.sizes.subarray(0, m).reduce((sum, n) => sum + n, 0));
  const rows = (values: Float32Array, width: number): Float32Array =>
    Float32Array.from(
      molecules.flatMap((m) => [...values.subarray(start[m] * width, (start[m] + batch.sizes[m]) * width)]),
    );
  return {
    sizes: Int32Array.from(molecules, (m) => batch.sizes[m]),
    positions: rows(batch.positions, 3),
    features: rows(batch.features, inFeatures),
  };
}

it.each(NETWORKS)("$name gives the same bits on 1, 2 and 3 threads", async ({ load, config }) => {
  const parameters = randomParameters(config);
  const batch = randomBatch(config, qm9LikeSizes(20));
  const target = randomTarget(config, batch);
  const results = [];
  for (const threads of [1, 2, 3]) {
    const engine = await load(config, threads);
    const gradient = new Float32Array(parameters.length);
    const errors = await engine.squaredError(parameters, batch, target, gradient);
    results.push({ output: await engine.forward(parameters, batch), errors, gradient });
    engine.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

it.each(NETWORKS)(
  "$name gives a molecule the same bits wherever it stands in whichever batch",
  async ({ load, config }) => {
    const parameters = randomParameters(config);
    const sizes = [17, 3, 1, 29, 8, 2, 20, 11];
    const batch = randomBatch(config, sizes);
    const engine = await load(config, 2);
    const together = await engine.forward(parameters, batch);
    const width = 3 + config.outFeatures;
    let row = 0;
    for (const [m, n] of sizes.entries()) {
      const mine = together.subarray(row * width, (row + n) * width);
      const alone = await engine.forward(parameters, pick(batch, config.inFeatures, [m]));
      expect(alone).toEqual(mine);
      const others = [5, m, 0, 3];
      const moved = await engine.forward(parameters, pick(batch, config.inFeatures, others));
      expect(moved.subarray(sizes[5] * width, (sizes[5] + n) * width)).toEqual(mine);
      row += n;
    }
    engine.dispose();
  },
);

it.each(ENGINES)("$name moves a lone atom nowhere", async ({ load }) => {
  const engine = await load(BASE);
  const output = await engine.forward(randomParameters(BASE), randomBatch(BASE, [1]));
  expect([...output.subarray(0, 3)]).toEqual([0, 0, 0]);
  expect(output.subarray(3).some((v) => v !== 0)).toBe(true);
  engine.dispose();
});

it.each(ENGINES)("$name turns with the molecule and keeps its centre of mass", async ({ load }) => {
  const engine = await load(BASE);
  const parameters = randomParameters(BASE);
  const batch = randomBatch(BASE, [12]);
  const turned = {
    ...batch,
    positions: batch.positions.map((_, k, x) => (k % 3 === 0 ? -x[k + 1] : k % 3 === 1 ? x[k - 1] : x[k])),
  };
  const output = await engine.forward(parameters, batch);
  const rotated = await engine.forward(parameters, turned);
  const width = 3 + BASE.outFeatures;
  for (let i = 0; i < 12; i++) {
    const [vx, vy] = output.subarray(i * width, i * width + 2);
    expect(rotated[i * width]).toBeCloseTo(-vy, 4);
    expect(rotated[i * width + 1]).toBeCloseTo(vx, 4);
  }
  for (const axis of [0, 1, 2]) {
    const sum = Array.from({ length: 12 }, (_, i) => output[i * width + axis]).reduce((a, b) => a + b);
    expect(sum).toBeCloseTo(0, 5);
  }
  engine.dispose();
});

it.each(ENGINES)("$name passes NaN on in its molecule and nowhere else", async ({ load }) => {
  for (const config of Object.values(VARIANTS)) {
    const engine = await load(config);
    const batch = randomBatch(config, [4, 5]);
    batch.features[0] = Number.NaN;
    const output = await engine.forward(randomParameters(config), batch);
    const width = 3 + config.outFeatures;
    expect(output.subarray(0, 4 * width).every(Number.isNaN)).toBe(true);
    expect(output.subarray(4 * width).some(Number.isNaN)).toBe(false);
    engine.dispose();
  }
});

it.each(ENGINES)(
  "$name stays finite for inputs of ±1e4 and for atoms on top of each other",
  async ({ load }) => {
    const engine = await load(BASE);
    const parameters = randomParameters(BASE);
    const batch = randomBatch(BASE, [6, 6]);
    const extreme = {
      ...batch,
      features: batch.features.map((v) => Math.sign(v) * 1e4),
      positions: batch.positions.map((x, k) => (k < 18 ? 0 : x)),
    };
    const gradient = new Float32Array(parameters.length);
    await engine.squaredError(parameters, extreme, randomTarget(BASE, batch), gradient);
    expect((await engine.forward(parameters, extreme)).every(Number.isFinite)).toBe(true);
    expect(gradient.every(Number.isFinite)).toBe(true);
    engine.dispose();
  },
);

it.each(ENGINES)("$name accepts an empty batch", async ({ load }) => {
  const engine = await load(BASE);
  const parameters = randomParameters(BASE);
  const batch = randomBatch(BASE, []);
  const gradient = new Float32Array(parameters.length).fill(1);
  await engine.squaredError(parameters, batch, randomTarget(BASE, batch), gradient);
  expect(gradient.every((g) => g === 0)).toBe(true);
  expect(await engine.forward(parameters, batch)).toHaveLength(0);
  engine.dispose();
});

import { describe, expect, it } from "vitest";
import { loadNativeEngine } from "../../src/engines/egnn/native.ts";
import { nativeStatus } from "../../src/engines/native-addon.ts";
import { InputError, WorkError } from "../../src/errors.ts";
import { BASE, randomBatch, randomParameters, randomTarget } from "./cases.ts";

const status = nativeStatus();

it("says whether the native engine is there and why", () => {
  expect(status.reason).not.toBe("");
  expect(status.available).toBe(status.isas.length > 0);
});

describe.skipIf(!status.available)(`the native engine (${status.reason})`, () => {
  const parameters = randomParameters(BASE);
  const batch = randomBatch(BASE, [4, 7]);

  it("refuses arrays that do not fit together and says which", async () => {
    const engine = loadNativeEngine(BASE)!;
    await expect(engine.forward(parameters.subarray(1), batch)).rejects.toThrow(
      /parameters holds \d+ values; expected/,
    );
    await expect(engine.forward(parameters, { ...batch, sizes: Int32Array.of(4, 8) })).rejects.toThrow(
      /positions holds 33/,
    );
    await expect(engine.forward(parameters, { ...batch, sizes: Int32Array.of(11, 0) })).rejects.toThrow(
      /molecule 1 .* 0 atoms/,
    );
    const target = randomTarget(BASE, batch);
    await expect(engine.squaredError(parameters, batch, target, new Float32Array(3))).rejects.toThrow(
      /gradient holds 3/,
    );
    engine.dispose();
  });

  it("refuses configurations it cannot compute", () => {
    expect(() => loadNativeEngine({ ...BASE, hidden: 0 })).toThrow(InputError);
    expect(() => loadNativeEngine({ ...BASE, outFeatures: 8 })).toThrow(/outFeatures/);
    expect(() => loadNativeEngine(BASE, { threads: 0 })).toThrow(/threads/);
    expect(() => loadNativeEngine(BASE, { isa: "MMX" })).toThrow(/instruction set/);
  });

  it("answers concurrent calls in turn", async () => {
    const engine = loadNativeEngine(BASE, { threads: 2 })!;
    const results = await Promise.all([1, 2, 3].map(() => engine.forward(parameters, batch)));
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    engine.dispose();
  });

  it("refuses work after it was disposed, and finishes what came before", async () => {
    const engine = loadNativeEngine(BASE)!;
    const before = engine.forward(parameters, batch);
    engine.dispose();
    engine.dispose();
    await expect(before).resolves.toHaveLength(11 * 9);
    await expect(engine.forward(parameters, batch)).rejects.toThrow(WorkError);
  });

  it("says how much memory it lacks", async () => {
    const engine = loadNativeEngine(BASE)!;
    const huge = randomBatch(BASE, [100_000]);
    await expect(engine.forward(parameters, huge)).rejects.toThrow(/out of memory: \d+ MB for activations/);
    await expect(engine.forward(parameters, batch)).resolves.toHaveLength(11 * 9);
    engine.dispose();
  });

  it("keeps its memory over 1,000 steps", async () => {
    const engine = loadNativeEngine(BASE, { threads: 2 })!;
    const target = randomTarget(BASE, batch);
    const gradient = new Float32Array(parameters.length);
    const steps = async (count: number): Promise<number> => {
      for (let k = 0; k < count; k++) await engine.squaredError(parameters, batch, target, gradient);
      return process.memoryUsage().rss;
    };
    const before = await steps(300);
    const after = await steps(1000);
    expect((after - before) / 1e6).toBeLessThan(16);
    engine.dispose();
  });
});

import { expect, test } from "vitest";
import type { AtomwiseEngine } from "../../../src/engines/atomwise-engine.ts";
import { differenceGradient } from "../../../src/engines/difference-gradient.ts";
import { inParts } from "../../../src/engines/split-batch.ts";
import { stream } from "../../../src/math/random.ts";
import { maxDifference } from "../../shared.ts";
import { randomMolecules } from "./networks.ts";

/** o_i = θ₀ x_i² + θ₁ y_i z_i; notes the sizes of the batches that it computes. */
function plain(seen: number[][]): AtomwiseEngine {
  const parameterGradient: AtomwiseEngine["parameterGradient"] = async (_, { positions: r }, c, gradient) => {
    gradient.fill(0);
    c.forEach((weight, i) => {
      gradient[0] += weight * r[3 * i] ** 2;
      gradient[1] += weight * r[3 * i + 1] * r[3 * i + 2];
    });
  };
  const positionGradient: AtomwiseEngine["positionGradient"] = async ([a, b], { sizes, positions: r }) => {
    seen.push([...sizes]);
    return {
      outputs: Float32Array.from(
        { length: r.length / 3 },
        (_, i) => a * r[3 * i] ** 2 + b * r[3 * i + 1] * r[3 * i + 2],
      ),
      gradient: Float32Array.from(r, (x, k) =>
        k % 3 === 0 ? 2 * a * x : b * r[k % 3 === 1 ? k + 1 : k - 1],
      ),
    };
  };
  return {
    name: "plain",
    outputs: async (...inputs) => (await positionGradient(...inputs)).outputs,
    positionGradient,
    parameterGradient,
    mixedGradient: (...inputs) => differenceGradient(parameterGradient, ...inputs),
    dispose: () => undefined,
  };
}

test("a batch computed in parts gives what it gives as a whole", async () => {
  const batch = randomMolecules([3, 5, 4, 5, 2], 4);
  const parameters = Float32Array.of(0.7, -1.3);
  const c = Float32Array.from([...batch.sizes].flatMap((n, m) => new Array<number>(n).fill(m - 1.5)));
  const v = stream({ seed: 3, purpose: "test" }).normals(new Float32Array(batch.positions.length));
  const results = async (engine: AtomwiseEngine): Promise<Float32Array[]> => {
    const { outputs, gradient } = await engine.positionGradient(parameters, batch);
    const [one, two] = [new Float32Array(2).fill(7), new Float32Array(2).fill(7)];
    await engine.parameterGradient(parameters, batch, c, one);
    await engine.mixedGradient(parameters, batch, c, v, two);
    return [await engine.outputs(parameters, batch), outputs, gradient, one, two];
  };
  const seen: number[][] = [];
  const expected = await results(plain([]));
  const found = await results(inParts(plain(seen), (atoms) => atoms ** 3, 250));
  expect(seen[0]).toEqual([3, 5]); // twice 5³ is 250, three times is more
  expect(seen.slice(1, 3)).toEqual([[4, 5], [2]]);
  for (const [k, values] of found.entries())
    expect(maxDifference(values, expected[k])).toBeLessThan(1e-4 * Math.hypot(...expected[k]));
  seen.length = 0;
  await inParts(plain(seen), (atoms) => atoms ** 3, 1).outputs(parameters, batch);
  expect(seen).toEqual([[3], [5], [4], [5], [2]]);
});

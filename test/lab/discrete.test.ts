import { describe, expect, test } from "vitest";
import { type Corruption, keepSchedule, reverseProbabilities } from "../../src/diffusion/categorical.ts";
import { blurOf } from "../../src/lab/models/cold/blur.ts";
import { deblur, raised } from "../../src/lab/models/cold/deblur.ts";
import { symbolBound } from "../../src/lab/models/discrete/bound.ts";
import { labKind } from "../../src/lab/models/kinds.ts";
import { stream } from "../../src/math/random.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../src/nets/layers/tensors.ts";
import { jax, np } from "../../src/platform/jax.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

describe.each(["uniform", "absorbing"] as const)("%s diffusion of symbols", (corruption: Corruption) => {
  const K = 4;
  const keep = keepSchedule(corruption);
  /** q(x_t | x_s), s < t, as a matrix over the K symbols and the mask. */
  const forward = (s: number, t: number): number[][] => {
    const kept = keep(t) / keep(s);
    return Array.from({ length: K + 1 }, (_, from) =>
      Array.from({ length: K + 1 }, (_, to) => {
        if (from === K) return Number(to === K);
        const replaced = corruption === "uniform" ? Number(to < K) / K : Number(to === K);
        return kept * Number(from === to) + (1 - kept) * replaced;
      }),
    );
  };

  test("forgets all at t = 1 and nothing at t = 0", () => {
    expect(keep(0)).toBe(1);
    expect(keep(1)).toBeCloseTo(0, 12);
  });

  test("the reverse step of a known symbol is Bayes' rule on the forward steps", () => {
    const [s, t] = [0.4, 0.7];
    const [first, second] = [forward(0, s), forward(s, t)];
    for (let x0 = 0; x0 < K; x0++) {
      for (let xt = 0; xt <= K; xt++) {
        const joint = Array.from({ length: K + 1 }, (_, j) => first[x0][j] * second[j][xt]);
        const total = joint.reduce((a, b) => a + b);
        if (total === 0) continue;
        const certain = Array.from({ length: K }, (_, k) => Number(k === x0));
        const found = reverseProbabilities(corruption, { s: keep(s), t: keep(t) }, xt, certain);
        joint.forEach((value, j) => {
          expect(found[j]).toBeCloseTo(value / total, 10);
        });
      }
    }
  });

  test("the bound is tight for the best predictor of independent symbols: the entropy of the data", async () => {
    // One symbol with known probabilities: the best p̃(x_0 | x_t) is Bayes' rule, and the bound −log p in the mean.
    const p = [0.5, 0.25, 0.15, 0.1];
    const T = 20;
    const n = 6000;
    const random = stream({ seed: 1, purpose: "test" });
    const symbols = Int32Array.from({ length: n }, () => {
      let u = random.uniform();
      return Math.max(
        0,
        p.findIndex((value) => {
          u -= value;
          return u < 0;
        }),
      );
    });
    const bound = await symbolBound({
      corruption,
      symbols,
      columns: 1,
      K,
      T,
      seed: 2,
      keep: (k) => ({ s: keep((k - 1) / T), t: keep(k / T) }),
      predict: async (x, k) => {
        const matrix = forward(0, k / T);
        return Float64Array.from(
          [...x].flatMap((xt) => {
            const joint = p.map((value, k0) => value * matrix[k0][xt]);
            const total = joint.reduce((a, b) => a + b);
            return joint.map((value) => value / total);
          }),
        );
      },
    });
    const entropy = -p.reduce((sum, value) => sum + value * Math.log(value), 0);
    const mean = bound.reduce((a, b) => a + b) / n;
    expect(Math.abs(mean - entropy)).toBeLessThan(0.05);
  });

  test("the compiled training loss is T times the bound's term", async () => {
    const kind = labKind(`d3pm-${corruption}`);
    const [T, D, B] = [3, 2, 600];
    const settings = kind.settings.parse({ hidden: 8, blocks: 1, timeFeatures: 4, steps: T });
    const model = kind.build(settings, { kind: "symbols", dimension: D, symbols: K });
    const parameters = initialParameters(model.layout, 1);
    const row = Float32Array.of(1, 3);
    // Many draws of one row: the mean over times and corruption is the row's bound, minus log p of it.
    const rows = Float32Array.from({ length: B * D }, (_, i) => row[i % D]);
    let total = 0;
    for (let repeat = 0; repeat < 10; repeat++) {
      const draws = model.draws(B, stream({ seed: 4, purpose: "test", index: repeat }), 0);
      const arrays = Object.fromEntries(
        Object.entries(draws).map(([name, { values, shape }]) => [
          name,
          np.array(values, { shape: [...shape] }),
        ]),
      );
      const loss = model.loss(
        parameterTree(model.layout, parameters),
        np.array(rows, { shape: [B, D] }),
        arrays,
      );
      total += ((await loss.data()) as Float32Array).reduce((a, b) => a + b) / B;
    }
    const logs = (await model.logLikelihood?.of(parameters, rows, 5)) as Float64Array;
    const mean = logs.reduce((a, b) => a + b) / B;
    expect(Math.abs(total / 10 + mean)).toBeLessThan(0.15);
    model.dispose?.();
  });
});

describe("blur", () => {
  const [H, W] = [6, 8];
  const blur = blurOf(H, W);
  const images = stream({ seed: 6, purpose: "test" }).normals(new Float64Array(3 * H * W));

  test("is the identity at width 0, keeps the mean, and two blurs add in their squares", () => {
    blur.apply(images, 0).forEach((value, i) => {
      expect(value).toBeCloseTo(images[i], 10);
    });
    const once = blur.apply(images, 1.5);
    for (let m = 0; m < 3; m++) {
      const mean = (rows: Float64Array): number =>
        rows.subarray(m * H * W, (m + 1) * H * W).reduce((a, b) => a + b);
      expect(mean(once)).toBeCloseTo(mean(images), 9);
    }
    const twice = blur.apply(blur.apply(images, 0.9), 1.2);
    twice.forEach((value, i) => {
      expect(value).toBeCloseTo(once[i], 9);
    });
  });

  test("on the device is the same, with coefficients added", async () => {
    const factors = blur.factors(1.1);
    const device = (values: Float64Array): np.Array =>
      np.array(Float32Array.from(values), { shape: [3, H, W] });
    const added = stream({ seed: 7, purpose: "test" }).normals(new Float64Array(3 * H * W));
    const repeated = Float64Array.from(added, (_, k) => factors[k % (H * W)]);
    const out = blur.onDevice(device(images), device(repeated), device(added));
    const found = (await out.data()) as Float32Array;
    const other = blur.image(added);
    blur.apply(images, 1.1).forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value + other[i], 4);
    });
  });

  test("undone with the exact E[x | u] gives images with the variances of the data", async () => {
    const [T, noise, n] = [150, 0.1, 200];
    const D = H * W;
    const widths = Array.from({ length: T + 1 }, (_, t) => (t === 0 ? 0 : 0.1 * 80 ** ((t - 1) / (T - 1))));
    const deviations = Float64Array.from({ length: D }, (_, k) => 2 / (1 + (k % 5)));
    const factors = widths.map(blur.factors);
    const normals = stream({ seed: 8, purpose: "test" }).normals(new Float64Array(2 * n * D));
    const start = Float64Array.from({ length: n * D }, (_, i) => {
      const k = i % D;
      return factors[T][k] * deviations[k] * normals[i] + noise * normals[n * D + i];
    });
    const samples = await deblur(blur, widths, noise, start, async (seen, step) => {
      const raise = raised(factors[step], noise);
      const found = blur.coefficients(seen).map((value, i) => {
        const k = i % D;
        const [d, A2] = [factors[step][k], deviations[k] ** 2];
        return (((d * A2) / (d * d * A2 + noise * noise)) * value) / raise[k];
      });
      return blur.image(found);
    });
    const found = blur.coefficients(samples);
    for (let k = 0; k < D; k++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += found[i * D + k] ** 2 / n;
      // ± 4 standard errors of a variance of n draws
      expect(Math.abs(sum / deviations[k] ** 2 - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    }
  });
});

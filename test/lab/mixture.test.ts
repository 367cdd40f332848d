import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gibbs } from "../../src/lab/models/variational/gibbs.ts";
import {
  fitMixture,
  logPredictive,
  updateParameters,
  WEAK_PRIOR,
} from "../../src/lab/models/variational/mixture.ts";
import { logGamma } from "../../src/math/gamma.ts";
import { stream } from "../../src/math/random.ts";
import { mean } from "./float64.ts";

/** Points around the centres in turn; [n, 2], and the assignment that made them [n, K]. */
function clusters(centres: readonly (readonly number[])[], scale: number, n: number, index = 0) {
  const random = stream({ seed: 11, purpose: "test", index });
  const K = centres.length;
  const rows = new Float32Array(2 * n);
  const truth = new Float64Array(n * K);
  for (let i = 0; i < n; i++) {
    const centre = centres[i % K];
    rows[2 * i] = centre[0] + scale * random.normal();
    rows[2 * i + 1] = centre[1] + scale * random.normal();
    truth[i * K + (i % K)] = 1;
  }
  return { rows, truth };
}

/** Random responsibilities. */
function anyStart(n: number, K: number, index: number): Float64Array {
  const random = stream({ seed: 12, purpose: "test", index });
  const start = Float64Array.from({ length: n * K }, () => random.uniform() + 1e-3);
  for (let i = 0; i < n; i++) {
    const row = start.subarray(i * K, (i + 1) * K);
    const total = row.reduce((sum, value) => sum + value, 0);
    for (let k = 0; k < K; k++) row[k] /= total;
  }
  return start;
}

const spread = (values: readonly number[]): number => {
  const average = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - average) ** 2)));
};

describe("mean-field inference of a mixture", () => {
  test("with one component is exact: the bound is the log evidence", () => {
    const { rows } = clusters([[0.5, -1]], 0.7, 40);
    const { bounds } = fitMixture(rows, new Float64Array(40).fill(1), 1);
    const { alpha: _, mean: m0, beta: beta0, a: a0, b: b0 } = WEAK_PRIOR;
    // Normal-gamma evidence, coordinate by coordinate (Murphy 2007, eq. 95).
    let evidence = 0;
    for (const d of [0, 1]) {
      const x = Array.from({ length: 40 }, (__, i) => rows[2 * i + d]);
      const average = mean(x);
      const scatter = x.reduce((sum, value) => sum + (value - average) ** 2, 0);
      const [beta, a] = [beta0 + 40, a0 + 20];
      const b = b0 + 0.5 * (scatter + ((beta0 * 40) / beta) * (average - m0) ** 2);
      evidence += logGamma(a) - logGamma(a0) + a0 * Math.log(b0) - a * Math.log(b);
      evidence += 0.5 * Math.log(beta0 / beta) - 20 * Math.log(2 * Math.PI);
    }
    expect(bounds[bounds.length - 1]).toBeCloseTo(evidence, 8);
  });

  test("never lowers its bound, whatever the data and the start", () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 1e6 }), (K, index) => {
        const { rows } = clusters(
          [
            [-1, 0],
            [1, 0.5],
            [0, 1],
          ],
          0.5,
          60,
          index,
        );
        const { bounds } = fitMixture(rows, anyStart(60, K, index), K);
        for (let k = 1; k < bounds.length; k++) expect(bounds[k]).toBeGreaterThan(bounds[k - 1] - 1e-8);
        expect(bounds.length).toBeGreaterThan(2);
      }),
      { numRuns: 20, seed: 1 },
    );
  });

  test("agrees with a long Gibbs run where clusters are apart: weights, means, precisions and their spreads", () => {
    const [n, K] = [90, 3];
    const { rows, truth } = clusters(
      [
        [-2, 0],
        [2, 1],
        [0, -3],
      ],
      0.4,
      n,
    );
    const { posterior: q } = fitMixture(rows, truth, K);
    const kept: number[][] = [];
    gibbs(
      rows,
      truth,
      K,
      21_000,
      stream({ seed: 2, purpose: "test" }),
      ({ weights, means, precisions }, sweep) => {
        if (sweep >= 1000) kept.push([...weights, ...means, ...precisions]);
      },
    );
    const total = q.alpha.reduce((sum, value) => sum + value, 0);
    const column = (j: number) => kept.map((draw) => draw[j]);
    for (let k = 0; k < K; k++) {
      expect(Math.abs(mean(column(k)) - q.alpha[k] / total)).toBeLessThan(0.003);
      const share = q.alpha[k] / total;
      expect(spread(column(k))).toBeCloseTo(Math.sqrt((share * (1 - share)) / (total + 1)), 2);
      for (let kd = 2 * k; kd < 2 * k + 2; kd++) {
        expect(Math.abs(mean(column(K + kd)) - q.mean[kd])).toBeLessThan(0.005);
        // μ is Student's t with variance b/(β(a − 1)).
        const deviation = Math.sqrt(q.b[kd] / (q.beta[k] * (q.a[k] - 1)));
        expect(spread(column(K + kd)) / deviation).toBeCloseTo(1, 1);
        expect(mean(column(3 * K + kd)) / (q.a[k] / q.b[kd])).toBeCloseTo(1, 1);
      }
    }
  });

  test("is too sure where clusters overlap: its means spread less than those of a long Gibbs run", () => {
    const [n, K] = [60, 2];
    const { rows, truth } = clusters(
      [
        [-0.7, 0],
        [0.7, 0],
      ],
      0.6,
      n,
    );
    const { posterior: q } = fitMixture(rows, truth, K);
    const kept: number[] = [];
    gibbs(rows, truth, K, 12_000, stream({ seed: 4, purpose: "test" }), ({ means }, sweep) => {
      if (sweep >= 1000) kept.push(Math.min(means[0], means[2])); // the left one, whatever its label
    });
    const left = q.mean[0] < q.mean[2] ? 0 : 1;
    const deviation = Math.sqrt(q.b[2 * left] / (q.beta[left] * (q.a[left] - 1)));
    expect(spread(kept)).toBeGreaterThan(1.2 * deviation);
  });

  test("predicts with a density that integrates to one", () => {
    const { rows, truth } = clusters(
      [
        [-1, 0],
        [1, 1],
      ],
      0.4,
      30,
    );
    const q = updateParameters(rows, truth, 2, WEAK_PRIOR);
    const [m, reach] = [400, 20];
    const axis = Array.from({ length: m }, (_, k) => reach * ((2 * k + 1) / m - 1));
    const log = logPredictive(q, Float32Array.from(axis.flatMap((x) => axis.flatMap((y) => [x, y]))));
    const total = log.reduce((sum, value) => sum + Math.exp(value), 0) * ((2 * reach) / m) ** 2;
    expect(total).toBeCloseTo(1, 3);
  });
});

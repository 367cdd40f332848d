import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { scheduleOf } from "../../src/diffusion/schedule.ts";
import type { AtomBatch, DenoiserEngine } from "../../src/engines/engine.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { InputError } from "../../src/errors.ts";
import { dynamicsConfig, type EdmConfig, edmConfigSchema } from "../../src/models/edm/config.ts";
import { givenParity, haveEvenElectrons, parityCorrection } from "../../src/models/edm/electrons.ts";
import { channelCount } from "../../src/models/edm/features.ts";
import { findModel, loadEdm } from "../../src/models/edm/folder.ts";
import { generate } from "../../src/models/edm/generate.ts";
import { type EdmModel, modelOf } from "../../src/models/edm/model.ts";
import { resolveSampling } from "../../src/models/edm/sampling.ts";

const belief = fc.double({ min: 0.001, max: 0.999, noNaN: true });

test("beliefs given a parity are those that all outcomes of that parity give", () => {
  fc.assert(
    fc.property(fc.array(belief, { minLength: 1, maxLength: 8 }), fc.constantFrom(1, -1), (q, sign) => {
      const found = givenParity(Float64Array.from(q), sign as 1 | -1);
      let all = 0;
      const truth = q.map(() => 0);
      for (let outcome = 0; outcome < 2 ** q.length; outcome++) {
        const events = q.map((_, i) => (outcome >> i) & 1);
        if (events.reduce((sum, event) => sum + event, 0) % 2 !== (sign === 1 ? 0 : 1)) continue;
        const probability = events.reduce((product, event, i) => product * (event ? q[i] : 1 - q[i]), 1);
        all += probability;
        events.forEach((event, i) => {
          truth[i] += event * probability;
        });
      }
      for (let i = 0; i < q.length; i++) expect(found[i]).toBeCloseTo(truth[i] / all, 8);
    }),
  );
});

test("what cannot be leaves the beliefs as they are; what is certain stays so", () => {
  const three = Float64Array.of(1, 1, 1);
  expect(givenParity(three, 1)).toEqual(three);
  expect(givenParity(three, -1)).toEqual(three);
  expect(givenParity(Float64Array.of(0, 0), -1)).toEqual(Float64Array.of(0, 0));
  expect(givenParity(Float64Array.of(0, 1, 0.3), 1)).toEqual(Float64Array.of(0, 1, 1));
});

describe("molecules of atoms whose types are independent, and known as well as can be", () => {
  const shares = [0.4, 0.35, 0.25]; // of H, C, N
  const elements = [1, 6, 7];
  const config: EdmConfig = edmConfigSchema.parse({
    kind: "edm",
    format: 1,
    network: {},
    schedule: { kind: "logLinear", steps: 1000 },
    features: { charges: true, normalization: [1, 4, 10] },
    elements,
    sizes: { 3: 1 },
  });
  const C = channelCount(config);
  const [, typeNorm, chargeNorm] = config.features.normalization;
  const { schedule } = modelOf(config, new Float32Array());
  /** The mean of the types given their noised channels, positions at the origin: what a perfect network says. */
  const perfect: DenoiserEngine = {
    name: "perfect",
    dispose: () => {},
    squaredError: () => Promise.reject(new Error("not needed")),
    forward: async (_, { positions, features, sizes }: AtomBatch) => {
      const atoms = sizes.reduce((sum, n) => sum + n, 0);
      const width = features.length / atoms;
      return Float32Array.from({ length: C * atoms }, (__, k) => {
        const [a, channel] = [Math.floor(k / C), k % C];
        const row = features.subarray(width * a, width * (a + 1));
        const t = row[C - 3];
        const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
        if (channel < 3) return positions[3 * a + channel] / sigma;
        const point = (type: number, f: number): number =>
          f < 3 ? Number(f === type) / typeNorm : elements[type] / chargeNorm;
        const logs = shares.map((share, type) => {
          let sum = Math.log(share);
          for (let f = 0; f < C - 3; f++) sum -= (row[f] - alpha * point(type, f)) ** 2 / (2 * sigma ** 2);
          return sum;
        });
        const most = Math.max(...logs);
        const weights = logs.map((value) => Math.exp(value - most));
        const total = weights.reduce((sum, value) => sum + value, 0);
        const mean = weights.reduce(
          (sum, value, type) => sum + (value / total) * point(type, channel - 3),
          0,
        );
        return (row[channel - 3] - alpha * mean) / sigma;
      });
    },
  };
  const model: EdmModel = { ...modelOf(config, new Float32Array()), config, schedule };
  const N = 6000;
  const made = async (electrons: "even" | "odd" | "any"): Promise<Map<number, number>> => {
    const counts = new Map<number, number>(); // molecules with so many atoms of odd charge
    for await (const batch of generate(model, perfect, {
      ...{ count: N, seed: 4, steps: 40, sampler: "churn", electrons, batchSize: 2000 },
    }))
      for (const { molecule } of batch) {
        const odd = molecule.atomicNumbers.filter((z) => z % 2 === 1).length;
        counts.set(odd, (counts.get(odd) ?? 0) + 1);
      }
    return counts;
  };
  const binomial = [0.35 ** 3, 3 * 0.65 * 0.35 ** 2, 3 * 0.65 ** 2 * 0.35, 0.65 ** 3];

  test.each([
    ["even", [0, 2]],
    ["odd", [1, 3]],
    ["any", [0, 1, 2, 3]],
  ] as const)(
    "%s: the numbers of atoms of odd charge are distributed as under the condition",
    async (electrons, possible) => {
      const counts = await made(electrons);
      const total = possible.reduce<number>((sum, k) => sum + binomial[k], 0);
      for (let k = 0; k <= 3; k++) {
        const share = (counts.get(k) ?? 0) / N;
        const expected = (possible as readonly number[]).includes(k) ? binomial[k] / total : 0;
        const error = Math.sqrt((expected * (1 - expected)) / N);
        expect(Math.abs(share - expected)).toBeLessThan(4 * error + 0.012); // 40 steps are not infinitely many
      }
    },
  );

  test("what is certain stays as it is, and its ε̂ stays finite, whatever the parity", () => {
    const sizes = Int32Array.from([3]);
    const correct = parityCorrection(config, schedule, sizes, "even");
    const t = 0.2;
    const [alpha, sigma] = [schedule.alpha(t), schedule.sigma(t)];
    for (const types of [
      [0, 0, 1],
      [0, 1, 1],
    ]) {
      const z = new Float64Array(3 * C);
      types.forEach((type, a) => {
        z[C * a + 3 + type] = alpha / typeNorm;
        z[C * a + C - 1] = (alpha * elements[type]) / chargeNorm;
      });
      const epsilon = new Float64Array(3 * C);
      correct?.(z, t, epsilon);
      expect(epsilon.every(Number.isFinite)).toBe(true);
      const largest = Math.max(...epsilon.map((value) => Math.abs((typeNorm * sigma * value) / alpha)));
      if (types.filter((type) => type !== 1).length === 2) expect(largest).toBeLessThan(0.01);
      else expect(largest).toBeGreaterThan(0.2); // someone must give way
    }
  });
});

describe("the shipped model", () => {
  const sample = async (electrons?: "even" | "odd" | "any"): Promise<number> => {
    const model = await loadEdm(findModel("qm9-fast"));
    const engine = await openEngine({ denoiser: dynamicsConfig(model.config) }, {});
    let odd = 0;
    try {
      for await (const batch of generate(model, engine, { count: 192, seed: 11, steps: 30, electrons }))
        for (const { molecule } of batch) odd += haveEvenElectrons([molecule]) ? 0 : 1;
    } finally {
      engine.dispose();
    }
    return odd / 192;
  };

  test("makes molecules with an even number of electrons, as its data have; others where asked for", async () => {
    const [known, even, odd, any] = [
      await sample(),
      await sample("even"),
      await sample("odd"),
      await sample("any"),
    ];
    expect(known).toBe(even);
    expect(even).toBeLessThan(0.04);
    expect(any).toBeGreaterThan(0.06);
    expect(odd).toBeGreaterThan(0.4); // the network knows closed shells, and does not like others
  }, 120_000);
});

test("a model whose data are not known makes any; a word that is none is refused", () => {
  const schedule = scheduleOf("linear γ", 1000, (t) => -10 + 18 * t);
  expect(resolveSampling({ config: {}, schedule }, {}).electrons).toBe("any");
  expect(resolveSampling({ config: { electrons: "even" }, schedule }, {}).electrons).toBe("even");
  expect(resolveSampling({ config: { electrons: "even" }, schedule }, { electrons: "any" }).electrons).toBe(
    "any",
  );
  expect(() => resolveSampling({ config: {}, schedule }, { electrons: "some" as "any" })).toThrow(InputError);
});

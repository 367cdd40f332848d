/** Numbers of the published EDM code (PyTorch): see the descriptions in ../shared/fixtures. */
import { describe, expect, it } from "vitest";
import type { AtomBatch } from "../../src/engines/engine.ts";
import { type EgnnConfig, egnnLayout } from "../../src/nets/egnn/egnn-config.ts";
import { tensorSize } from "../../src/nets/layers/parameters.ts";
import {
  BASE,
  hasFixtures,
  maskedSizes,
  parametersFrom,
  readFixture,
  relativeDifference,
  type Tensor,
  unpad,
} from "./cases.ts";
import { ENGINES } from "./engines.ts";

const EDM: EgnnConfig = { ...BASE, hidden: 32, layers: 3, coordsRange: 15, normalizationFactor: 1 };

/** Noised positions and features [B, N, 9] and times [B, 1] as the kernels take them: time is the last channel. */
function batchOf(xh: Tensor, t: Tensor, mask: Tensor): AtomBatch {
  const sizes = maskedSizes(mask);
  const rows = unpad(xh, mask);
  const atoms = rows.length / 9;
  const time = [...sizes].flatMap((n, m) => Array.from({ length: n }, () => t.data[m]));
  return {
    sizes,
    positions: Float32Array.from({ length: 3 * atoms }, (_, k) => rows[9 * Math.floor(k / 3) + (k % 3)]),
    features: Float32Array.from({ length: 7 * atoms }, (_, k) => {
      const atom = Math.floor(k / 7);
      return k % 7 === 6 ? time[atom] : rows[9 * atom + 3 + (k % 7)];
    }),
  };
}

const largest = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a, (v, k) => Math.abs(v - b[k])).reduce((most, v) => Math.max(most, v), 0);

describe.skipIf(!hasFixtures)("numbers of the published code (skipped without ../shared)", () => {
  it.each(ENGINES)("$name reproduces the dynamics", async ({ load }) => {
    const { weights, xh, t, node_mask, out64 } = readFixture("edm_egnn_forward.json");
    const engine = await load(EDM);
    const output = await engine.forward(parametersFrom(EDM, weights, "egnn."), batchOf(xh, t, node_mask));
    expect(largest(output, unpad(out64, node_mask))).toBeLessThan(5e-6);
    engine.dispose();
  });

  it.each(ENGINES)("$name reproduces sine embedding and mean aggregation", async ({ load }) => {
    const { weights, xh, t, node_mask, out64 } = readFixture("edm_forward_variant_sin_mean.json");
    const config: EgnnConfig = { ...EDM, hidden: 16, layers: 2, sinEmbedding: true, aggregation: "mean" };
    const engine = await load(config);
    const batch = batchOf(xh, t, node_mask);
    const output = await engine.forward(parametersFrom(config, weights, "egnn."), batch, {
      meanOver: xh.shape[1],
    });
    expect(largest(output, unpad(out64, node_mask))).toBeLessThan(5e-6);
    engine.dispose();
  });

  it.each(ENGINES)("$name reproduces gradients of the training loss", async ({ load }) => {
    const { weights } = readFixture("edm_egnn_forward.json");
    const { inputs, t_int, eps, grads, pieces, per_molecule_loss64 } = readFixture(
      "edm_loss_l2_train_t_mixed.json",
    );
    const { alpha, sigma } = polynomialSchedule(1000, 1e-5);
    const n = eps.shape[1];
    const molecule = (k: number): number => Math.floor(k / (9 * n));
    const clean: Tensor = pieces.xh_normalized;
    const noised = clean.data.map(
      (v, k) => alpha[t_int.data[molecule(k)]] * v + sigma[t_int.data[molecule(k)]] * eps.data[k],
    );
    const time: Tensor = { shape: t_int.shape, data: t_int.data.map((k: number) => k / 1000) };
    const batch = batchOf({ shape: eps.shape, data: noised }, time, inputs.node_mask);
    const parameters = parametersFrom(EDM, weights, "egnn.");
    const engine = await load(EDM);
    const gradient = new Float32Array(parameters.length);
    const weight = Float32Array.from(batch.sizes, () => 0.5 / (9 * n) / batch.sizes.length);
    const target = {
      target: Float32Array.from(unpad(eps, inputs.node_mask)),
      positionWeight: weight,
      featureWeight: weight,
    };
    const errors = await engine.squaredError(parameters, batch, target, gradient);
    const losses = Array.from(batch.sizes, (_, m) => (errors.position[m] + errors.feature[m]) / 2 / (9 * n));
    for (const [m, loss] of losses.entries()) {
      expect(loss + pieces.kl_prior.data[m]).toBeCloseTo(per_molecule_loss64.data[m], 4);
    }
    const theirs = parametersFrom(EDM, grads, "dynamics.egnn.");
    let at = 0;
    for (const { name, shape } of egnnLayout(EDM)) {
      const range = [at, at + tensorSize(shape)] as const;
      at = range[1];
      expect(relativeDifference(gradient.subarray(...range), theirs.subarray(...range)), name).toBeLessThan(
        1e-4,
      );
    }
    engine.dispose();
  });
});

/** α and σ of the published polynomial_2 schedule, clipped as there. */
function polynomialSchedule(
  steps: number,
  precision: number,
): { readonly alpha: number[]; readonly sigma: number[] } {
  const squared = Array.from({ length: steps + 1 }, (_, t) => (1 - (t / steps) ** 2) ** 2);
  let product = 1;
  const clipped = squared.map((value, t) => {
    product *= t === 0 ? value : Math.min(1, Math.max(0.001, value / squared[t - 1]));
    return product * (1 - 2 * precision) + precision;
  });
  return { alpha: clipped.map(Math.sqrt), sigma: clipped.map((a) => Math.sqrt(1 - a)) };
}

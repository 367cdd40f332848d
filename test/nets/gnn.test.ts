import { expect, test } from "vitest";
import { createJaxEngine } from "../../src/engines/jax-engine.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { jax } from "../../src/platform/jax.ts";
import { maxDifference } from "../shared.ts";
import { TINY } from "./tiny-network.ts";

await jax.init("wasm");

const config: DynamicsConfig = { ...TINY, network: "gnn" };
const layout = dynamicsLayout(config);
const parameters = initialParameters(layout, 11);
const { hidden: H, inFeatures, outFeatures } = config;

/** A tensor of the flat parameters by its name. */
function tensor(name: string): { readonly values: Float32Array; readonly shape: readonly number[] } {
  const at = layout.findIndex((spec) => spec.name === name);
  const start = layoutSize(layout.slice(0, at));
  return { values: parameters.subarray(start, start + layoutSize([layout[at]])), shape: layout[at].shape };
}

function linear(name: string, x: readonly number[]): number[] {
  const { values, shape } = tensor(`${name}.weight`);
  const bias = tensor(`${name}.bias`).values;
  return Array.from({ length: shape[0] }, (_, o) =>
    x.reduce((sum, value, i) => sum + value * values[o * shape[1] + i], bias[o]),
  );
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => x * sigmoid(x);

/** The published GNN for one molecule without padding, message by message: every atom hears every atom, itself too. */
function published(rows: readonly (readonly number[])[]): number[][] {
  let h = rows.map((row) => linear("embedding", row));
  for (let l = 0; l < config.layers; l++) {
    h = h.map((receiver) => {
      const sum = new Array<number>(H).fill(0);
      for (const sender of h) {
        const hidden = linear(`layers.${l}.edge.0`, [...receiver, ...sender]).map(silu);
        const message = linear(`layers.${l}.edge.1`, hidden).map(silu);
        const gate = sigmoid(linear(`layers.${l}.attention`, message)[0]);
        for (let k = 0; k < H; k++) sum[k] += (gate * message[k]) / config.normalizationFactor;
      }
      const hidden = linear(`layers.${l}.node.0`, [...receiver, ...sum]).map(silu);
      return linear(`layers.${l}.node.1`, hidden).map((change, k) => receiver[k] + change);
    });
  }
  const out = h.map((row) => linear("embeddingOut", row));
  const mean = [0, 1, 2].map((d) => out.reduce((sum, row) => sum + row[d], 0) / out.length);
  return out.map((row) => row.map((value, k) => (k < 3 ? value - mean[k] : value)));
}

test.each([[[1]], [[4]], [[3, 5, 1]]])(
  "the baseline is the published one, molecules of %j atoms",
  async (sizes) => {
    const rows = sizes.flatMap((n, m) =>
      Array.from({ length: n }, (_, a) =>
        Array.from({ length: 3 + inFeatures }, (_, k) => Math.sin(1 + 7 * m + 3 * a + 1.7 * k)),
      ),
    );
    const engine = createJaxEngine(config);
    const out = await engine.forward(parameters, {
      sizes: Int32Array.from(sizes),
      positions: Float32Array.from(rows.flatMap((row) => row.slice(0, 3))),
      features: Float32Array.from(rows.flatMap((row) => row.slice(3))),
    });
    engine.dispose();
    let start = 0;
    const expected = sizes.flatMap((n) => {
      start += n;
      return published(rows.slice(start - n, start)).flat();
    });
    expect(out).toHaveLength(rows.length * (3 + outFeatures));
    expect(maxDifference(out, Float32Array.from(expected))).toBeLessThan(2e-6);
  },
);

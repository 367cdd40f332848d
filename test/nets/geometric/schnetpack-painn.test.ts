/**
 * PaiNN's weights under the names and shapes of SchNetPack 2: what is read from them, against the equations of the
 * paper (Schütt, Unke, Gastegger 2021, equations 7 to 10) written out atom by atom in double precision.
 */
import { expect, test } from "vitest";
import { createJaxAtomwiseEngine } from "../../../src/engines/jax-atomwise-engine.ts";
import type { Tensor } from "../../../src/formats/safetensors.ts";
import { stream } from "../../../src/math/random.ts";
import { readSchnetpackWeights } from "../../../src/nets/painn/schnetpack-weights.ts";
import { jax } from "../../../src/platform/jax.ts";
import { randomMolecules } from "./networks.ts";

await jax.init("wasm");
jax.defaultDevice("wasm");

const [F, LAYERS, BASIS, CUTOFF, ROWS] = [12, 3, 7, 4, 101];
const ELEMENTS = [1, 6, 8];

/** Names and shapes as `state_dict()` of a NeuralNetworkPotential with PaiNN and Atomwise has them. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "representation.embedding.weight": [ROWS, F],
  "representation.filter_net.weight": [3 * F * LAYERS, BASIS],
  "representation.filter_net.bias": [3 * F * LAYERS],
  ...Object.fromEntries(
    [0, 1, 2].flatMap((l): [string, readonly number[]][] => {
      const [message, update] = [`representation.interactions.${l}`, `representation.mixing.${l}`];
      return [
        [`${message}.interatomic_context_net.0.weight`, [F, F]],
        [`${message}.interatomic_context_net.0.bias`, [F]],
        [`${message}.interatomic_context_net.1.weight`, [3 * F, F]],
        [`${message}.interatomic_context_net.1.bias`, [3 * F]],
        [`${update}.intraatomic_context_net.0.weight`, [F, 2 * F]],
        [`${update}.intraatomic_context_net.0.bias`, [F]],
        [`${update}.intraatomic_context_net.1.weight`, [3 * F, F]],
        [`${update}.intraatomic_context_net.1.bias`, [3 * F]],
        [`${update}.mu_channel_mix.weight`, [2 * F, F]],
      ];
    }),
  ),
  "output_modules.0.outnet.0.weight": [F / 2, F],
  "output_modules.0.outnet.0.bias": [F / 2],
  "output_modules.0.outnet.1.weight": [1, F / 2],
  "output_modules.0.outnet.1.bias": [1],
};

function weights(): Map<string, Tensor> {
  const random = stream({ seed: 9, purpose: "test" });
  const tensors = new Map<string, Tensor>();
  for (const [name, shape] of Object.entries(SHAPES)) {
    const data = random.normals(new Float32Array(shape.reduce((a, b) => a * b, 1)));
    tensors.set(name, { dtype: "F32", shape, data: data.map((x) => 0.4 * x) });
  }
  const frequencies = Float32Array.from({ length: BASIS }, (_, k) => ((k + 1) * Math.PI) / CUTOFF);
  tensors.set("representation.radial_basis.freqs", { dtype: "F32", shape: [BASIS], data: frequencies });
  tensors.set("representation.cutoff_fn.cutoff", { dtype: "F32", shape: [1], data: Float32Array.of(CUTOFF) });
  return tensors;
}

type Vector = number[];
const add = (...terms: readonly Vector[]): Vector =>
  terms[0].map((_, k) => terms.reduce((sum, t) => sum + t[k], 0));
const times = (a: Vector, b: Vector): Vector => a.map((x, k) => x * b[k]);
const silu = (x: Vector): Vector => x.map((v) => v / (1 + Math.exp(-v)));

/** The outputs of the atoms. */
function reference(tensors: ReadonlyMap<string, Tensor>, charges: number[], r: Float64Array): number[] {
  const N = charges.length;
  const tensor = (name: string): Tensor => tensors.get(name) as Tensor;
  /** A dense layer: W x + b; without b where there is none. */
  const dense = (name: string, x: Vector): Vector => {
    const { shape, data } = tensor(`${name}.weight`);
    const bias = tensors.get(`${name}.bias`)?.data;
    return Array.from({ length: shape[0] }, (_, o) =>
      x.reduce((sum, value, k) => sum + Number(data[o * shape[1] + k]) * value, Number(bias?.[o] ?? 0)),
    );
  };
  const network = (name: string, x: Vector): Vector => dense(`${name}.1`, silu(dense(`${name}.0`, x)));
  const thirds = (x: Vector): Vector[] => [0, 1, 2].map((k) => x.slice(k * F, (k + 1) * F));
  const zero = (): Vector => new Array<number>(F).fill(0);

  let s = charges.map((z) =>
    Array.from({ length: F }, (_, f) => Number(tensor("representation.embedding.weight").data[z * F + f])),
  );
  let v = s.map(() => [zero(), zero(), zero()]); // [N, 3, F]
  for (let l = 0; l < LAYERS; l++) {
    const phi = s.map((x) => network(`representation.interactions.${l}.interatomic_context_net`, x));
    const [ds, dv] = [s.map(zero), v.map(() => [zero(), zero(), zero()])];
    for (let i = 0; i < N; i++)
      for (let j = 0; j < N; j++) {
        const vector = [0, 1, 2].map((axis) => r[3 * j + axis] - r[3 * i + axis]);
        const d = Math.hypot(...vector);
        if (i === j || d >= CUTOFF) continue;
        const basis = Array.from({ length: BASIS }, (_, n) => Math.sin(((n + 1) * Math.PI * d) / CUTOFF) / d);
        const cut = 0.5 * (Math.cos((Math.PI * d) / CUTOFF) + 1);
        const filter = dense("representation.filter_net", basis)
          .slice(3 * F * l, 3 * F * (l + 1))
          .map((w) => w * cut);
        const [scalar, turned, carried] = thirds(times(filter, phi[j]));
        ds[i] = add(ds[i], scalar);
        for (const axis of [0, 1, 2])
          dv[i][axis] = add(
            dv[i][axis],
            turned.map((x) => (x * vector[axis]) / d),
            times(carried, v[j][axis]),
          );
      }
    s = s.map((x, i) => add(x, ds[i]));
    v = v.map((x, i) => x.map((part, axis) => add(part, dv[i][axis])));
    for (let i = 0; i < N; i++) {
      const mixed = v[i].map((x) => dense(`representation.mixing.${l}.mu_channel_mix`, x));
      const [V, U] = [mixed.map((x) => x.slice(0, F)), mixed.map((x) => x.slice(F))];
      const norm = zero().map((_, f) => Math.sqrt(1e-8 + V.reduce((sum, x) => sum + x[f] ** 2, 0)));
      const a = thirds(network(`representation.mixing.${l}.intraatomic_context_net`, [...s[i], ...norm]));
      const product = add(...[0, 1, 2].map((axis) => times(U[axis], V[axis])));
      s[i] = add(s[i], a[0], times(a[2], product));
      v[i] = v[i].map((x, axis) => add(x, times(a[1], U[axis])));
    }
  }
  return s.map((x) => network("output_modules.0.outnet", x)[0]);
}

test("PaiNN of SchNetPack's tensors has the outputs of the paper's equations", async () => {
  const tensors = weights();
  const { config, parameters, hasHead } = readSchnetpackWeights(tensors, ELEMENTS);
  expect(config).toEqual({
    kind: "painn",
    types: 3,
    hidden: F,
    layers: LAYERS,
    radial: { kind: "bessel", count: BASIS, cutoff: CUTOFF },
  });
  expect(hasHead).toBe(true);
  const batch = randomMolecules([6], 12);
  const charges = Array.from(batch.species, (k) => ELEMENTS[k]);
  const expected = reference(tensors, charges, batch.positions);
  const found = await createJaxAtomwiseEngine(config).outputs(parameters, batch);
  const size = Math.hypot(...expected);
  expect(size).toBeGreaterThan(0.1);
  expect(Math.hypot(...expected.map((x, k) => x - found[k])) / size).toBeLessThan(1e-5);
});

test("names without `representation.`, or with `model.` in front, are the same weights", () => {
  const { parameters } = readSchnetpackWeights(weights(), ELEMENTS);
  const full = new Map([...weights()].map(([name, tensor]) => [`model.${name}`, tensor]));
  expect(readSchnetpackWeights(full, ELEMENTS).parameters).toEqual(parameters);
  const bare = new Map([...weights()].map(([name, tensor]) => [name.replace("representation.", ""), tensor]));
  expect(readSchnetpackWeights(bare, ELEMENTS).parameters).toEqual(parameters);
});

test("tensors that are missing or of another shape are named", () => {
  const broken = (change: (tensors: Map<string, Tensor>) => void) => () => {
    const tensors = weights();
    change(tensors);
    return readSchnetpackWeights(tensors, ELEMENTS, "painn.safetensors");
  };
  const mix = "representation.mixing.1.mu_channel_mix.weight";
  expect(broken((t) => t.delete(mix))).toThrow(`painn.safetensors: tensor "${mix}" is missing`);
  expect(
    broken((t) => t.set(mix, { dtype: "F32", shape: [F, 2 * F], data: new Float32Array(2 * F * F) })),
  ).toThrow(`tensor "${mix}" is [12, 24], expected [24, 12]`);
  const filters = "representation.filter_net.weight";
  expect(
    broken((t) =>
      t.set(filters, { dtype: "F32", shape: [3 * F, BASIS], data: new Float32Array(3 * F * BASIS) }),
    ),
  ).toThrow(/filter_net.weight" has 36 rows, expected 108; shared filters are not supported/);
  expect(broken((t) => t.delete("representation.cutoff_fn.cutoff"))).toThrow(
    'tensor "cutoff_fn.cutoff" is missing',
  );
  expect(
    broken((t) =>
      t.set("representation.filter_net.bias", { dtype: "I64", shape: [108], data: new BigInt64Array(108) }),
    ),
  ).toThrow(/filter_net.bias" is I64; F32 or F64 was expected/);
});

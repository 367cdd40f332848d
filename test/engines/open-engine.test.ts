import { expect, test } from "vitest";
import type { AtomBatch } from "../../src/engines/engine.ts";
import { nativeAddon, nativeStatus } from "../../src/engines/native-addon.ts";
import { openEngine } from "../../src/engines/open-engine.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import type { GeometricConfig } from "../../src/nets/geometric.ts";
import { initialParameters } from "../../src/nets/layers/parameters.ts";
import { TINY } from "../nets/tiny-network.ts";
import { maxDifference } from "../shared.ts";

const config: DynamicsConfig = { ...TINY, inFeatures: 4, outFeatures: 3, hidden: 8, layers: 1 };
const batch: AtomBatch = {
  sizes: Int32Array.of(2, 3),
  positions: Float32Array.from({ length: 15 }, (_, k) => Math.sin(3 * k)),
  features: Float32Array.from({ length: 20 }, (_, k) => Math.cos(2 * k)),
};

test("without a wish, the fastest engine that is here computes, with a notice where it is not the native one", async () => {
  const notices: string[] = [];
  const engine = await openEngine({ denoiser: config }, { onNotice: (notice) => notices.push(notice) });
  if (nativeStatus().available) {
    expect(engine.name).toMatch(/^native/);
    expect(notices).toEqual([]);
  } else {
    expect(engine.name).toMatch(/^wasm/);
    expect(notices).toEqual([expect.stringMatching(/^native engine: .*; computing with wasm/)]);
  }
  engine.dispose();
});

test("every engine that can be asked for computes the same", async () => {
  const parameters = initialParameters(dynamicsLayout(config), 1);
  const names = [...(nativeStatus().available ? (["native"] as const) : []), "wasm", "jax"] as const;
  const outputs = [];
  for (const name of names) {
    const engine = await openEngine({ denoiser: config }, { engine: name });
    expect(engine.name).toContain(name);
    outputs.push(await engine.forward(parameters, batch));
    engine.dispose();
  }
  for (const output of outputs) expect(maxDifference(output, outputs[0])).toBeLessThan(1e-5);
});

test("the baseline without equivariance has the same ways", async () => {
  const notices: string[] = [];
  const baseline: DynamicsConfig = { ...config, network: "gnn" };
  const engine = await openEngine({ denoiser: baseline }, { onNotice: (notice) => notices.push(notice) });
  expect(engine.name).toMatch(nativeStatus().available ? /^native/ : /^wasm/);
  expect(notices).toHaveLength(nativeStatus().available ? 0 : 1);
  engine.dispose();
});

test("wishes that exclude each other are refused in the words of the caller", async () => {
  const both = { engine: "native", device: "webgpu" } as const;
  await expect(openEngine({ denoiser: config }, both)).rejects.toThrow("leave out device webgpu");
  const named = (option: string): string => `<${option}>`;
  await expect(openEngine({ denoiser: config }, { ...both, named })).rejects.toThrow(
    "<engine> native computes on the CPU; leave out <device> webgpu",
  );
});

test("an engine of one network is refused by the binding of another", async () => {
  const addon = nativeAddon();
  if (addon === undefined) return;
  const painn = addon.painn.create(
    { types: 1, hidden: 32, layers: 1, radial: 4, bessel: 0, head: 16, cutoff: 4, threads: 1 },
    "",
  );
  expect(() => addon.geodiff.dispose(painn)).toThrow("an engine of this network");
  expect(() => addon.egnn.dispose(painn)).toThrow("an engine of this network");
  expect(() => addon.egnn.dispose({} as never)).toThrow("an engine of this network");
  addon.painn.dispose(painn);
  expect(() => addon.painn.dispose(painn)).toThrow("disposed");
});

test("a geometric network without kernels is told of, and refused by name", async () => {
  const schnet = {
    kind: "schnet",
    types: 2,
    hidden: 8,
    layers: 1,
    radial: { kind: "gaussian", count: 4, cutoff: 4 },
  } as unknown as GeometricConfig;
  await expect(openEngine({ atomwise: schnet }, { engine: "native" })).rejects.toThrow(
    'engine native: there is no native code for the network "schnet"; use engine jax',
  );
});

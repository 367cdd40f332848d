import { beforeAll, describe, expect, test } from "vitest";
import { openEngine } from "../../src/engines/open-engine.ts";
import { createJaxUnet } from "../../src/engines/unet/unet-jax.ts";
import {
  type ImageBatch,
  type ImageEngine,
  type ImageTarget,
  unetEngine,
  unetIsCompiled,
} from "../../src/engines/unet/unet-kernel.ts";
import { loadNativeUnet } from "../../src/engines/unet/unet-native.ts";
import { loadWasmUnet } from "../../src/engines/unet/unet-wasm.ts";
import { wasmVariants } from "../../src/engines/wasm-module.ts";
import { stream } from "../../src/math/random.ts";
import { initialParameters, layoutSize } from "../../src/nets/layers/parameters.ts";
import { type UnetConfig, unetLayout } from "../../src/nets/unet/unet-config.ts";
import { prepareRuntime } from "../../src/platform/prepare.ts";
import { relativeDifference } from "../shared.ts";

/** Lines that are no multiples of a tile, widths of one vector and an odd number of them, one level and three. */
const CONFIGS: readonly UnetConfig[] = [
  { height: 8, width: 12, channels: [16, 48], timeFeatures: 16, embedding: 32 },
  { height: 5, width: 7, channels: [16], timeFeatures: 32, embedding: 16 },
  { height: 28, width: 28, channels: [16, 16, 32], timeFeatures: 16, embedding: 16 },
];
const IMAGES = 3;

const isas = ["AVX-512", "AVX2", "SSE", "NEON"].filter((isa) => {
  try {
    const kernel = loadNativeUnet(CONFIGS[1], { isa });
    kernel?.dispose();
    return kernel !== undefined;
  } catch {
    return false; // not of this processor
  }
});
const builds: [name: string, open: (config: UnetConfig, threads?: number) => Promise<ImageEngine>][] = [
  ...isas.map((isa): (typeof builds)[number] => [
    `native ${isa}`,
    async (config, threads = 1) => {
      const kernel = loadNativeUnet(config, { isa, threads });
      if (kernel === undefined) throw new Error("not built");
      return unetEngine(config, kernel);
    },
  ]),
  ...wasmVariants().map((variant): (typeof builds)[number] => [
    `wasm ${variant}`,
    async (config) => {
      const kernel = await loadWasmUnet(config, { variant });
      if (kernel === undefined) throw new Error("there is no WebAssembly");
      return unetEngine(config, kernel);
    },
  ]),
];
if (isas.length === 0) console.warn("the native U-Net was not built: its tests are skipped");

/** Parameters of which none is zero: blocks that begin as their shortcut would hide what is wrong in them. */
function parametersOf(config: UnetConfig): Float32Array {
  const random = stream({ seed: 8, purpose: "test" });
  return initialParameters(unetLayout(config), 7).map((value) => value + 0.05 * random.normal());
}

function problemOf({ height, width, timeFeatures }: UnetConfig): { batch: ImageBatch; target: ImageTarget } {
  const random = stream({ seed: 5, purpose: "test" });
  const D = height * width;
  return {
    batch: {
      images: random.normals(new Float32Array(IMAGES * D)),
      features: random.normals(new Float32Array(IMAGES * timeFeatures)),
    },
    target: {
      target: random.normals(new Float32Array(IMAGES * D)),
      weight: Float32Array.of(0.5 / D, 2 / D, 1 / D),
    },
  };
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, x, k) => sum + x * b[k], 0);

describe.each(CONFIGS)("the U-Net of $height × $width pixels, channels $channels", (config) => {
  const parameters = parametersOf(config);
  const { batch, target } = problemOf(config);
  const size = layoutSize(unetLayout(config));
  const all = async (engine: ImageEngine) => {
    const gradient = new Float32Array(size).fill(Number.NaN);
    const errors = await engine.squaredError(parameters, batch, target, gradient);
    return { output: await engine.forward(parameters, batch), errors, gradient };
  };
  let reference: Awaited<ReturnType<typeof all>>;
  beforeAll(async () => {
    await prepareRuntime("cpu");
    const jax = createJaxUnet(config);
    reference = await all(jax);
    jax.dispose();
  });

  test.each(builds)("%s computes what the definition does: outputs, errors, gradients", async (_, open) => {
    const engine = await open(config);
    const found = await all(engine);
    engine.dispose();
    expect(relativeDifference(found.output, reference.output)).toBeLessThan(1e-5);
    expect(relativeDifference(found.errors, reference.errors)).toBeLessThan(1e-5);
    expect(relativeDifference(found.gradient, reference.gradient)).toBeLessThan(5e-5);
    let offset = 0;
    for (const { name, shape } of unetLayout(config)) {
      const end = offset + shape.reduce((a, b) => a * b, 1);
      const [own, theirs] = [found.gradient, reference.gradient].map((all) => all.subarray(offset, end));
      expect(relativeDifference(own, theirs), name).toBeLessThan(1e-3);
      offset = end;
    }
  });

  test.each(builds)("%s: the gradient is that of finite differences", async (_, open) => {
    const engine = await open(config);
    const gradient = new Float32Array(size);
    await engine.squaredError(parameters, batch, target, gradient);
    const loss = async (along: Float32Array, h: number): Promise<number> => {
      const moved = parameters.map((x, k) => x + h * along[k]);
      const errors = await engine.squaredError(moved, batch, target, new Float32Array(size));
      return dot(errors, target.weight);
    };
    for (let trial = 0; trial < 3; trial++) {
      const along = stream({ seed: 9, purpose: "test", index: trial }).normals(new Float32Array(size));
      const h = 3e-4;
      const near = (await loss(along, h)) - (await loss(along, -h));
      const far = (await loss(along, 2 * h)) - (await loss(along, -2 * h));
      const scale = Math.sqrt(dot(gradient, gradient)); // what a random direction gives
      expect(Math.abs((8 * near - far) / (12 * h) - dot(gradient, along))).toBeLessThan(1e-2 * scale);
    }
    engine.dispose();
  });
});

describe.each(builds)("%s", (_, open) => {
  const config = CONFIGS[0];
  const { batch, target } = problemOf(config);
  const size = layoutSize(unetLayout(config));

  test("an image's output and error do not depend on the others, nor results on the number of threads", async () => {
    const parameters = parametersOf(config);
    const [one, three] = [await open(config), await open(config, 3)];
    const [a, b] = [new Float32Array(size), new Float32Array(size)];
    const errors = await one.squaredError(parameters, batch, target, a);
    expect(await three.squaredError(parameters, batch, target, b)).toEqual(errors);
    expect(b).toEqual(a);
    const D = config.height * config.width;
    const last = {
      images: batch.images.slice(-D),
      features: batch.features.slice(-config.timeFeatures),
    };
    expect(await three.forward(parameters, last)).toEqual((await one.forward(parameters, batch)).slice(-D));
    one.dispose();
    three.dispose();
  });

  test("parameters that change are noticed, no images are no work, arrays that do not fit are refused", async () => {
    const engine = await open(config);
    const [first, second] = [parametersOf(config), parametersOf(config).map((x) => 1.1 * x)];
    const before = await engine.forward(first, batch);
    expect(relativeDifference(await engine.forward(second, batch), before)).toBeGreaterThan(0.01);
    expect(await engine.forward(first, batch)).toEqual(before);
    const none = { images: new Float32Array(0), features: new Float32Array(0) };
    const empty = { target: new Float32Array(0), weight: new Float32Array(0) };
    const gradient = new Float32Array(size).fill(1);
    expect(await engine.squaredError(first, none, empty, gradient)).toHaveLength(0);
    expect(gradient.every((value) => value === 0)).toBe(true);
    await expect(engine.forward(first.subarray(1), batch)).rejects.toThrow("parameters");
    await expect(engine.forward(first, { ...batch, features: batch.features.subarray(1) })).rejects.toThrow(
      "features",
    );
    await expect(engine.forward(first, { ...batch, images: batch.images.subarray(1) })).rejects.toThrow(
      "images",
    );
    engine.dispose();
  });
});

test("widths that are no whole vectors, and images that do not halve, are left to the definition", async () => {
  const config: UnetConfig = { height: 4, width: 4, channels: [8], timeFeatures: 16, embedding: 16 };
  expect(unetIsCompiled(config)).toBe(false);
  expect(unetIsCompiled({ ...config, channels: [16, 16, 16, 16] })).toBe(false);
  expect(loadNativeUnet(config)).toBeUndefined();
  expect(await loadWasmUnet(config)).toBeUndefined();
  const notices: string[] = [];
  const engine = await openEngine({ image: config }, { onNotice: (text) => notices.push(text) });
  expect(engine.name).toMatch(/^jax/);
  expect(notices.join()).toContain("computing with jax-js");
  engine.dispose();
});

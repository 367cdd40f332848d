/** Networks and batches that the tests of the kernels share: random parameters, positions and features. */
import { existsSync, readFileSync } from "node:fs";
import type { AtomBatch, SquaredErrorTarget } from "../../src/engines/engine.ts";
import { stream } from "../../src/math/random.ts";
import { type EgnnConfig, egnnLayout } from "../../src/nets/egnn/egnn-config.ts";
import { layoutSize, tensorSize } from "../../src/nets/layers/parameters.ts";
import { TINY } from "../nets/tiny-network.ts";

export const BASE: EgnnConfig = TINY;

/** One configuration for each option that changes what is computed. */
export const VARIANTS: Readonly<Record<string, EgnnConfig>> = {
  "attention, tanh, sum": BASE,
  "no attention": { ...BASE, attention: false },
  "no tanh": { ...BASE, tanh: false },
  "mean aggregation": { ...BASE, aggregation: "mean" },
  "sine embedding": { ...BASE, sinEmbedding: true },
  "self-conditioning": { ...BASE, selfConditioning: true },
  "self-conditioning, sine embedding": {
    ...BASE,
    selfConditioning: true,
    sinEmbedding: true,
    coordsRange: 1,
  },
  "two sublayers": { ...BASE, sublayers: 2, normConstant: 0.5 },
  "odd width, conditioning channels": { ...BASE, hidden: 13, inFeatures: 11, outFeatures: 5 },
  "wider than a panel": { ...BASE, hidden: 45, layers: 1 },
};

/** Uniform within each tensor's bounds; the coordinate network moves atoms visibly. */
export function randomParameters(config: EgnnConfig, seed = 1): Float32Array {
  const layout = egnnLayout(config);
  const parameters = new Float32Array(layoutSize(layout));
  const random = stream({ seed, purpose: "test", index: 1 });
  let at = 0;
  for (const { name, shape, bound } of layout) {
    const scale = name.endsWith("coord.2.weight") ? 100 : 1;
    for (let k = tensorSize(shape); k > 0; k--) parameters[at++] = (2 * random.uniform() - 1) * bound * scale;
  }
  return parameters;
}

export function randomBatch(config: EgnnConfig, sizes: readonly number[], seed = 1): AtomBatch {
  const atoms = sizes.reduce((sum, n) => sum + n, 0);
  const random = stream({ seed, purpose: "test", index: 2 });
  const positions = (): Float32Array => random.normals(new Float32Array(3 * atoms)).map((v) => 1.5 * v);
  return {
    sizes: Int32Array.from(sizes),
    positions: positions(),
    features: random.normals(new Float32Array(config.inFeatures * atoms)),
    ...(config.selfConditioning && { guess: positions() }),
  };
}

export function randomTarget(
  config: EgnnConfig,
  { sizes, positions }: AtomBatch,
  seed = 1,
): SquaredErrorTarget {
  const atoms = positions.length / 3;
  const random = stream({ seed, purpose: "test", index: 3 });
  return {
    target: random.normals(new Float32Array((3 + config.outFeatures) * atoms)),
    positionWeight: Float32Array.from(sizes, () => 0.5 + random.uniform()),
    featureWeight: Float32Array.from(sizes, () => 0.5 + random.uniform()),
  };
}

/** Sizes of molecules like QM9's: 5 to 29 atoms, mean near 18. */
export function qm9LikeSizes(count: number, seed = 1): number[] {
  const random = stream({ seed, purpose: "test", index: 4 });
  return Array.from({ length: count }, () => Math.min(29, Math.max(5, Math.round(18 + 3 * random.normal()))));
}

/** ‖a − b‖ / ‖b‖ */
export function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let k = 0; k < b.length; k++) {
    difference += (a[k] - b[k]) ** 2;
    norm += b[k] ** 2;
  }
  return Math.sqrt(difference / norm);
}

const SHARED = new URL("../../../shared/fixtures/", import.meta.url);
export const hasFixtures = existsSync(SHARED);

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

// biome-ignore lint/suspicious/noExplicitAny: the files' shapes are described in their own text
export const readFixture = (name: string): any => JSON.parse(readFileSync(new URL(name, SHARED), "utf8"));

/** Parameters in the order of the layout, from tensors named as in the reference code (after `prefix`). */
export function parametersFrom(
  config: EgnnConfig,
  tensors: Readonly<Record<string, Tensor>>,
  prefix: string,
): Float32Array {
  const theirs = (name: string): string =>
    prefix +
    name
      .replace(/^embeddingOut/, "embedding_out")
      .replace(/^blocks\.(\d+)\.gcl\.(\d+)/, "e_block_$1.gcl_$2")
      .replace(
        /^blocks\.(\d+)\.coord\.(\d)/,
        (_, block, layer) => `e_block_${block}.gcl_equiv.coord_mlp.${2 * layer}`,
      )
      .replace(/\.(edge|node)\.(\d)/, (_, kind, layer) => `.${kind}_mlp.${2 * layer}`)
      .replace(/\.attention/, ".att_mlp.0");
  return Float32Array.from(egnnLayout(config).flatMap(({ name }) => tensors[theirs(name)].data));
}

/** The real atoms of a padded batch: [B, N, F] and [B, N, 1] → rows. */
export function unpad(values: Tensor, mask: Tensor): number[] {
  const width = values.shape[2];
  return values.data.filter((_, k) => mask.data[Math.floor(k / width)] === 1);
}

export function maskedSizes(mask: Tensor): Int32Array {
  const [molecules, n] = mask.shape;
  return Int32Array.from({ length: molecules }, (_, m) =>
    mask.data.slice(m * n, (m + 1) * n).reduce((sum, v) => sum + v, 0),
  );
}

/** Networks and batches that the tests of the kernels share: random parameters, positions and features. */
import type { AtomBatch, SquaredErrorTarget } from "../../src/engines/engine.ts";
import { stream } from "../../src/math/random.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { layoutSize, tensorSize } from "../../src/nets/layers/parameters.ts";
import { TINY } from "../nets/tiny-network.ts";

export const BASE: DynamicsConfig = TINY;

/** One configuration for each option that changes what is computed. */
export const VARIANTS: Readonly<Record<string, DynamicsConfig>> = {
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
  "the baseline": { ...BASE, network: "gnn" },
  "the baseline, no attention, odd width, mean": {
    ...BASE,
    network: "gnn",
    attention: false,
    aggregation: "mean",
    hidden: 13,
    inFeatures: 11,
    outFeatures: 5,
  },
};

/** Uniform within each tensor's bounds; the coordinate network moves atoms visibly. */
export function randomParameters(config: DynamicsConfig, seed = 1): Float32Array {
  const layout = dynamicsLayout(config);
  const parameters = new Float32Array(layoutSize(layout));
  const random = stream({ seed, purpose: "test", index: 1 });
  let at = 0;
  for (const { name, shape, bound } of layout) {
    const scale = name.endsWith("coord.2.weight") ? 100 : 1;
    for (let k = tensorSize(shape); k > 0; k--) parameters[at++] = (2 * random.uniform() - 1) * bound * scale;
  }
  return parameters;
}

export function randomBatch(config: DynamicsConfig, sizes: readonly number[], seed = 1): AtomBatch {
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
  config: DynamicsConfig,
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

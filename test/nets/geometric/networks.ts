/** A small network of each kind, molecules for them, and their energies in double precision. */

import type { SpeciesBatch } from "../../../src/engines/atomwise-engine.ts";
import { stream } from "../../../src/math/random.ts";
import { atomwiseOutputs, type GeometricConfig, geometricLayout } from "../../../src/nets/geometric.ts";
import { disposeGraph, type MolecularGraph } from "../../../src/nets/layers/molecular-graph.ts";
import { initialParameters } from "../../../src/nets/layers/parameters.ts";
import { parameterTree } from "../../../src/nets/layers/tensors.ts";
import { jax, np } from "../../../src/platform/jax.ts";

const radial = { kind: "bessel", count: 8, cutoff: 4 } as const;
const gaussian = { ...radial, kind: "gaussian" } as const;
const passing = { types: 3, hidden: 16, layers: 2, radial: gaussian };
const dimenet = {
  ...{ types: 3, hidden: 16, layers: 2, spherical: 4, envelope: 6 },
  radial: { ...radial, count: 4 },
};
export const SMALL = {
  painn: { kind: "painn", types: 3, hidden: 32, layers: 2, radial },
  "painn, gaussian": { kind: "painn", types: 3, hidden: 32, layers: 3, radial: gaussian },
  schnet: { kind: "schnet", types: 3, hidden: 16, filters: 12, layers: 2, radial: gaussian },
  "dimenet++": { kind: "dimenet++", variant: "++", interaction: 8, ...dimenet },
  dimenet: { kind: "dimenet", variant: "bilinear", interaction: 8, ...dimenet },
  egnn: {
    ...{ kind: "egnn", ...passing, aggregation: "sum", update: "residual", edges: "squared", gate: true },
  },
  "mpnn, sum and GRU": {
    ...{ kind: "mpnn", ...passing, aggregation: "sum", update: "gru", edges: "basis", gate: false },
  },
  "mpnn, mean": {
    ...{ kind: "mpnn", ...passing, aggregation: "mean", update: "residual", edges: "basis", gate: false },
  },
  "mpnn, max": {
    ...{ kind: "mpnn", ...passing, aggregation: "max", update: "residual", edges: "basis", gate: false },
  },
} as const satisfies Readonly<Record<string, GeometricConfig>>;

/** Parameters with biases that are not zero. */
export const lively = (config: GeometricConfig, seed = 1): Float32Array =>
  initialParameters(
    geometricLayout(config).map((spec) => (spec.bound === 0 ? { ...spec, bound: 0.3 } : spec)),
    seed,
  );

/** Atoms at random, none on top of another. */
export function randomMolecules(sizes: readonly number[], seed: number, types = 3): SpeciesBatch {
  const random = stream({ seed, purpose: "test" });
  const atoms = sizes.reduce((a, b) => a + b, 0);
  const positions = new Float64Array(3 * atoms);
  let start = 0;
  for (const n of sizes) {
    for (let i = 0; i < n; i++) {
      let clear = false;
      while (!clear) {
        for (let axis = 0; axis < 3; axis++)
          positions[3 * (start + i) + axis] = 1.3 * n ** (1 / 3) * (2 * random.uniform() - 1);
        clear = Array.from({ length: i }, (_, j) => distance(positions, start + i, start + j)).every(
          (d) => d > 0.8,
        );
      }
    }
    start += n;
  }
  const species = Int32Array.from({ length: atoms }, () => random.integer(types));
  return { sizes: Int32Array.from(sizes), positions, species };
}

const distance = (x: Float64Array, i: number, j: number): number =>
  Math.hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);

/** One molecule as a dense graph in double precision, with room for N atoms. */
export function graph64(species: ArrayLike<number>, types: number, N = species.length): MolecularGraph {
  const A = species.length;
  const oneHot = new Float64Array(N * types);
  for (let i = 0; i < A; i++) oneHot[i * types + species[i]] = 1;
  const pairs = new Float64Array(N * N).map((_, k) => {
    const [i, j] = [Math.floor(k / N), k % N];
    return Number(i !== j && i < A && j < A);
  });
  return {
    species: np.array(oneHot, { shape: [1, N, types] }),
    atoms: np.array(new Float64Array(N).fill(1, 0, A), { shape: [1, N, 1] }),
    pairs: np.array(pairs, { shape: [1, N, N, 1] }),
  };
}

/** The sum of the outputs of one molecule and its gradient, in double precision. */
export function energy64(config: GeometricConfig, parameters: Float32Array) {
  const tree = parameterTree(geometricLayout(config), Float64Array.from(parameters));
  const total = (x: np.Array, graph: MolecularGraph): np.Array => {
    const outputs = atomwiseOutputs(config, jax.tree.ref(tree), x, graph);
    disposeGraph(graph);
    return outputs.sum();
  };
  const compiled = jax.jit(jax.valueAndGrad(total));
  return async (
    positions: Float64Array,
    species: ArrayLike<number>,
  ): Promise<{ energy: number; gradient: Float64Array }> => {
    const x = np.array(positions.slice(), { shape: [1, species.length, 3] });
    const [energy, gradient] = compiled(x, graph64(species, config.types)) as unknown as [np.Array, np.Array];
    return {
      energy: ((await energy.data()) as Float64Array)[0],
      gradient: (await gradient.data()) as unknown as Float64Array,
    };
  };
}

/** Vectors turned by R (row-major 3 × 3) and shifted. */
export const turned = (x: Float64Array, R: readonly number[], shift = 0): Float64Array =>
  x.map((_, k) => {
    const [atom, d] = [Math.floor(k / 3), k % 3];
    return shift + R[3 * d] * x[3 * atom] + R[3 * d + 1] * x[3 * atom + 1] + R[3 * d + 2] * x[3 * atom + 2];
  });

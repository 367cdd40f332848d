/**
 * The geometric networks computed by jax-js. Small molecules are padded to [B, N] and every atom sees all others;
 * with larger ones the batch is one graph with a neighbour list. Shapes are bucketed: few are compiled.
 */

import { atomwiseOutputs, type GeometricConfig, geometricLayout, outputChannels } from "../nets/geometric.ts";
import { disposeGraph, type MolecularGraph } from "../nets/layers/molecular-graph.ts";
import { bucketed, neighbourList } from "../nets/layers/neighbour-list.ts";
import { layoutSize } from "../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../nets/layers/tensors.ts";
import { jax, np } from "../platform/jax.ts";
import type { AtomwiseEngine, SpeciesBatch } from "./atomwise-engine.ts";
import { differenceGradient } from "./difference-gradient.ts";
import { atomOffsets } from "./engine.ts";
import { inParts } from "./split-batch.ts";

/** Molecules of more atoms than this have a neighbour list. */
const DENSE_UP_TO = 40;

/** Triplets of atoms that are computed at once: about a gigabyte with derivatives. */
const TRIPLETS = 65536;

export interface JaxAtomwiseOptions {
  /** Atoms of a molecule up to which every atom sees all others without a neighbour list. */
  readonly denseUpTo?: number;
}

/** Where the atoms of a batch stand in the padded arrays. */
interface Rows {
  readonly B: number;
  readonly N: number;
  /** Row of each atom. [A] */
  readonly rowOf: Int32Array;
  /** Whether there is a neighbour list. */
  readonly listed: boolean;
  readonly graph: () => MolecularGraph;
}

/** An engine for `config`; jax must be initialised (`prepareRuntime`). */
export function createJaxAtomwiseEngine(
  config: GeometricConfig,
  { denseUpTo = DENSE_UP_TO }: JaxAtomwiseOptions = {},
): AtomwiseEngine {
  const layout = geometricLayout(config);
  const channels = outputChannels(config);
  type Arguments = [parameters: ParameterTree, x: np.Array, graph: MolecularGraph];

  const outputsOf = (...[parameters, x, graph]: Arguments): np.Array => {
    const outputs = atomwiseOutputs(config, parameters, x, graph);
    disposeGraph(graph);
    return outputs;
  };
  const energy = (x: np.Array, parameters: ParameterTree, graph: MolecularGraph): [np.Array, np.Array] => {
    const outputs = outputsOf(parameters, x, graph);
    return [outputs.ref.sum(), outputs];
  };
  const positionsOnce = jax.valueAndGrad(energy, { hasAux: true });
  const parametersOnce = jax.grad((...[parameters, x, graph, c]: [...Arguments, np.Array]) =>
    outputsOf(parameters, x, graph).mul(c).sum(),
  );
  const compiled = {
    outputs: jax.jit(outputsOf),
    byPositions: jax.jit(positionsOnce),
    byParameters: jax.jit(parametersOnce),
  };
  /** jax-js 0.1.25 cannot compile the derivative of gathering: with a neighbour list it computes step by step. */
  const once = { outputs: outputsOf, byPositions: positionsOnce, byParameters: parametersOnce };
  const functionsFor = ({ listed }: Rows): typeof once => (listed ? once : compiled);

  let uploaded: { readonly copy: Float32Array; readonly tree: ParameterTree } | undefined;
  /** Device copy of the parameters, kept while their values stay the same. */
  const upload = (parameters: Float32Array): ParameterTree => {
    if (parameters.length !== layoutSize(layout))
      throw new RangeError(`expected ${layoutSize(layout)} parameters, got ${parameters.length}`);
    if (uploaded === undefined || !sameValues(uploaded.copy, parameters)) {
      if (uploaded) jax.tree.dispose(uploaded.tree);
      uploaded = { copy: parameters.slice(), tree: parameterTree(layout, parameters) };
    }
    return jax.tree.ref(uploaded.tree);
  };

  const padded = ({ B, N, rowOf }: Rows, values: ArrayLike<number>, channels: number): np.Array => {
    const out = new Float32Array(B * N * channels);
    rowOf.forEach((row, atom) => {
      for (let k = 0; k < channels; k++) out[row * channels + k] = values[atom * channels + k];
    });
    return np.array(out, { shape: [B, N, channels] });
  };
  const unpadded = async ({ rowOf }: Rows, array: np.Array, channels: number): Promise<Float32Array> => {
    const values = (await array.data()) as Float32Array;
    const out = new Float32Array(rowOf.length * channels);
    rowOf.forEach((row, atom) => {
      for (let k = 0; k < channels; k++) out[atom * channels + k] = values[row * channels + k];
    });
    return out;
  };
  const rowsOf = (batch: SpeciesBatch): Rows =>
    Math.max(...batch.sizes) > denseUpTo
      ? listedRows(batch, config.types, config.radial.cutoff)
      : denseRows(batch, config.types);

  const parameterGradient: AtomwiseEngine["parameterGradient"] = async (
    parameters,
    batch,
    coefficients,
    gradient,
  ) => {
    const rows = rowsOf(batch);
    const x = padded(rows, batch.positions, 3);
    const c = padded(rows, coefficients, channels);
    await readTree(layout, functionsFor(rows).byParameters(upload(parameters), x, rows.graph(), c), gradient);
  };

  const engine: AtomwiseEngine = {
    name: `jax (${jax.defaultDevice()})`,
    outputs: async (parameters, batch) => {
      const rows = rowsOf(batch);
      return unpadded(
        rows,
        functionsFor(rows).outputs(upload(parameters), padded(rows, batch.positions, 3), rows.graph()),
        channels,
      );
    },
    positionGradient: async (parameters, batch) => {
      const rows = rowsOf(batch);
      const [[total, outputs], gradient] = functionsFor(rows).byPositions(
        padded(rows, batch.positions, 3),
        upload(parameters),
        rows.graph(),
      ) as unknown as [[np.Array, np.Array], np.Array];
      total.dispose();
      return {
        outputs: await unpadded(rows, outputs, channels),
        gradient: await unpadded(rows, gradient, 3),
      };
    },
    parameterGradient,
    mixedGradient: (...inputs) => differenceGradient(parameterGradient, ...inputs),
    dispose: () => {
      if (uploaded) jax.tree.dispose(uploaded.tree);
      uploaded = undefined;
      for (const each of Object.values(compiled)) each.dispose();
    },
  };
  return config.kind === "dimenet" || config.kind === "dimenet++"
    ? inParts(engine, (atoms) => atoms * atoms * atoms, TRIPLETS)
    : engine;
}

function oneHot(rowOf: Int32Array, species: Int32Array, count: number, types: number): Float32Array {
  const out = new Float32Array(count * types);
  rowOf.forEach((row, atom) => {
    out[row * types + species[atom]] = 1;
  });
  return out;
}

/** A molecule for each row, all pairs. */
function denseRows({ sizes, species }: SpeciesBatch, types: number): Rows {
  const B = bucketed(sizes.length);
  const N = bucketed(Math.max(...sizes));
  const offsets = atomOffsets(sizes);
  const rowOf = new Int32Array(species.length);
  const atoms = new Float32Array(B * N);
  const pairs = new Float32Array(B * N * N);
  sizes.forEach((n, m) => {
    for (let i = 0; i < n; i++) {
      rowOf[offsets[m] + i] = m * N + i;
      atoms[m * N + i] = 1;
      const start = (m * N + i) * N;
      pairs.fill(1, start, start + n);
      pairs[start + i] = 0;
    }
  });
  const graph = (): MolecularGraph => ({
    species: np.array(oneHot(rowOf, species, B * N, types), { shape: [B, N, types] }),
    atoms: np.array(atoms, { shape: [B, N, 1] }),
    pairs: np.array(pairs, { shape: [B, N, N, 1] }),
  });
  return { B, N, rowOf, listed: false, graph };
}

/** All molecules in one row, each atom with its neighbours. */
function listedRows({ sizes, positions, species }: SpeciesBatch, types: number, cutoff: number): Rows {
  const { offsets, senders } = neighbourList(positions, sizes, cutoff);
  const A = species.length;
  const N = bucketed(A);
  let most = 1;
  for (let i = 0; i < A; i++) most = Math.max(most, offsets[i + 1] - offsets[i]);
  const K = bucketed(most);
  const rowOf = Int32Array.from({ length: A }, (_, i) => i);
  const index = new Int32Array(N * K);
  const pairs = new Float32Array(N * K);
  for (let i = 0; i < A; i++) {
    index.set(senders.subarray(offsets[i], offsets[i + 1]), i * K);
    pairs.fill(1, i * K, i * K + offsets[i + 1] - offsets[i]);
  }
  const graph = (): MolecularGraph => ({
    species: np.array(oneHot(rowOf, species, N, types), { shape: [1, N, types] }),
    atoms: np.array(new Float32Array(N).fill(1, 0, A), { shape: [1, N, 1] }),
    pairs: np.array(pairs, { shape: [1, N, K, 1] }),
    senders: np.array(index),
  });
  return { B: 1, N, rowOf, listed: true, graph };
}

function sameValues(a: Float32Array, b: Float32Array): boolean {
  for (let k = 0; k < a.length; k++) if (a[k] !== b[k]) return false;
  return a.length === b.length;
}

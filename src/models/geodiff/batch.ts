/** Molecules with noised positions as the network's input, padded to a few lengths so that few shapes are compiled. */

import { atomOffsets } from "../../engines/engine.ts";
import type { RaggedGraphs } from "../../engines/geodiff/geodiff-kernel.ts";
import type { CentreList, EdgeList, GeoDiffInput, Places } from "../../nets/geodiff/geodiff.ts";
import { np } from "../../platform/jax.ts";
import { atomWidth, EDGE_CHANNELS, type GraphChannels, noiseChannels } from "./channels.ts";
import type { GeoDiffModelConfig } from "./config.ts";

/** Molecules in one call of the network. */
export interface NoisedGraphs {
  readonly graphs: readonly GraphChannels[];
  /** Positions with noise of standard deviation σ (in Å, the signal not scaled). [A, 3] */
  readonly positions: Float64Array;
  /** σ of each molecule in Å. */
  readonly sigma: ArrayLike<number>;
}

/** Factor by which the noised molecule is brought to the size of the molecule. */
export const noiseScale = (sigma: number, dataScale: number): number =>
  1 / Math.sqrt(1 + (sigma / dataScale) ** 2);

/** Next length of a ladder of few: multiples of 4, from 64 on of 16, from 256 on of 64. */
export function paddedLength(length: number): number {
  const step = length <= 64 ? 4 : length <= 256 ? 16 : 64;
  return Math.max(step, Math.ceil(length / step) * step);
}

/** The network's input, molecules padded to the largest. */
export function geoDiffInput(
  config: Pick<GeoDiffModelConfig, "elements" | "network">,
  { graphs, positions, sigma }: NoisedGraphs,
): GeoDiffInput {
  const { cutoff, dataScale } = config.network;
  const B = graphs.length;
  const N = paddedLength(Math.max(...graphs.map(({ size }) => size)));
  const offsets = atomOffsets(Int32Array.from(graphs, ({ size }) => size));
  const width = graphs[0].atoms.length / graphs[0].size;
  const channels = atomWidth(config.elements.length);
  const atoms = new Float32Array(B * N * channels);
  const x = new Float32Array(B * N * 3);
  const scale = new Float32Array(B);
  const far: Int32Array[] = [];
  graphs.forEach((graph, m) => {
    const noise = noiseChannels(sigma[m]);
    const shrink = noiseScale(sigma[m], dataScale);
    const own = positions.subarray(3 * offsets[m], 3 * offsets[m + 1]);
    x.set(own, 3 * N * m);
    for (let i = 0; i < graph.size; i++) {
      const row = (N * m + i) * channels;
      atoms.set(graph.atoms.subarray(i * width, (i + 1) * width), row);
      atoms.set(noise, row + width);
    }
    scale[m] = shrink;
    far.push(pairsWithin(graph.far, own, cutoff / shrink));
  });
  return {
    positions: np.array(x, { shape: [B, N, 3] }),
    atoms: np.array(atoms, { shape: [B, N, channels] }),
    scale: np.array(scale, { shape: [B, 1, 1] }),
    local: edgeList(
      graphs.map(({ local }) => local),
      graphs.map(({ localFeatures }) => localFeatures),
      N,
    ),
    global: edgeList(far, [], N),
    centres: centreList(graphs, N),
  };
}

/** The same for native code: ragged, nothing padded. */
export function raggedGraphs(
  config: Pick<GeoDiffModelConfig, "elements" | "network">,
  { graphs, positions, sigma }: NoisedGraphs,
): RaggedGraphs {
  const { cutoff, dataScale } = config.network;
  const M = graphs.length;
  const total = (of: (graph: GraphChannels) => number): number =>
    graphs.reduce((sum, one) => sum + of(one), 0);
  const A = total(({ size }) => size);
  const width = graphs[0].atoms.length / graphs[0].size;
  const channels = atomWidth(config.elements.length);
  const counts = new Int32Array(4 * M);
  const atoms = new Float32Array(A * channels);
  const scales = new Float32Array(M);
  const local = new Int32Array(total((graph) => graph.local.length));
  const features = new Float32Array((local.length / 2) * EDGE_CHANNELS);
  const centres = new Int32Array(total((graph) => graph.centres.length));
  const signs = new Float32Array(centres.length / 5);
  const far: Int32Array[] = [];
  let [atom, edge, centre] = [0, 0, 0];
  graphs.forEach((graph, m) => {
    const noise = noiseChannels(sigma[m]);
    scales[m] = noiseScale(sigma[m], dataScale);
    const own = positions.subarray(3 * atom, 3 * (atom + graph.size));
    far.push(pairsWithin(graph.far, own, cutoff / scales[m]));
    for (let i = 0; i < graph.size; i++) {
      const row = (atom + i) * channels;
      atoms.set(graph.atoms.subarray(i * width, (i + 1) * width), row);
      atoms.set(noise, row + width);
    }
    local.set(graph.local, 2 * edge);
    features.set(graph.localFeatures, EDGE_CHANNELS * edge);
    centres.set(graph.centres, 5 * centre);
    signs.set(graph.signs, centre);
    counts.set([graph.size, graph.local.length / 2, far[m].length / 2, graph.signs.length], 4 * m);
    atom += graph.size;
    edge += graph.local.length / 2;
    centre += graph.signs.length;
  });
  const pairs = new Int32Array(far.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const list of far) {
    pairs.set(list, at);
    at += list.length;
  }
  return {
    counts,
    atoms,
    positions: Float32Array.from(positions),
    scales,
    local,
    features,
    far: pairs,
    centres,
    signs,
  };
}

/** The pairs that are at most `reach` apart. */
function pairsWithin(pairs: Int32Array, x: Float64Array, reach: number): Int32Array {
  const within = new Int32Array(pairs.length);
  let length = 0;
  for (let e = 0; e < pairs.length; e += 2) {
    const [i, j] = [3 * pairs[e], 3 * pairs[e + 1]];
    const squared = (x[i] - x[j]) ** 2 + (x[i + 1] - x[j + 1]) ** 2 + (x[i + 2] - x[j + 2]) ** 2;
    if (squared > reach * reach) continue;
    within[length++] = pairs[e];
    within[length++] = pairs[e + 1];
  }
  return within.subarray(0, length);
}

function edgeList(pairs: readonly Int32Array[], features: readonly Float32Array[], N: number): EdgeList {
  const B = pairs.length;
  const E = paddedLength(Math.max(...pairs.map(({ length }) => length / 2)));
  const from = emptyPlaces(B, E, N);
  const to = emptyPlaces(B, E, N);
  const values = new Float32Array(B * E * EDGE_CHANNELS);
  pairs.forEach((own, m) => {
    for (let e = 0; e < own.length / 2; e++) {
      from.set(m, e, own[2 * e]);
      to.set(m, e, own[2 * e + 1]);
    }
    if (features[m]) values.set(features[m], E * m * EDGE_CHANNELS);
  });
  return {
    from: from.places(),
    to: to.places(),
    features: np.array(values, { shape: [B, E, EDGE_CHANNELS] }),
  };
}

function centreList(graphs: readonly GraphChannels[], N: number): CentreList {
  const B = graphs.length;
  const C = paddedLength(Math.max(...graphs.map(({ signs }) => signs.length)));
  const sign = new Float32Array(B * C);
  const places = [0, 1, 2, 3, 4].map(() => emptyPlaces(B, C, N));
  graphs.forEach(({ centres, signs }, m) => {
    sign.set(signs, C * m);
    centres.forEach((atom, k) => {
      places[k % 5].set(m, Math.floor(k / 5), atom);
    });
  });
  const [atom, a, b, c, d] = places.map((place) => place.places());
  return { atom, a, b, c, d, sign: np.array(sign, { shape: [B, C, 1] }) };
}

/** Zeros to set ones in: row e of molecule m belongs to an atom. */
function emptyPlaces(B: number, E: number, N: number) {
  const of = new Float32Array(B * E * N);
  const at = new Float32Array(B * N * E);
  return {
    set: (m: number, e: number, atom: number): void => {
      of[(E * m + e) * N + atom] = 1;
      at[(N * m + atom) * E + e] = 1;
    },
    places: (): Places => ({
      of: np.array(of, { shape: [B, E, N] }),
      at: np.array(at, { shape: [B, N, E] }),
    }),
  };
}

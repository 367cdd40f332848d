/**
 * The EGNN of EDM and the baseline without equivariance in plain float64 loops over pairs of atoms, as slow and as plain
 * as can be: the oracle for finite differences of the kernels. Hoogeboom et al. 2022, appendix B.
 */

import type { AtomBatch, SquaredErrorTarget } from "../../src/engines/engine.ts";
import { type DynamicsConfig, dynamicsLayout } from "../../src/nets/egnn/dynamics-layout.ts";
import { SIN_FREQUENCIES } from "../../src/nets/egnn/egnn-config.ts";
import { tensorSize } from "../../src/nets/layers/parameters.ts";

type Vector = readonly number[];
type Linear = (x: Vector) => number[];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const silu = (x: number): number => x * sigmoid(x);

export interface ReferenceOptions {
  /** Divisor of means in place of the number of atoms. */
  readonly meanOver?: number;
  /**
   * Parameters whose positions the sine embedding of distances sees. The embedding passes no gradient, so finite
   * differences must hold it still.
   */
  readonly embeddingFrom?: ArrayLike<number>;
}

/** Output rows of all molecules, one after the other. */
export function referenceForward(
  config: DynamicsConfig,
  parameters: ArrayLike<number>,
  batch: AtomBatch,
  { meanOver, embeddingFrom }: ReferenceOptions = {},
): Float64Array {
  const layers = layersOf(config, parameters);
  const stillLayers = embeddingFrom && config.sinEmbedding ? layersOf(config, embeddingFrom) : undefined;
  const width = 3 + config.outFeatures;
  const output: number[] = [];
  let atom = 0;
  for (const n of batch.sizes) {
    const x0 = rows(batch.positions, atom, n, 3);
    const h0 = rows(batch.features, atom, n, config.inFeatures);
    const guess = batch.guess && rows(batch.guess, atom, n, 3);
    const still =
      stillLayers && molecule(config, stillLayers, x0, h0, meanOver ?? n, undefined, guess).positions;
    output.push(...molecule(config, layers, x0, h0, meanOver ?? n, still, guess).output.flat());
    atom += n;
  }
  if (output.length !== atom * width) throw new Error("reference: wrong output size");
  return Float64Array.from(output);
}

/** L of SquaredErrorTarget. */
export function referenceLoss(
  config: DynamicsConfig,
  parameters: ArrayLike<number>,
  batch: AtomBatch,
  { target, positionWeight, featureWeight }: SquaredErrorTarget,
  options: ReferenceOptions = {},
): number {
  const out = referenceForward(config, parameters, batch, options);
  const width = 3 + config.outFeatures;
  let loss = 0;
  let row = 0;
  for (const [m, n] of batch.sizes.entries()) {
    for (let i = 0; i < n; i++, row++) {
      for (let k = 0; k < width; k++) {
        loss +=
          (k < 3 ? positionWeight[m] : featureWeight[m]) *
          (out[row * width + k] - target[row * width + k]) ** 2;
      }
    }
  }
  return loss;
}

const rows = (values: ArrayLike<number>, first: number, count: number, width: number): number[][] =>
  Array.from({ length: count }, (_, i) =>
    Array.from({ length: width }, (_, k) => values[(first + i) * width + k]),
  );

function layersOf(config: DynamicsConfig, parameters: ArrayLike<number>): (name: string) => Linear {
  const tensors = new Map<string, number[]>();
  let offset = 0;
  for (const { name, shape } of dynamicsLayout(config)) {
    const size = tensorSize(shape);
    tensors.set(name, Array.prototype.slice.call(parameters, offset, offset + size));
    offset += size;
  }
  return (name) => {
    const weight = tensors.get(`${name}.weight`)!;
    const bias = tensors.get(`${name}.bias`) ?? [0];
    const inputs = weight.length / bias.length;
    return (x) => bias.map((b, o) => x.reduce((sum, value, k) => sum + weight[o * inputs + k] * value, b));
  };
}

interface Trajectory {
  readonly output: number[][];
  /** Before each block. */
  readonly positions: number[][][];
}

/** h_i after one graph convolution; `senders` of each atom and what is known of an edge. */
function convolved(
  config: DynamicsConfig,
  linear: (name: string) => Linear,
  name: string,
  h: readonly Vector[],
  senders: (i: number) => readonly number[],
  edge: (i: number, j: number) => Vector,
  divisor: number,
): number[][] {
  const [edge0, edge1, node0, node1] = ["edge.0", "edge.1", "node.0", "node.1"].map((layer) =>
    linear(`${name}.${layer}`),
  );
  const gate = config.attention ? linear(`${name}.attention`) : undefined;
  return h.map((hi, i) => {
    const sum = new Array<number>(config.hidden).fill(0);
    for (const j of senders(i)) {
      const message = edge1(edge0([...hi, ...h[j], ...edge(i, j)]).map(silu)).map(silu);
      const open = gate ? sigmoid(gate(message)[0]) : 1;
      for (const [k, value] of message.entries()) sum[k] += value * open;
    }
    const update = node1(node0([...hi, ...sum.map((v) => v / divisor)]).map(silu));
    return hi.map((v, k) => v + update[k]);
  });
}

/** Positions are features like others, every atom hears every atom and itself. */
function baseline(
  config: DynamicsConfig,
  linear: (name: string) => Linear,
  x0: number[][],
  h0: number[][],
  divisor: number,
): number[][] {
  const all = x0.map((_, i) => i);
  let h = x0.map((x, i) => linear("embedding")([...x, ...h0[i]]));
  for (let l = 0; l < config.layers; l++)
    h = convolved(
      config,
      linear,
      `layers.${l}`,
      h,
      () => all,
      () => [],
      divisor,
    );
  const out = h.map(linear("embeddingOut"));
  const mean = [0, 1, 2].map((k) => out.reduce((sum, row) => sum + row[k], 0) / out.length);
  return out.map((row) => row.map((value, k) => (k < 3 ? value - mean[k] : value)));
}

function molecule(
  config: DynamicsConfig,
  linear: (name: string) => Linear,
  x0: number[][],
  h0: number[][],
  meanOver: number,
  still?: readonly number[][][],
  guess?: number[][],
): Trajectory {
  const n = x0.length;
  const divisor = config.aggregation === "mean" ? meanOver : config.normalizationFactor;
  if (config.network === "gnn") return { output: baseline(config, linear, x0, h0, divisor), positions: [] };
  const squared = (x: number[][], i: number, j: number): number =>
    x[i].reduce((sum, v, k) => sum + (v - x[j][k]) ** 2, 0);
  const embed = (d2: number): number[] => {
    if (!config.sinEmbedding) return [d2];
    const r = Math.sqrt(d2 + 1e-8);
    return [...SIN_FREQUENCIES.map((f) => Math.sin(r * f)), ...SIN_FREQUENCIES.map((f) => Math.cos(r * f))];
  };
  const positions: number[][][] = [];
  let x = x0;
  let h = h0.map(linear("embedding"));
  for (let b = 0; b < config.layers; b++) {
    const from = x;
    const seen = still?.[b] ?? from;
    positions.push(from);
    const edge = (i: number, j: number): number[] => [
      ...embed(squared(seen, i, j)),
      ...embed(squared(x0, i, j)),
      ...(guess ? embed(squared(guess, i, j)) : []),
    ];
    const others = (i: number): number[] => Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
    for (let s = 0; s < config.sublayers; s++) {
      h = convolved(config, linear, `blocks.${b}.gcl.${s}`, h, others, edge, divisor);
    }
    const [coord0, coord1, coord2] = [0, 1, 2].map((layer) => linear(`blocks.${b}.coord.${layer}`));
    const now = h;
    x = from.map((xi, i) => {
      const moved = [...xi];
      for (const j of others(i)) {
        const score = coord2(coord1(coord0([...now[i], ...now[j], ...edge(i, j)]).map(silu)).map(silu))[0];
        const phi = config.tanh ? Math.tanh(score) * config.coordsRange : score;
        const distance = Math.sqrt(squared(from, i, j) + 1e-8) + config.normConstant;
        for (let k = 0; k < 3; k++) moved[k] += ((xi[k] - from[j][k]) / distance) * (phi / divisor);
      }
      return moved;
    });
  }
  const last = h.map(linear("embeddingOut"));
  const velocity = x.map((xi, i) => xi.map((v, k) => v - x0[i][k]));
  const mean = [0, 1, 2].map((k) => velocity.reduce((sum, v) => sum + v[k], 0) / n);
  const output = velocity.map((v, i) => [
    ...v.map((c, k) => c - mean[k]),
    ...last[i].slice(0, config.outFeatures),
  ]);
  return { output, positions };
}

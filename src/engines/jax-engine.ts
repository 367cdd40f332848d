/**
 * The denoiser computed by jax-js: the readable definition, run as it stands. Forward passes take molecules of
 * one size together, so nothing is padded; training steps pad the batch to its largest molecule.
 */

import { WorkError } from "../errors.ts";
import { dynamics } from "../nets/egnn/dynamics.ts";
import { type DynamicsConfig, dynamicsLayout } from "../nets/egnn/dynamics-layout.ts";
import type { PaddedGraph } from "../nets/egnn/egnn.ts";
import { layoutSize } from "../nets/layers/parameters.ts";
import { type ParameterTree, parameterTree, readTree } from "../nets/layers/tensors.ts";
import { jax, np } from "../platform/jax.ts";
import {
  type AtomBatch,
  atomOffsets,
  type DenoiserEngine,
  type SquaredErrors,
  type SquaredErrorTarget,
} from "./engine.ts";
import { bySize, type Padding, paddedGraph, paddedRows } from "./padding.ts";

/** Where the published code computes otherwise. */
export interface JaxEngineOptions {
  /** Atoms that the divisor of mean aggregation counts; the molecule's own number when absent. */
  readonly meanOver?: number;
}

/** Positions of an earlier guess [B, N, 3], where the network sees one. */
type Guess = readonly np.Array[];

/**
 * The readable definition of the network as an engine; jax must be initialised (`prepareRuntime`). `openEngine` chooses a
 * faster one where there is one. The caller disposes of it.
 */
export function createJaxEngine(config: DynamicsConfig, options: JaxEngineOptions = {}): DenoiserEngine {
  const layout = dynamicsLayout(config);
  const parameterCount = layoutSize(layout);

  const predict = jax.jit(
    (parameters: ParameterTree, x: np.Array, h: np.Array, guess: Guess, graph: PaddedGraph): np.Array =>
      dynamics(config, parameters, x, h, graph, guess[0]),
  );

  /** Weighted sum of squared errors, and the errors of each molecule [B, 2] (positions, features). */
  const loss = (
    parameters: ParameterTree,
    x: np.Array,
    h: np.Array,
    guess: Guess,
    graph: PaddedGraph,
    target: np.Array,
    weight: np.Array,
  ): [np.Array, np.Array] => {
    const squared = np.square(dynamics(config, parameters, x, h, graph, guess[0]).sub(target)).sum(1); // [B, 3 + F]
    const position = squared.ref.slice([], [0, 3]).sum(1);
    const feature = squared.slice([], [3]).sum(1);
    const errors = np.stack([position, feature], 1); // [B, 2]
    return [errors.ref.mul(weight).sum(), jax.lax.stopGradient(errors)];
  };
  const lossAndGradient = jax.jit(jax.valueAndGrad(loss, { hasAux: true }));

  let uploaded:
    | { readonly source: Float32Array; readonly copy: Float32Array; readonly tree: ParameterTree }
    | undefined;
  /** Device copy of the parameters, kept while their values stay the same. */
  const upload = (parameters: Float32Array): ParameterTree => {
    if (parameters.length !== parameterCount) {
      throw new RangeError(`expected ${parameterCount} parameters, got ${parameters.length}`);
    }
    if (uploaded?.source !== parameters || !sameValues(uploaded.copy, parameters)) {
      if (uploaded) jax.tree.dispose(uploaded.tree);
      uploaded = { source: parameters, copy: parameters.slice(), tree: parameterTree(layout, parameters) };
    }
    return jax.tree.ref(uploaded.tree);
  };

  const graphOf = ({ sizes }: AtomBatch, padding: Padding): PaddedGraph => {
    const divisorOf = (n: number): number =>
      config.aggregation === "mean" ? (options.meanOver ?? n) : config.normalizationFactor;
    return paddedGraph(sizes, padding, Array.from(sizes, divisorOf));
  };
  const padded = (values: Float32Array, channels: number, { sizes }: AtomBatch, padding: Padding): np.Array =>
    paddedRows(values, channels, sizes, padding);

  const guessOf = (batch: AtomBatch, padding: Padding): Guess => {
    if (!config.selfConditioning) return [];
    if (batch.guess === undefined) throw new RangeError("a network with self-conditioning needs a guess");
    return [padded(batch.guess, 3, batch, padding)];
  };

  const forward = async (parameters: Float32Array, batch: AtomBatch): Promise<Float32Array> => {
    const channels = 3 + config.outFeatures;
    const offsets = atomOffsets(batch.sizes);
    const out = new Float32Array(offsets[batch.sizes.length] * channels);
    for (const padding of bySize(batch.sizes)) {
      const result = withinMemory(() =>
        predict(
          upload(parameters),
          padded(batch.positions, 3, batch, padding),
          padded(batch.features, config.inFeatures, batch, padding),
          guessOf(batch, padding),
          graphOf(batch, padding),
        ),
      );
      const values = (await result.data()) as Float32Array; // [B, N, 3 + F]
      const stride = padding.N * channels;
      padding.molecules.forEach((m, row) => {
        out.set(values.subarray(row * stride, (row + 1) * stride), offsets[m] * channels);
      });
    }
    return out;
  };

  const squaredError = async (
    parameters: Float32Array,
    batch: AtomBatch,
    { target, positionWeight, featureWeight }: SquaredErrorTarget,
    gradient: Float32Array,
  ): Promise<SquaredErrors> => {
    const M = batch.sizes.length;
    const padding: Padding = {
      molecules: Array.from({ length: M }, (_, m) => m),
      N: Math.max(...batch.sizes),
    };
    const weight = new Float32Array(2 * M);
    for (let m = 0; m < M; m++) {
      weight[2 * m] = positionWeight[m];
      weight[2 * m + 1] = featureWeight[m];
    }
    const [[value, errors], gradients] = withinMemory(() =>
      lossAndGradient(
        upload(parameters),
        padded(batch.positions, 3, batch, padding),
        padded(batch.features, config.inFeatures, batch, padding),
        guessOf(batch, padding),
        graphOf(batch, padding),
        padded(target, 3 + config.outFeatures, batch, padding),
        np.array(weight, { shape: [M, 2] }),
      ),
    ) as unknown as [[np.Array, np.Array], ParameterTree];
    value.dispose();
    const pairs = (await errors.data()) as Float32Array; // [M, 2]
    await readTree(layout, gradients, gradient);
    return {
      position: Float64Array.from({ length: M }, (_, m) => pairs[2 * m]),
      feature: Float64Array.from({ length: M }, (_, m) => pairs[2 * m + 1]),
    };
  };

  const dispose = (): void => {
    if (uploaded) jax.tree.dispose(uploaded.tree);
    uploaded = undefined;
    predict.dispose();
    lossAndGradient.dispose();
  };
  return { name: `jax (${jax.defaultDevice()})`, forward, squaredError, dispose };
}

/** @throws WorkError where the arrays do not fit */
function withinMemory<T>(run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (!(cause instanceof RangeError && cause.message.includes("memory32 limit"))) throw cause;
    throw new WorkError(
      "jax engine: the 4 GB that WebAssembly can address are full; take fewer molecules at a time, or another engine",
      { cause },
    );
  }
}

function sameValues(a: Float32Array, b: Float32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

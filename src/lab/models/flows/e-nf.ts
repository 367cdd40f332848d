/**
 * E(n) normalizing flow (Satorras, Hoogeboom, Fuchs, Posner, Welling 2021) on sets of N points in space: the velocity of
 * a continuous flow is an EGNN's displacement, so that rotated data flow to rotated noise, and the density is invariant.
 * Data and noise have their centre at the origin: densities are those of the 3(N − 1)-dimensional space of such sets.
 */
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { LOG_SQRT_2PI } from "../../../math/normal.ts";
import { stream } from "../../../math/random.ts";
import { depth, width } from "../../../models/limits.ts";
import { type EgnnParameters, egnn, type PaddedGraph } from "../../../nets/egnn/egnn.ts";
import { type EgnnConfig, egnnLayout } from "../../../nets/egnn/egnn-config.ts";
import { fixed } from "../../../nets/layers/masked.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { np } from "../../../platform/jax.ts";
import type { LabModel, LabModelKind } from "../lab-model.ts";
import { rowFunction } from "../rows.ts";
import { type Bijection, logDensity } from "./bijection.ts";
import { type ContinuousFlow, continuousFlow, type Velocity } from "./continuous.ts";

export const enfSettings = z.strictObject({
  /** Width of the network's hidden layers. */
  hidden: width.default(16),
  /** Blocks of the network. */
  blocks: depth.default(2),
  /** Runge-Kutta steps. */
  steps: depth.default(2),
  /** Random directions that training estimates the divergence from, 1 where absent; likelihoods take all there are. */
  directions: width.optional(),
});
export type EnfSettings = z.infer<typeof enfSettings>;

/** With bounded displacements: a velocity that grows without limit leaves the few Runge-Kutta steps within a few updates. */
const networkConfig = ({ hidden, blocks }: Pick<EnfSettings, "hidden" | "blocks">): EgnnConfig => ({
  ...{ inFeatures: 1, outFeatures: 1, hidden, layers: blocks, sublayers: 1 },
  ...{ attention: false, tanh: true, coordsRange: 1, normConstant: 1 },
  ...{ aggregation: "mean", normalizationFactor: 1, sinEmbedding: false, selfConditioning: false },
});

/** All points are neighbours. */
const completeGraph = (B: number, N: number, dtype: np.Array["dtype"]): PaddedGraph => ({
  atoms: np.ones([B, N, 1], { dtype }),
  pairs: np.broadcastTo(
    fixed([1, N, N, 1], (_, i, j) => Number(i !== j), dtype),
    [B, N, N, 1],
  ),
  divisor: np.full([B, 1, 1], N - 1, { dtype }),
});

/** The flow of sets of N points; it moves no set's centre. */
export function equivariantFlow(N: number, settings: Omit<EnfSettings, "directions">): ContinuousFlow {
  const config = networkConfig(settings);
  const velocity: Velocity = (parameters, x, t) => {
    const B = x.shape[0];
    const positions = x.reshape([B, N, 3]);
    const time = np.broadcastTo(t.reshape([B, 1, 1]), [B, N, 1]); // the points' only feature
    const graph = completeGraph(B, N, positions.dtype);
    const moved = egnn(config, parameters as unknown as EgnnParameters, positions.ref, time, graph);
    moved.h.dispose();
    const displacement = moved.x.sub(positions);
    const drift = displacement.ref.mean(1, { keepdims: true }); // [B, 1, 3]
    return displacement.sub(drift).reshape([B, 3 * N]);
  };
  return continuousFlow(egnnLayout(config), velocity, settings.steps);
}

/** Moves the centre of every set to the origin, in place. [n, 3N] */
function centre(rows: Float32Array, N: number): Float32Array {
  for (let row = 0; row < rows.length; row += 3 * N) {
    for (let k = 0; k < 3; k++) {
      let sum = 0;
      for (let i = 0; i < N; i++) sum += rows[row + 3 * i + k];
      for (let i = 0; i < N; i++) rows[row + 3 * i + k] -= sum / N;
    }
  }
  return rows;
}

function enfModel(settings: EnfSettings, N: number): LabModel {
  const D = 3 * N;
  const flow = equivariantFlow(N, settings);
  const K = settings.directions ?? 1;
  // A normal density of 3(N − 1) numbers in place of 3N.
  const density = (parameters: ParameterTree, x: np.Array, directions?: np.Array): np.Array => {
    const change: Bijection["forward"] =
      directions === undefined ? flow.forward : (own, rows) => flow.estimate(own, rows, directions);
    return logDensity({ ...flow, forward: change }, parameters, x).add(3 * LOG_SQRT_2PI);
  };
  const score = rowFunction(flow.specs, D, (parameters, x) => density(parameters, x), 64);
  const generate = rowFunction(flow.specs, D, flow.generate, 256);
  return {
    layout: flow.specs,
    // Each ±1/√K, so that Σ e eᵀ is the identity in the mean.
    draws: (batch, random) => ({
      directions: {
        values: Float32Array.from(
          { length: batch * K * D },
          () => (random.uniform() < 0.5 ? -1 : 1) / Math.sqrt(K),
        ),
        shape: [batch, K, D],
      },
    }),
    loss: (parameters, x, { directions }) => np.negative(density(parameters, x, directions)),
    sample: async (parameters, n, seed) => {
      const noise = new Float32Array(n * D);
      for (let i = 0; i < n; i++)
        stream({ seed, purpose: "samplingNoise", index: i }).normals(noise.subarray(i * D, (i + 1) * D));
      return Float32Array.from(await generate.of(parameters, centre(noise, N)));
    },
    logLikelihood: {
      kind: "exact",
      of: score.of,
    },
    dispose: () => {
      score.dispose();
      generate.dispose();
    },
  };
}

export const enf: LabModelKind<EnfSettings> = {
  name: "e-nf",
  title: "E-NF: continuous E(3)-equivariant flow of point sets",
  source: "Satorras, Hoogeboom, Fuchs, Posner, Welling 2021",
  settings: enfSettings,
  presets: {
    points: {
      "data.count": 6400,
      "data.test": 1000,
      "training.batchSize": 128,
      "training.epochs": 5,
      "training.learningRate": 3e-3,
      "training.clipping": 2,
      "training.emaDecay": 0.99,
    },
  },
  build: (settings, shape) => {
    if (shape.kind !== "points" || shape.dimension % 3 !== 0 || shape.dimension < 6 || shape.dimension > 60) {
      const rows = shape.kind === "points" ? `${shape.dimension} numbers` : shape.kind;
      throw new InputError(
        `e-nf takes sets of 2 to 20 points in space, 3 numbers each (four-points); the data are ${rows}`,
      );
    }
    return enfModel(settings, shape.dimension / 3);
  },
};

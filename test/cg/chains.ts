/** Coarse-grained models with closed forms: Gaussian chains, whose energy the network's harmonic terms can be. */
import { datasetInfo } from "../../src/data/dataset-info.ts";
import { fromMolecules } from "../../src/data/molecule-set.ts";
import type { Dataset } from "../../src/data/store.ts";
import { sigmoid } from "../../src/diffusion/schedule.ts";
import { stream } from "../../src/math/random.ts";
import type { CgConfig } from "../../src/models/cg/config.ts";
import { beadNetworkLayout } from "../../src/models/cg/field.ts";
import { type CgModel, cgLayout, cgModelOf } from "../../src/models/cg/model.ts";
import { type BeadNetworkConfig, pairCount, pairsOf } from "../../src/nets/beads/beads-config.ts";
import { initialParameters, layoutSize, namedViews } from "../../src/nets/layers/parameters.ts";

/** A network with random, lively parameters. */
export function network(changes: Partial<BeadNetworkConfig> = {}): {
  readonly config: BeadNetworkConfig;
  readonly parameters: Float32Array;
} {
  const { beads = 5 } = changes;
  const config: BeadNetworkConfig = {
    kind: "perceptron",
    beads,
    distanceMeans: pairsOf(beads).map(([i, j]) => 1.4 * (j - i) ** 0.7),
    distanceDeviations: pairsOf(beads).map(([i, j]) => 0.03 * (j - i) ** 2),
    hidden: 8,
    layers: 2,
    conservative: true,
    ...changes,
  };
  return { config, parameters: initialParameters(beadNetworkLayout(config), 5) };
}

/** B configurations of N beads like those of a molecule, without centre of mass. [B, N, 3] */
export function configurations(B: number, N: number, seed = 1): Float64Array {
  const random = stream({ seed, purpose: "test", index: 77 });
  const x = new Float64Array(3 * B * N);
  for (let b = 0; b < B; b++) {
    const at = 3 * N * b;
    for (let i = 1; i < N; i++) {
      const bond = [0, 1, 2].map(() => random.normal());
      const length = Math.hypot(...bond);
      for (let d = 0; d < 3; d++) x[at + 3 * i + d] = x[at + 3 * i - 3 + d] + (1.4 * bond[d]) / length;
    }
  }
  return withoutCenters(x, N);
}

export function withoutCenters(x: Float64Array, N: number): Float64Array {
  const out = x.slice();
  for (let at = 0; at < x.length; at += 3 * N) {
    for (let d = 0; d < 3; d++) {
      let mean = 0;
      for (let i = 0; i < N; i++) mean += x[at + 3 * i + d] / N;
      for (let i = 0; i < N; i++) out[at + 3 * i + d] -= mean;
    }
  }
  return out;
}

/** Configurations [B, N, 3] with a matrix applied to every position. */
export const turned = (x: Float64Array, matrix: readonly number[]): Float64Array =>
  x.map((_, k) => {
    const [row, d] = [k - (k % 3), k % 3];
    return matrix[3 * d] * x[row] + matrix[3 * d + 1] * x[row + 1] + matrix[3 * d + 2] * x[row + 2];
  });

/**
 * Springs of stiffness k between neighbours of a chain of four beads, in units of kT and of the scale: its density is
 * Gaussian on the space without centre of mass, with precision k L, L the Laplacian of the chain.
 */
export const LAPLACIAN = [
  [1, -1, 0, 0],
  [-1, 2, -1, 0],
  [0, -1, 2, -1],
  [0, 0, -1, 1],
];

/** Eigenvectors of L but the constant one, with their eigenvalues: 2 − 2 cos(πm/4). */
export const MODES = [1, 2, 3].map((m) => {
  const raw = [0, 1, 2, 3].map((i) => Math.cos((Math.PI * m * (i + 0.5)) / 4));
  const length = Math.hypot(...raw);
  return { vector: raw.map((v) => v / length), value: 2 - 2 * Math.cos((Math.PI * m) / 4) };
});

/** Precision of the chain with noise of level γ: (α²(kL)⁻¹ + σ²)⁻¹ on the space without centre of mass. [4][4] */
export function noisedPrecision(k: number, gamma: number): number[][] {
  const [alpha2, sigma2] = [sigmoid(-gamma), sigmoid(gamma)];
  return [0, 1, 2, 3].map((i) =>
    [0, 1, 2, 3].map((j) =>
      MODES.reduce(
        (sum, { vector, value }) => sum + (vector[i] * vector[j]) / (alpha2 / (k * value) + sigma2),
        0,
      ),
    ),
  );
}

/** Exact −∂ log p/∂z of the noised chain. [B, 4, 3] */
export function exactGradient(z: Float64Array, k: number, gamma: number): Float64Array {
  const precision = noisedPrecision(k, gamma);
  return z.map((_, at) => {
    const [d, i, row] = [at % 3, Math.floor(at / 3) % 4, at - (at % 12)];
    return [0, 1, 2, 3].reduce((sum, j) => sum + precision[i][j] * z[row + 3 * j + d], 0);
  });
}

/** Samples of the chain. [B, 4, 3] */
export function chainSamples(B: number, k: number, seed: number): Float64Array {
  const x = new Float64Array(12 * B);
  for (let b = 0; b < B; b++) {
    const random = stream({ seed, purpose: "test", index: b });
    for (const { vector, value } of MODES) {
      for (let d = 0; d < 3; d++) {
        const amplitude = random.normal() / Math.sqrt(k * value);
        for (let i = 0; i < 4; i++) x[12 * b + 3 * i + d] += amplitude * vector[i];
      }
    }
  }
  return x;
}

/**
 * A model whose density at noise level γ is exactly that of the noised chain: a Gaussian without centre of mass is a sum
 * of springs between all pairs, and so are the network's harmonic terms when mean distances are nought.
 */
export function exactChainModel(k: number, gamma: number, scale = 1): CgModel {
  const tiny = 1e-12; // mean distances of the format are positive
  const config: CgConfig = {
    kind: "cg",
    format: 1,
    network: { kind: "perceptron", hidden: 4, layers: 1, conservative: true },
    schedule: { kind: "polynomial", power: 2, precision: 1e-5, steps: 1000 },
    beads: [6, 6, 6, 6],
    scale,
    distances: {
      means: Array<number>(pairCount(4)).fill(tiny),
      deviations: Array<number>(pairCount(4)).fill(scale),
    },
    temperature: 300,
    forceNoise: scale * Math.exp(gamma / 2),
    provenance: {},
  };
  const parameters = new Float32Array(layoutSize(cgLayout(config)));
  const springs = namedViews(cgLayout(config), parameters).get("harmonic.bias") as Float32Array;
  const [alpha2, sigma2] = [sigmoid(-gamma), sigmoid(gamma)];
  const precision = noisedPrecision(k, gamma);
  pairsOf(4).forEach(([i, j], p) => {
    // ½ zᵀPz = Σ_pairs −½ P_ij d²; the network has ½σ²|z|² = Σ_pairs ½ (σ²/N) d² and Σ κ d²/(α² + 2σ²).
    springs[p] = (alpha2 + 2 * sigma2) * (-0.5 * precision[i][j] - (0.5 * sigma2) / 4);
  });
  return cgModelOf(config, parameters);
}

/** Frames of four carbons at these positions. [B, 4, 3] */
export function chainDataset(positions: Float64Array): Dataset {
  const atomicNumbers = Uint8Array.of(6, 6, 6, 6);
  const frames = Array.from({ length: positions.length / 12 }, (_, b) => ({
    atomicNumbers,
    positions: positions.slice(12 * b, 12 * (b + 1)),
  }));
  const train = fromMolecules(frames);
  const info = datasetInfo({
    name: "chain",
    train,
    sha256: "0".repeat(64),
    provenance: { command: "test", sources: [], options: {}, dropped: {} },
  });
  return { info, train, valid: undefined, test: undefined };
}

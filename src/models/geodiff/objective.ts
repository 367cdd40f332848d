/**
 * What GeoDiff's network learns (Xu et al. 2022, section 4.2). Positions are noised to x̃ = x + σ̃ ε (σ̃ = σ_t/α_t, in
 * Å); the network's displacement Δ stands for x̂ = x̃/(1 + (σ̃/s)²) + Δ, the skip of Karras et al. 2022 (table 1).
 * Alignment: x is first turned onto x̃, so that the rotation is not to be guessed. Chain rule: the target is what the
 * change of every distance, d(x) − d(x̃), says for coordinates; 3 over the neighbours' number makes it the noise on average
 * (the paper leaves that factor to its step sizes).
 */
import type { NoiseSchedule } from "../../diffusion/schedule.ts";
import { atomOffsets } from "../../engines/engine.ts";
import { superpose } from "../../math/superposition.ts";
import { noiseScale } from "./batch.ts";
import type { GraphChannels } from "./channels.ts";
import type { Parameterisation } from "./config.ts";

/** Noise below this (Å) is not learned to be undone exactly. */
const RESOLUTION = 0.04;

/** σ̃ = σ_t/α_t, the noise in Å. */
export const noiseLevel = (schedule: NoiseSchedule, t: number): number => Math.exp(0.5 * schedule.gamma(t));

export interface NoisedTarget {
  /** x̃. [A, 3] */
  readonly noised: Float64Array;
  /** Displacement Δ that the network should give. [A, 3] */
  readonly target: Float64Array;
  /** Weight of each molecule's squared errors; their sum over atoms is its loss. [M] */
  readonly weight: Float64Array;
}

/**
 * Noised molecules and their targets.
 * @param positions centred positions of each molecule in Å
 * @param noise ε without centre of mass. [A, 3]
 * @param sigma σ̃ of each molecule in Å
 */
export function noisedTargets(
  graphs: readonly GraphChannels[],
  positions: readonly Float64Array[],
  noise: Float64Array,
  sigma: ArrayLike<number>,
  parameterisation: Parameterisation,
  dataScale: number,
): NoisedTarget {
  const offsets = atomOffsets(Int32Array.from(graphs, ({ size }) => size));
  const noised = new Float64Array(noise.length);
  const target = new Float64Array(noise.length);
  const weight = new Float64Array(graphs.length);
  graphs.forEach((graph, m) => {
    const [begin, end] = [3 * offsets[m], 3 * offsets[m + 1]];
    const own = noised.subarray(begin, end);
    for (let k = 0; k < own.length; k++) own[k] = positions[m][k] + sigma[m] * noise[begin + k];
    const clean =
      parameterisation === "alignment"
        ? superpose(positions[m], own)
        : chainRuleStructure(graph, positions[m], own);
    const skip = noiseScale(sigma[m], dataScale) ** 2;
    for (let k = 0; k < own.length; k++) target[begin + k] = clean[k] - skip * own[k];
    const spread = dataScale ** 2 * (1 - skip); // variance of the target: σ̃² s²/(σ̃² + s²)
    weight[m] = 1 / (3 * graph.size * (spread + RESOLUTION ** 2));
  });
  return { noised, target, weight };
}

/** x̃_i + 3/n_i Σ_j (d_ij(x) − d_ij(x̃)) ∂d_ij(x̃)/∂x̃_i over all edges of the graph. [N, 3] */
export function chainRuleStructure(
  graph: Pick<GraphChannels, "size" | "local" | "far">,
  clean: Float64Array,
  noised: Float64Array,
): Float64Array {
  const pull = projectDistances(graph, noised, (i, j, d) => distance(clean, i, j) - d);
  const factor = 3 / Math.max(graph.size - 1, 1);
  return noised.map((value, k) => value + factor * pull[k]);
}

/**
 * Σ_j u_ij ∂d_ij/∂x_i for each atom: changes of distances carried over to coordinates by the chain rule
 * (GeoDiff, eq. 8). [N, 3]
 */
export function projectDistances(
  { local, far }: Pick<GraphChannels, "local" | "far">,
  x: Float64Array,
  weightOf: (i: number, j: number, distance: number) => number,
): Float64Array {
  const shift = new Float64Array(x.length);
  for (const pairs of [local, far]) {
    for (let e = 0; e < pairs.length; e += 2) {
      const [i, j] = [pairs[e], pairs[e + 1]];
      const d = distance(x, i, j);
      const u = weightOf(i, j, d) / Math.max(d, 1e-9);
      for (let k = 0; k < 3; k++) {
        const pull = u * (x[3 * i + k] - x[3 * j + k]);
        shift[3 * i + k] += pull;
        shift[3 * j + k] -= pull;
      }
    }
  }
  return shift;
}

const distance = (x: Float64Array, i: number, j: number): number =>
  Math.hypot(x[3 * i] - x[3 * j], x[3 * i + 1] - x[3 * j + 1], x[3 * i + 2] - x[3 * j + 2]);

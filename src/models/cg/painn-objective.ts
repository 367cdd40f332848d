/**
 * Denoising score matching of the energy-conserving PaiNN of beads: the loss of `objective.ts`, whose gradient is that
 * of a force loss: with v = ∂L/∂(∇U), ∂L/∂θ = v · ∂(∇U)/∂θ, which compiled PaiNN has in closed form.
 */
import { alphaOf, sigmaOf } from "../../diffusion/schedule.ts";
import { type EngineOptions, openEngine } from "../../engines/open-engine.ts";
import {
  addPainnGradient,
  LEVEL_FEATURES,
  levelFeatures,
  painnAtLevels,
  painnOf,
  springConstants,
} from "../../nets/beads/bead-painn.ts";
import { beadSprings } from "../../nets/beads/bead-springs.ts";
import { type BeadNetworkConfig, pairCount } from "../../nets/beads/beads-config.ts";
import { geometricLayout } from "../../nets/geometric.ts";
import { layoutSize } from "../../nets/layers/parameters.ts";
import { moveSites, spreadSites, withSites } from "../../nets/layers/virtual-sites.ts";
import { positionDegreesOfFreedom } from "../edm/noise.ts";
import { siteBatch } from "./bead-painn-field.ts";
import type { CgObjective, NoisedFrames } from "./denoising.ts";

/** Frames computed at a time. */
const CHUNK = 64;

export async function painnObjective(
  config: BeadNetworkConfig,
  options: EngineOptions,
): Promise<CgObjective> {
  const { beads: N } = config;
  const [S, P] = [withSites(N), pairCount(N)];
  const width = 3 * N;
  const network = painnOf(config, CHUNK * S);
  const engine = await openEngine({ atomwise: network }, options);
  const springs = beadSprings(config);
  const plain = new Float32Array(layoutSize(geometricLayout(network)));
  const plainGradient = new Float32Array(plain.length);
  const [u, pulls] = [new Float64Array(P), new Float64Array(width * P)];

  /** Losses of the frames from `first` on; adds the gradient of Σ loss / share where it is asked for. */
  const chunk = async (
    parameters: Float32Array,
    { x, noise, gamma }: NoisedFrames,
    first: number,
    losses: Float64Array,
    gradient?: Float32Array,
  ): Promise<void> => {
    const B = Math.min(CHUNK, gamma.length - first);
    const [alphas, sigmas] = [alphaOf, sigmaOf].map((of) => gamma.slice(first, first + B).map(of));
    const z = Float64Array.from({ length: B * width }, (_, k) => {
      const b = Math.floor(k / width);
      return alphas[b] * x[first * width + k] + sigmas[b] * noise[first * width + k];
    });
    const levels = Array.from({ length: B }, (_, b) => levelFeatures(gamma[first + b]));
    painnAtLevels(config, parameters, levels, plain);
    const batch = siteBatch(N, z, (b) => b * S);
    const { gradient: slope } = await engine.positionGradient(plain, batch);
    const field = new Float64Array(z.length); // ∇U
    const v = new Float64Array(z.length); // ∂L/∂(∇U)
    for (let b = 0; b < B; b++) {
      const at = width * b;
      const sigma = sigmas[b];
      for (let k = 0; k < width; k++) field[at + k] = sigma * sigma * z[at + k];
      springs.measure(z, at, gamma[first + b], u, pulls);
      const constants = springConstants(config, parameters, levels[b]);
      for (let p = 0; p < P; p++)
        for (let k = 0; k < width; k++) field[at + k] += constants[p] * pulls[width * p + k];
      spreadSites(z, at, N, slope, 3 * S * b, field);
      let sum = 0;
      const degrees = positionDegreesOfFreedom(N);
      for (let k = 0; k < width; k++) {
        const error = sigma * field[at + k] - noise[(first + b) * width + k];
        sum += error * error;
        v[at + k] = (2 * sigma * error) / (degrees * gamma.length);
      }
      losses[first + b] = sum / degrees;
      if (gradient === undefined) continue;
      for (let p = 0; p < P; p++) {
        let g = 0;
        for (let k = 0; k < width; k++) g += v[at + k] * pulls[width * p + k];
        for (let k = 0; k < LEVEL_FEATURES; k++) gradient[p * LEVEL_FEATURES + k] += levels[b][k] * g;
        gradient[P * LEVEL_FEATURES + p] += g;
      }
    }
    if (gradient === undefined) return;
    const direction = new Float32Array(3 * S * B);
    for (let b = 0; b < B; b++) moveSites(z, width * b, N, v, direction, 3 * S * b);
    await engine.mixedGradient(plain, batch, new Float32Array(S * B), direction, plainGradient);
    addPainnGradient(config, levels, plainGradient, gradient);
  };
  const every = async (parameters: Float32Array, frames: NoisedFrames, gradient?: Float32Array) => {
    const losses = new Float64Array(frames.gamma.length);
    for (let first = 0; first < losses.length; first += CHUNK)
      await chunk(parameters, frames, first, losses, gradient);
    return losses;
  };
  return {
    engine: engine.name,
    lossAndGradient: (parameters, frames, gradient) => {
      gradient.fill(0);
      return every(parameters, frames, gradient);
    },
    loss: (parameters, frames) => every(parameters, frames),
    dispose: engine.dispose,
  };
}

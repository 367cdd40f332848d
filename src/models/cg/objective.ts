/**
 * Denoising score matching of beads: the mean of ‖ε − ε̂(αx + σε, γ)‖² over frames, divided by the degrees of
 * freedom (Ho et al. 2020, L_simple; Arts et al. 2023, eq. 6), and its gradient, computed by jax-js.
 */
import { alphaOf, sigmaOf } from "../../diffusion/schedule.ts";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { type BeadInputs, type BeadParameters, beadNoise } from "../../nets/beads/beads.ts";
import { type BeadNetworkConfig, beadLayout, embedGamma } from "../../nets/beads/beads-config.ts";
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";
import { positionDegreesOfFreedom } from "../edm/noise.ts";
import type { CgObjective, NoisedFrames } from "./denoising.ts";

/** z_t = α x + σ ε with what the network is told of the noise level. */
function inputsOf({ x, noise, gamma }: NoisedFrames, beads: number): BeadInputs {
  const B = gamma.length;
  const alpha = Float32Array.from(gamma, alphaOf);
  const sigma = Float32Array.from(gamma, sigmaOf);
  const width = 3 * beads;
  const z = Float32Array.from(x, (value, k) => {
    const b = Math.floor(k / width);
    return alpha[b] * value + sigma[b] * noise[k];
  });
  const time = Float32Array.from(Array.from(gamma, embedGamma).flat());
  return {
    z: np.array(z, { shape: [B, beads, 3] }),
    time: np.array(time, { shape: [B, time.length / B] }),
    alpha: np.array(alpha, { shape: [B, 1] }),
    sigma: np.array(sigma, { shape: [B, 1] }),
  };
}

/** The objective of a network; jax must be initialised (`prepareRuntime`) but for the energy-conserving PaiNN. */
export async function cgObjective(
  config: BeadNetworkConfig,
  options: EngineOptions = {},
): Promise<CgObjective> {
  if (config.kind === "perceptron") return perceptronObjective(config);
  if (config.conservative) return (await import("./painn-objective.ts")).painnObjective(config, options);
  return (await import("./free-objective.ts")).freeObjective(config);
}

/** That of the perceptron of invariants. */
export function perceptronObjective(config: BeadNetworkConfig): CgObjective {
  const { beads } = config;
  const layout = beadLayout(config);
  const errors = (parameters: BeadParameters, inputs: BeadInputs, noise: np.Array): np.Array =>
    np
      .square(beadNoise(config, parameters, inputs).sub(noise))
      .sum([1, 2])
      .div(positionDegreesOfFreedom(beads)); // [B]
  /** Σ_b w_b loss_b: its derivative by w is the loss of each frame. */
  const weighted = (
    parameters: ParameterTree,
    weights: np.Array,
    inputs: BeadInputs,
    noise: np.Array,
  ): np.Array =>
    errors(parameters as unknown as BeadParameters, inputs, noise)
      .mul(weights)
      .sum();
  const both = jax.jit(jax.grad(weighted, { argnums: [0, 1] }));
  const forward = jax.jit((parameters: ParameterTree, inputs: BeadInputs, noise: np.Array) =>
    errors(parameters as unknown as BeadParameters, inputs, noise),
  );
  const noiseOf = ({ noise, gamma }: NoisedFrames): np.Array =>
    np.array(Float32Array.from(noise), { shape: [gamma.length, beads, 3] });

  return {
    engine: `jax (${jax.defaultDevice()})`,
    lossAndGradient: async (parameters, batch, gradient) => {
      const B = batch.gamma.length;
      const [gradients, losses] = both(
        parameterTree(layout, parameters),
        np.array(new Float32Array(B).fill(1 / B), { shape: [B] }),
        inputsOf(batch, beads),
        noiseOf(batch),
      ) as unknown as [ParameterTree, np.Array];
      await readTree(layout, gradients, gradient);
      return Float64Array.from((await losses.data()) as Float32Array);
    },
    loss: async (parameters, batch) => {
      const losses = forward(parameterTree(layout, parameters), inputsOf(batch, beads), noiseOf(batch));
      return Float64Array.from((await losses.data()) as Float32Array);
    },
    dispose: () => {
      both.dispose();
      forward.dispose();
    },
  };
}

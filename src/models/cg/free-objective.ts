/** Denoising score matching of the PaiNN of beads without energy conservation: the loss of `objective.ts`, by jax-js. */
import { alphaOf, sigmaOf } from "../../diffusion/schedule.ts";
import { beadPainnLayout } from "../../nets/beads/bead-painn.ts";
import { type FreeInputs, freeField, freeInputs } from "../../nets/beads/bead-painn-free.ts";
import type { BeadNetworkConfig } from "../../nets/beads/beads-config.ts";
import { type ParameterTree, parameterTree, readTree } from "../../nets/layers/tensors.ts";
import { jax, np } from "../../platform/jax.ts";
import { positionDegreesOfFreedom } from "../edm/noise.ts";
import type { CgObjective, NoisedFrames } from "./denoising.ts";

export function freeObjective(config: BeadNetworkConfig): CgObjective {
  const { beads: N } = config;
  const width = 3 * N;
  const layout = beadPainnLayout(config);
  type Arguments = [parameters: ParameterTree, inputs: FreeInputs, sigma: np.Array, noise: np.Array];
  const errors = (...[parameters, inputs, sigma, noise]: Arguments): np.Array =>
    np
      .square(freeField(config, parameters, inputs).mul(sigma).sub(noise))
      .sum(1)
      .div(positionDegreesOfFreedom(N)); // [B]
  const forward = jax.jit(errors);
  const both = jax.jit(
    jax.valueAndGrad(
      (...all: Arguments): [np.Array, np.Array] => {
        const each = errors(...all);
        return [each.ref.mean(), each];
      },
      { hasAux: true },
    ),
  );
  const argumentsOf = (parameters: Float32Array, { x, noise, gamma }: NoisedFrames): Arguments => {
    const B = gamma.length;
    const sigma = Float32Array.from(gamma, sigmaOf);
    const z = Float64Array.from(x, (value, k) => {
      const b = Math.floor(k / width);
      return alphaOf(gamma[b]) * value + sigma[b] * noise[k];
    });
    return [
      parameterTree(layout, parameters),
      freeInputs(config, z, gamma),
      np.array(sigma, { shape: [B, 1] }),
      np.array(Float32Array.from(noise), { shape: [B, width] }),
    ];
  };
  return {
    engine: `jax (${jax.defaultDevice()})`,
    lossAndGradient: async (parameters, frames, gradient) => {
      const [[mean, each], gradients] = both(...argumentsOf(parameters, frames)) as unknown as [
        [np.Array, np.Array],
        ParameterTree,
      ];
      mean.dispose();
      await readTree(layout, gradients, gradient);
      return Float64Array.from((await each.data()) as Float32Array);
    },
    loss: async (parameters, frames) =>
      Float64Array.from((await forward(...argumentsOf(parameters, frames)).data()) as Float32Array),
    dispose: () => {
      both.dispose();
      forward.dispose();
    },
  };
}

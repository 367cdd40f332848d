/**
 * Latent diffusion (Rombach et al. 2022; the bound of Vahdat et al. 2021): a variational auto-encoder, and a DDPM of
 * its latents in place of their normal prior. Both are trained at once; the diffusion's loss does not reach the encoder.
 */
import { z } from "zod";
import { SAMPLER_NAMES } from "../../../diffusion/samplers/registry.ts";
import { linearSchedule } from "../../../diffusion/schedule.ts";
import { stream } from "../../../math/random.ts";
import { count, width } from "../../../models/limits.ts";
import { type Mlp, mlp, silu } from "../../../nets/layers/mlp.ts";
import { layoutSize } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import { denoiserNetwork, denoiserSettings } from "../denoiser-network.ts";
import { logStandardNormal } from "../gaussian.ts";
import { type LabModelKind, type LabShape, rowLength } from "../lab-model.ts";
import { mixtureOfDecoded } from "../marginal.ts";
import { rowFunction } from "../rows.ts";
import { autoencoder } from "../vae/autoencoder.ts";
import { observationOf } from "../vae/observation.ts";
import { diagonalPosterior } from "../vae/posterior.ts";
import { DENSITY_SIDE, DENSITY_STEPS, flowDensity } from "./flow-density.ts";
import { gaussianDiffusion } from "./gaussian-diffusion.ts";

const settingsSchema = z.strictObject({
  ...denoiserSettings,
  /** Dimensions of the latent. */
  latent: width.default(2),
  /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
  coder: z.array(width).max(64).default([64, 64]),
  steps: count.default(1000),
  sampler: z.enum(SAMPLER_NAMES).default("dpm-solver"),
  sampleSteps: count.default(100),
  likelihoodTimes: count.default(50),
});

type Parameters = { readonly vae: ParameterTree; readonly network: ParameterTree };

/** Latents whose density is computed, a lattice around the origin, and how many times finer the sum over them is. */
const LATTICE = { half: 20, step: 0.2, finer: 7 };

/** Points of the lattice in Z dimensions, the first the fastest. [side^Z, Z] */
function latticeOf(Z: number, half: number, step: number): Float32Array {
  const side = 2 * half + 1;
  return Float32Array.from(
    { length: Z * side ** Z },
    (_, i) => step * ((Math.floor(Math.floor(i / Z) / side ** (i % Z)) % side) - half),
  );
}

/** Values of the coarse lattice between its points, linear along each axis. */
function interpolated(values: Float64Array, Z: number, points: Float32Array): Float64Array {
  const { half, step } = LATTICE;
  const side = 2 * half + 1;
  return Float64Array.from({ length: points.length / Z }, (_, i) => {
    const at = Array.from({ length: Z }, (_, d) => points[i * Z + d] / step + half);
    const low = at.map((x) => Math.min(side - 2, Math.max(0, Math.floor(x))));
    let sum = 0;
    for (let corner = 0; corner < 2 ** Z; corner++) {
      let [weight, index] = [1, 0];
      for (let d = 0; d < Z; d++) {
        const up = (corner >> d) & 1;
        weight *= up ? at[d] - low[d] : 1 - (at[d] - low[d]);
        index += (low[d] + up) * side ** d;
      }
      sum += weight * values[index];
    }
    return sum;
  });
}

export const latentDdpm: LabModelKind<z.infer<typeof settingsSchema>> = {
  name: "latent-ddpm",
  title: "Latent diffusion: a DDPM of the latents of a VAE",
  source: "Rombach, Blattmann, Lorenz, Esser, Ommer 2022; Vahdat, Kreis, Kautz 2021",
  settings: settingsSchema,
  presets: {
    points: { "training.learningRate": 3e-3, "training.emaDecay": 0.99, "training.epochs": 30 },
    images: {
      latent: 16,
      coder: [400],
      hidden: 256,
      "training.batchSize": 200,
      "training.learningRate": 2e-3,
      "training.epochs": 5,
      "training.emaDecay": 0.995,
      "training.clipping": "none",
    },
  },
  build: (settings, shape) => {
    const { latent: Z } = settings;
    const D = rowLength(shape);
    const posterior = diagonalPosterior(Z);
    const coder = autoencoder(shape, Z, settings.coder, posterior);
    const observation = observationOf(shape);
    const latentShape: LabShape = { kind: "points", dimension: Z };
    const network = denoiserNetwork(settings, latentShape);
    const diffusion = gaussianDiffusion(
      {
        schedule: linearSchedule(settings.steps),
        prediction: "epsilon",
        loss: "simple",
        variance: "posterior",
      },
      latentShape,
      network,
    );
    const flow =
      shape.kind === "points" && Z <= 2
        ? flowDensity(linearSchedule(settings.steps), "epsilon", Z, network)
        : undefined;
    const coderLayout = coder.layout.map((spec) => ({ ...spec, name: `vae.${spec.name}` }));
    const layout = [...coderLayout, ...network.layout];
    const coderSize = layoutSize(coderLayout);
    const decoder = rowFunction(coderLayout, Z, (parameters, code) =>
      coder.decode((parameters as unknown as Parameters).vae, code.reshape([-1, 1, Z])).reshape([-1, D]),
    );

    /** A draw of the latent of each row, [B, Z]; the parameters are taken over. */
    const encode = (vae: ParameterTree, x: np.Array, noise: np.Array): np.Array => {
      const { encoder, ...unused } = vae as unknown as { readonly encoder: Mlp };
      jax.tree.dispose(unused);
      const { z: drawn, logDensity } = posterior.draw(undefined, mlp(encoder, x, silu), noise);
      logDensity.dispose();
      return drawn.reshape([-1, Z]);
    };
    /** Latent of each row, and log p(x | z) − log q(z | x). x [B, D] with its noise behind it → [B, Z + 1] */
    const encoded = rowFunction(coderLayout, D + Z, (parameters, both) => {
      const { vae } = parameters as unknown as Parameters;
      const x = both.ref.slice([], [0, D]);
      const noise = both.slice([], [D, D + Z]).reshape([-1, 1, Z]);
      const code = encode(jax.tree.ref(vae), x.ref, noise.ref);
      const weights = coder.logWeights(vae, x, noise).reshape([-1]); // with the normal prior
      const rest = weights.sub(logStandardNormal(code.ref));
      return np.concatenate([code, rest.reshape([-1, 1])], 1);
    });

    return {
      layout,
      draws: (batch, random, progress) => ({
        ...diffusion.draws(batch, random, progress),
        code: { values: random.normals(new Float32Array(batch * Z)), shape: [batch, 1, Z] },
      }),
      // docs: begin loss
      loss: (parameters, x, { code, ...draws }) => {
        const { vae, network: denoiser } = parameters as unknown as Parameters;
        const fixed = jax.tree.map(
          (array: np.Array) => jax.lax.stopGradient(array.ref),
          vae,
        ) as ParameterTree;
        const latents = encode(fixed, x.ref, code.ref); // z ~ q(z | x), nothing flows back
        const ofLatents = diffusion.loss({ network: denoiser }, latents, draws);
        return coder.negativeElbo(vae, x, code, np.ones([1])).add(ofLatents);
      },
      // docs: end loss
      sample: async (parameters, n, seed) => {
        const latents = await diffusion.sample(parameters.subarray(coderSize), n, seed, {
          sampler: settings.sampler,
          steps: settings.sampleSteps,
        });
        const rows = Float32Array.from(await decoder.of(parameters.subarray(0, coderSize), latents));
        const logScale = shape.kind === "images" && shape.binary ? 0 : parameters[coderSize - 1];
        for (let i = 0; i < n; i++) {
          const random = stream({ seed, purpose: "samplingNoise", index: i, step: 0xfffffffe });
          observation.draw(rows.subarray(i * D, (i + 1) * D), logScale, random);
        }
        return rows;
      },
      logLikelihood: {
        kind: "lower bound",
        of: async (parameters, rows, seed) => {
          const n = rows.length / D;
          const both = new Float32Array(n * (D + Z));
          for (let i = 0; i < n; i++) {
            both.set(rows.subarray(i * D, (i + 1) * D), i * (D + Z));
            const random = stream({ seed, purpose: "validationNoise", index: i });
            random.normals(both.subarray(i * (D + Z) + D, (i + 1) * (D + Z)));
          }
          const found = await encoded.of(parameters.subarray(0, coderSize), both); // [n, Z + 1]
          const latents = new Float32Array(n * Z);
          for (let i = 0; i < n * Z; i++) latents[i] = found[Math.floor(i / Z) * (Z + 1) + (i % Z)];
          const terms = await diffusion.bound(
            parameters.subarray(coderSize),
            latents,
            seed,
            settings.likelihoodTimes,
          );
          return terms.prior.map(
            (value, i) => found[i * (Z + 1) + Z] - value - terms.diffusion[i] - terms.reconstruction[i],
          );
        },
      },
      ...(flow && {
        density: {
          note: "of the latents by the probability-flow ODE",
          side: DENSITY_SIDE,
          of: async (parameters, rows) => {
            const { half, step, finer } = LATTICE;
            const coarse = await flow.of(
              parameters.subarray(coderSize),
              Float64Array.from(latticeOf(Z, half, step)),
              DENSITY_STEPS,
            );
            const codes = latticeOf(Z, half * finer, step / finer);
            const means = await decoder.of(parameters.subarray(0, coderSize), codes);
            const weights = interpolated(coarse, Z, codes).map((log) => log + Z * Math.log(step / finer));
            return mixtureOfDecoded(rows, D, means, Math.exp(parameters[coderSize - 1]), weights);
          },
        },
      }),
      dispose: () => {
        flow?.dispose();
        diffusion.dispose();
        decoder.dispose();
        encoded.dispose();
      },
    };
  },
};

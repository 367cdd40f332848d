/** A latent variable model as a model of the lab: its objective, samples, likelihood estimate and pictures. */
import { stream } from "../../../math/random.ts";
import { namedViews } from "../../../nets/layers/parameters.ts";
import type { ParameterTree } from "../../../nets/layers/tensors.ts";
import { jax, np } from "../../../platform/jax.ts";
import type { LabModel, LabShape } from "../lab-model.ts";
import { evenNormals, mixtureOfDecoded } from "../marginal.ts";
import { rowFunction } from "../rows.ts";
import { importanceBound, importanceWeightedLogLikelihood, type LatentVariableModel } from "./bounds.ts";
import { observationOf } from "./observation.ts";
import { latentManifold, latentTraversal } from "./pictures.ts";

export interface VariationalOptions {
  /** What is maximised: the ELBO, or the bound of K importance samples. */
  readonly objective: "elbo" | "importance";
  /** Draws of z for each row of a training batch. */
  readonly samples: number;
  /** K of the likelihood estimate. */
  readonly likelihoodSamples: number;
  /** Part of the training over which the divergences' weight rises from 0 to 1. */
  readonly warmup?: number;
}

/** Draws of z that density maps are the mean over. */
const LATENTS = 16_384;

export function labVae(model: LatentVariableModel, shape: LabShape, options: VariationalOptions): LabModel {
  const { layout, noise: E, dimension: D } = model;
  const { samples: K, warmup = 0 } = options;
  const observation = observationOf(shape);
  const logWeights = jax.jit(model.logWeights);
  const decoder = rowFunction(layout, E, model.decode, 256);

  /** E[x | noise]. [n, E] → [n, D] */
  const decode = async (parameters: Float32Array, noise: Float32Array): Promise<Float32Array> =>
    Float32Array.from(await decoder.of(parameters, noise));

  const logScaleOf = (parameters: Float32Array): number =>
    namedViews(layout, parameters).get("observation.logScale")?.[0] ?? 0;

  const draws: LabModel["draws"] = (batch, random, progress) => ({
    noise: { values: random.normals(new Float32Array(batch * K * E)), shape: [batch, K, E] },
    klWeight: { values: Float32Array.of(warmup > 0 ? Math.min(1, progress / warmup) : 1), shape: [1] },
  });

  const loss: LabModel["loss"] = (parameters: ParameterTree, x, { noise, klWeight }) => {
    if (options.objective === "elbo") return model.negativeElbo(parameters, x, noise, klWeight);
    klWeight.dispose();
    return np.negative(importanceBound(model.logWeights(parameters, x, noise)));
  };

  const sample: LabModel["sample"] = async (parameters, n, seed) => {
    const streams = Array.from({ length: n }, (_, index) =>
      stream({ seed, purpose: "samplingNoise", index }),
    );
    const noise = new Float32Array(n * E);
    for (let i = 0; i < n; i++) streams[i].normals(noise.subarray(i * E, (i + 1) * E));
    const rows = await decode(parameters, noise);
    const logScale = logScaleOf(parameters);
    for (let i = 0; i < n; i++) observation.draw(rows.subarray(i * D, (i + 1) * D), logScale, streams[i]);
    return rows;
  };

  return {
    layout,
    draws,
    loss,
    sample,
    logLikelihood: {
      kind: "lower bound",
      of: (parameters, rows, seed) =>
        importanceWeightedLogLikelihood(model, logWeights, parameters, rows, seed, options.likelihoodSamples),
    },
    ...(shape.kind === "points" && {
      density: {
        note: `mean of p(x | z) over ${LATENTS.toLocaleString("en")} z`,
        of: async (parameters, rows) => {
          const means = await decode(parameters, evenNormals(LATENTS, E));
          return mixtureOfDecoded(rows, D, means, Math.exp(logScaleOf(parameters)));
        },
      },
    }),
    pictures: async (parameters, seed) => {
      const pictures = [latentTraversal(E, seed), ...(E === 2 ? [latentManifold()] : [])];
      const decoded: { name: string; rows: Float32Array; columns: number }[] = [];
      for (const { name, noise, columns } of pictures)
        decoded.push({ name, rows: await decode(parameters, noise), columns });
      return decoded;
    },
    dispose: () => {
      logWeights.dispose();
      decoder.dispose();
    },
  };
}

/** The variational auto-encoders by name, with their settings. */
import { z } from "zod";
import type { LabModelKind } from "../lab-model.ts";
import { autoencoder } from "./autoencoder.ts";
import { labVae } from "./lab-vae.ts";
import { diagonalPosterior, fullPosterior, type Posterior } from "./posterior.ts";

const count = z.number().int().positive();

const vaeSettings = z.strictObject({
  /** Dimensions of z. */
  latent: count.default(2),
  /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
  hidden: z.array(count).default([64, 64]),
  /** K of the estimate of log p(x); 1 is the ELBO. */
  likelihoodSamples: count.default(100),
});
type VaeSettings = z.infer<typeof vaeSettings>;

const trainingPreset = {
  "training.learningRate": 1e-3,
  "training.decay": "cosine",
  "training.emaDecay": 0.999,
  "training.amsgrad": false,
};
const presets = {
  mnist: { latent: 20, hidden: [400], "training.batchSize": 200, "training.epochs": 25, ...trainingPreset },
};

/** A VAE that maximises the ELBO, with the posterior family that `posteriorOf` makes. */
const elboKind = (
  name: string,
  title: string,
  source: string,
  posteriorOf: (latent: number) => Posterior,
): LabModelKind<VaeSettings> => ({
  name,
  title,
  source,
  settings: vaeSettings,
  presets,
  build: ({ latent, hidden, likelihoodSamples }, shape) =>
    labVae(autoencoder(shape, latent, hidden, posteriorOf(latent)), shape, {
      objective: "elbo",
      samples: 1,
      likelihoodSamples,
    }),
});

export const vae = elboKind(
  "vae",
  "VAE: amortised variational inference, diagonal Gaussian posterior",
  "Kingma, Welling 2014",
  diagonalPosterior,
);

export const vaeFull = elboKind(
  "vae-full",
  "VAE with a full-covariance Gaussian posterior",
  "Kingma, Welling 2014; 2019, section 2.5",
  fullPosterior,
);

const iwaeSettings = vaeSettings.extend({
  /** Importance samples of the training bound. */
  samples: count.default(5),
});

export const iwae: LabModelKind<z.infer<typeof iwaeSettings>> = {
  name: "iwae",
  title: "IWAE: the importance-weighted bound as objective",
  source: "Burda, Grosse, Salakhutdinov 2016",
  settings: iwaeSettings,
  presets,
  build: ({ latent, hidden, samples, likelihoodSamples }, shape) =>
    labVae(autoencoder(shape, latent, hidden, diagonalPosterior(latent)), shape, {
      objective: "importance",
      samples,
      likelihoodSamples,
    }),
};

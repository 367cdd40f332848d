/** The variational auto-encoders by name, with their settings. */
import { z } from "zod";
import { count, depth, width } from "../../../models/limits.ts";
import type { LabModelKind } from "../lab-model.ts";
import { autoencoder } from "./autoencoder.ts";
import { iafPosterior, planarPosterior } from "./flow-posterior.ts";
import { labVae } from "./lab-vae.ts";
import { ladder } from "./ladder.ts";
import { diagonalPosterior, fullPosterior, type Posterior } from "./posterior.ts";

const vaeSettings = z.strictObject({
  /** Dimensions of z. */
  latent: width.default(2),
  /** Widths of the encoder's hidden layers; the decoder has them in reverse. */
  hidden: z.array(width).max(64).default([64, 64]),
  /** K of the estimate of log p(x); 1 is the ELBO. */
  likelihoodSamples: count.default(100),
});
type VaeSettings = z.infer<typeof vaeSettings>;

const trainingOfImages = {
  "training.batchSize": 256,
  "training.epochs": 8,
  "training.clipping": "none",
  "training.learningRate": 2e-3,
  "training.emaDecay": 0.99,
};
const presets = { images: { ...trainingOfImages, latent: 20, hidden: [400] } };

/** A VAE that maximises the ELBO, with the posterior family that `posteriorOf` makes. */
const elboKind = <S extends VaeSettings>(
  name: string,
  title: string,
  source: string,
  settings: z.ZodType<S>,
  posteriorOf: (settings: S) => Posterior,
): LabModelKind<S> => ({
  name,
  title,
  source,
  settings,
  presets,
  build: (chosen, shape) =>
    labVae(autoencoder(shape, chosen.latent, chosen.hidden, posteriorOf(chosen)), shape, {
      objective: "elbo",
      samples: 1,
      likelihoodSamples: chosen.likelihoodSamples,
    }),
});

export const vae = elboKind(
  "vae",
  "VAE: amortised variational inference, diagonal Gaussian posterior",
  "Kingma, Welling 2014",
  vaeSettings,
  ({ latent }) => diagonalPosterior(latent),
);

export const vaeFull = elboKind(
  "vae-full",
  "VAE with a full-covariance Gaussian posterior",
  "Kingma, Welling 2014; 2019, section 2.5",
  vaeSettings,
  ({ latent }) => fullPosterior(latent),
);

export const vaePlanar = elboKind(
  "vae-planar",
  "VAE with a planar-flow posterior",
  "Rezende, Mohamed 2015",
  vaeSettings.extend({
    /** Planar maps between the Gaussian and the posterior. */
    length: depth.default(10),
  }),
  ({ latent, length }) => planarPosterior(latent, length),
);

export const vaeIaf = elboKind(
  "vae-iaf",
  "VAE with an inverse autoregressive posterior",
  "Kingma, Salimans, Jozefowicz, Chen, Sutskever, Welling 2016",
  vaeSettings.extend({
    latent: width.min(2).default(2),
    /** Autoregressive maps between the Gaussian and the posterior. */
    length: depth.default(2),
    /** Hidden units of each map's network. */
    width: width.default(64),
  }),
  ({ latent, length, width }) => iafPosterior(latent, length, width),
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

const ladderSettings = z
  .strictObject({
    /** Dimensions of the latents, from the one next to the data upwards. */
    latents: z.array(width).min(1).max(64).default([4, 2]),
    /** Widths of the networks at each level. */
    widths: z.array(width).min(1).max(64).default([64, 32]),
    /** Part of the training over which the divergences' weight rises from 0 to 1. */
    warmup: z.number().min(0).max(1).default(0.25),
    /** K of the estimate of log p(x); 1 is the ELBO. */
    likelihoodSamples: count.default(100),
  })
  .refine(
    ({ latents, widths }) => latents.length === widths.length,
    "latents and widths need one number a level",
  );

export const ladderVae: LabModelKind<z.infer<typeof ladderSettings>> = {
  name: "ladder-vae",
  title: "Ladder VAE: a hierarchy of latents, with warm-up",
  source: "Sønderby, Raiko, Maaløe, Sønderby, Winther 2016",
  settings: ladderSettings,
  presets: {
    images: { ...trainingOfImages, latents: [32, 16, 8], widths: [400, 200, 100] },
  },
  build: ({ latents, widths, warmup, likelihoodSamples }, shape) =>
    labVae(ladder(shape, latents, widths), shape, {
      objective: "elbo",
      samples: 1,
      likelihoodSamples,
      warmup,
    }),
};

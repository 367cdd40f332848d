/**
 * Cold diffusion (Bansal et al. 2022): blur in the place of noise. A network restores an image from its blur D(x, t), and
 * sampling follows their algorithm 2 from a Gaussian over the few coefficients that the strongest blur leaves. A little
 * noise tells samples apart, as in their section 5.2; it is trained with here. The error is squared in place of their
 * absolute one: the median of what a thin stroke may be is black, the mean is not.
 */
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { cholesky } from "../../../math/cholesky.ts";
import { stream } from "../../../math/random.ts";
import { count } from "../../../models/limits.ts";
import { initialParameters, layoutSize } from "../../../nets/layers/parameters.ts";
import { np } from "../../../platform/jax.ts";
import { denoiserNetwork, denoiserPresets, denoiserSettings } from "../denoiser-network.ts";
import { type LabModel, type LabModelKind, rowLength } from "../lab-model.ts";
import { rowNetwork, rowSpace } from "../rows.ts";
import { blurOf } from "./blur.ts";
import { deblur, raised } from "./deblur.ts";

const positive = z.number().positive();

const settingsSchema = z.strictObject({
  ...denoiserSettings,
  /** T: levels of blur. */
  steps: count.default(50),
  /** Width of the blur in pixels at t = 1/T and at t = 1. */
  sigmaMin: positive.default(0.5),
  sigmaMax: positive.default(14),
  /** Standard deviation of the noise on blurred images, of values from −1 to 1. */
  noise: z.number().nonnegative().default(0.05),
});

/** Frequencies i² + j² up to this square make the Gaussian that sampling starts from. */
const LOW = 9;

export const cold: LabModelKind<z.infer<typeof settingsSchema>> = {
  name: "cold",
  title: "Cold diffusion: blur in the place of noise",
  source: "Bansal, Borgnia, Chu, Li, Kazemi, Huang, Goldblum, Geiping, Goldstein 2022",
  settings: settingsSchema,
  presets: denoiserPresets,
  build: (settings, shape) => {
    if (shape.kind !== "images") throw new InputError("cold blurs images; take mnist or mnist-grey");
    const { height: H, width: W } = shape;
    const D = rowLength(shape);
    const T = settings.steps;
    const blur = blurOf(H, W);
    const network = denoiserNetwork(settings, shape);
    const low = Array.from({ length: D }, (_, k) => k).filter(
      (k) => Math.floor(k / W) ** 2 + (k % W) ** 2 <= LOW,
    );
    const Q = low.length;
    // Fixed: what the strongest blur leaves of the data, as a Gaussian.
    const layout = [
      ...network.layout,
      { name: "start.mean", shape: [Q], bound: 0 },
      { name: "start.cholesky", shape: [Q, Q], bound: 0 },
    ];
    const networkSize = layoutSize(network.layout);
    const compiled = rowNetwork(network.layout, D, network.apply, 128);
    const sigmaOf = (step: number): number =>
      step === 0
        ? 0
        : settings.sigmaMin * (settings.sigmaMax / settings.sigmaMin) ** ((step - 1) / Math.max(T - 1, 1));

    const widths = Array.from({ length: T + 1 }, (_, step) => sigmaOf(step));
    const factors = widths.map(blur.factors);
    const raises = factors.map((kept) => raised(kept, settings.noise));

    /** What the network sees: coefficients kept and raised, and the noise, raised too. */
    const draws: LabModel["draws"] = (batch, random) => {
      const steps = Array.from({ length: batch }, () => 1 + random.integer(T));
      const kept = new Float32Array(batch * D);
      const noise = random.normals(new Float32Array(batch * D));
      steps.forEach((step, i) => {
        for (let k = 0; k < D; k++) {
          kept[i * D + k] = factors[step][k] * raises[step][k];
          noise[i * D + k] *= settings.noise * raises[step][k];
        }
      });
      return {
        t: { values: Float32Array.from(steps, (step) => step / T), shape: [batch] },
        kept: { values: kept, shape: [batch, H, W] },
        noise: { values: noise, shape: [batch, H, W] },
      };
    };

    return {
      layout,
      initialise: async (seed, rows) => {
        const n = Math.min(5000, rows.length / D);
        const images = Float64Array.from(rows.subarray(0, n * D), (x) => 2 * x - 1);
        const found = blur.coefficients(blur.apply(images, sigmaOf(T)));
        const mean = low.map((k) => {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += found[i * D + k];
          return sum / n;
        });
        const covariance = low.map((p, a) =>
          low.map((q, b) => {
            let sum = a === b ? 1e-9 * n : 0;
            for (let i = 0; i < n; i++) sum += (found[i * D + p] - mean[a]) * (found[i * D + q] - mean[b]);
            return sum / n;
          }),
        );
        const L = cholesky(covariance) ?? new Array<number>(Q * Q).fill(0);
        const parameters = initialParameters(layout, seed);
        parameters.set(mean, networkSize);
        parameters.set(L, networkSize + Q);
        return parameters;
      },
      draws,
      // docs: begin loss
      loss: (parameters, data, { t, kept, noise }) => {
        const { network: restorer } = parameters as unknown as { readonly network: typeof parameters };
        const x = data.mul(2).sub(1); // [B, H W]
        const seen = blur.onDevice(x.ref.reshape([-1, H, W]), kept, noise).reshape([-1, D]); // D(x, t), noise
        const restored = network.apply({ network: restorer }, seen, t); // R(D(x, t), t)
        return np.square(restored.sub(x)).mean(1);
      },
      // docs: end loss
      sample: async (parameters, n, seed) => {
        const mean = parameters.subarray(networkSize, networkSize + Q);
        const L = parameters.subarray(networkSize + Q);
        const start = rowSpace(n, D, seed)
          .noise(T)
          .map((value) => settings.noise * value);
        for (let i = 0; i < n; i++) {
          const random = stream({ seed, purpose: "samplingNoise", index: i, step: 0xfffffffe });
          const normal = random.normals(new Float64Array(Q));
          low.forEach((k, a) => {
            start[i * D + k] += mean[a];
            for (let b = 0; b <= a; b++) start[i * D + k] += L[a * Q + b] * normal[b];
          });
        }
        const bound = compiled.with(parameters.subarray(0, networkSize));
        const restore = (seen: Float64Array, step: number) => bound.of(seen, step / T);
        const x = await deblur(blur, widths, settings.noise, start, restore);
        bound.release();
        return Float32Array.from(x, (value) => Math.min(1, Math.max(0, (value + 1) / 2)));
      },
      dispose: compiled.dispose,
    };
  },
};

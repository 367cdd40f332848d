/**
 * The network that predicts from a noised row and its time: a residual MLP for points; for images one too, which sees all
 * pixels at once; or an MLP-Mixer, or a convolutional U-Net, which share their weights over the image. The U-Net is
 * computed by kernels of our own where there are any.
 */
import { z } from "zod";
import type { EngineOptions } from "../../engines/open-engine.ts";
import { InputError } from "../../errors.ts";
import { count, depth, width } from "../../models/limits.ts";
import { type Mixer, mixer, mixerSpecs } from "../../nets/layers/mixer.ts";
import type { Layout } from "../../nets/layers/parameters.ts";
import {
  type ResidualMlp,
  residualMlp,
  residualMlpSpecs,
  timeFeatures,
} from "../../nets/layers/residual-mlp.ts";
import type { ParameterTree } from "../../nets/layers/tensors.ts";
import { type UnetParameters, unet } from "../../nets/unet/unet.ts";
import { MOST_LEVELS, type UnetConfig, unetLayout, WIDTH_UNIT } from "../../nets/unet/unet-config.ts";
import type { np } from "../../platform/jax.ts";
import { type LabModelKind, type LabShape, rowLength } from "./lab-model.ts";
import { type UnetRows, unetRows } from "./unet-rows.ts";

export const denoiserSettings = {
  /** Width of the network. */
  hidden: width.default(128),
  /** Residual blocks. */
  blocks: depth.default(3),
  /** Sines and cosines of the time. */
  timeFeatures: width.default(64),
  /** What sees images. */
  network: z.enum(["mlp", "mixer", "unet"]).default("mlp"),
  /** Side of the patches that the mixer cuts images into. */
  patch: count.default(4),
  /** Channels of the U-Net at each size of the image, each half of the one before. */
  channels: z.array(count.multipleOf(WIDTH_UNIT).max(512)).min(1).max(MOST_LEVELS).default([16, 32, 64]),
};

export interface DenoiserSettings {
  readonly hidden: number;
  readonly blocks: number;
  readonly timeFeatures: number;
  readonly network: "mlp" | "mixer" | "unet";
  readonly patch: number;
  readonly channels: readonly number[];
}

/** What suits these networks. */
export const denoiserPresets = {
  points: { "training.learningRate": 3e-3, "training.emaDecay": 0.99, "training.epochs": 60 },
  images: {
    hidden: 512,
    "training.learningRate": 1e-3,
    "training.batchSize": 128,
    "training.epochs": 5,
    "training.emaDecay": 0.995,
    "training.clipping": "none",
    "training.validateEvery": 500,
  },
} satisfies LabModelKind["presets"];

/** Of points, for kinds that choose their sampler: its noise makes good for errors of earlier steps. */
export const fewNoisySteps = (presets: typeof denoiserPresets): NonNullable<LabModelKind["presets"]> => ({
  ...presets,
  points: { ...presets.points, sampler: "sde-dpm-solver", sampleSteps: 50 },
});

export interface DenoiserNetwork {
  readonly layout: Layout;
  /** Takes ownership. z [B, D], t [B] → [B, D] */
  readonly apply: (parameters: ParameterTree, z: np.Array, t: np.Array) => np.Array;
  /** The same by kernels, which are to be preferred where they are there. */
  readonly kernels?: UnetRows;
}

type Parameters = { readonly network: ResidualMlp & Mixer };

/**
 * @param engine what computes the U-Net
 * @throws InputError for symbols, for images that the patches do not fill or that do not halve
 */
export function denoiserNetwork(
  settings: DenoiserSettings,
  shape: LabShape,
  engine: EngineOptions = {},
): DenoiserNetwork {
  const networkOf = (parameters: ParameterTree): Parameters["network"] =>
    (parameters as unknown as Parameters).network;
  if (shape.kind === "symbols")
    throw new InputError("a Gaussian diffusion takes points or images, not symbols");
  if (shape.kind === "points" && settings.network !== "mlp")
    throw new InputError(`network = ${settings.network} takes images; points take network = mlp`);
  if (shape.kind === "points" || settings.network === "mlp") {
    const config = { ...settings, inputs: rowLength(shape), outputs: rowLength(shape) };
    return {
      layout: residualMlpSpecs("network", config),
      apply: (parameters, zt, t) => residualMlp(config, networkOf(parameters), zt, t),
    };
  }
  const { height, width } = shape;
  if (settings.network === "unet") {
    const config = unetConfig(settings, height, width);
    return {
      layout: unetLayout(config),
      apply: (parameters, zt, t) =>
        unet(config, parameters as unknown as UnetParameters, zt, timeFeatures(t, config.timeFeatures)),
      kernels: unetRows(config, engine),
    };
  }
  if (height % settings.patch !== 0 || width % settings.patch !== 0)
    throw new InputError(`patch = ${settings.patch} does not divide the ${height} × ${width} of the images`);
  const config = { ...settings, height, width };
  return {
    layout: mixerSpecs("network", config),
    apply: (parameters, zt, t) => mixer(config, networkOf(parameters), zt, t),
  };
}

function unetConfig(
  { channels, timeFeatures: features }: DenoiserSettings,
  height: number,
  width: number,
): UnetConfig {
  const divisor = 2 ** (channels.length - 1);
  if (height % divisor !== 0 || width % divisor !== 0)
    throw new InputError(
      `channels has ${channels.length} sizes, each half of the one before; the ${height} × ${width} of the images cannot be halved ${channels.length - 1} times`,
    );
  if (features % WIDTH_UNIT !== 0)
    throw new InputError(`timeFeatures = ${features}: the U-Net takes multiples of ${WIDTH_UNIT}`);
  return { height, width, channels, timeFeatures: features, embedding: 4 * channels[0] };
}

/** The U-Net as an engine: what native code and WebAssembly have in common, and the same by jax-js. */

import { layoutSize } from "../../nets/layers/parameters.ts";
import { MOST_LEVELS, type UnetConfig, unetLayout, WIDTH_UNIT } from "../../nets/unet/unet-config.ts";
import { checkLength } from "../check-length.ts";

/** B images side by side, noised, and what the network is told of their times. */
export interface ImageBatch {
  /** [B, height · width] */
  readonly images: Float32Array;
  /** [B, timeFeatures] */
  readonly features: Float32Array;
}

/** L = Σ_b weight_b ‖out_b − target_b‖² */
export interface ImageTarget {
  /** [B, height · width] */
  readonly target: Float32Array;
  /** [B] */
  readonly weight: Float32Array;
}

/** Computes one U-Net. Parameters are one flat array in the order of `unetLayout`. */
export interface ImageEngine {
  /** "jax (wasm)", "native (AVX-512)" … */
  readonly name: string;
  /** [B, height · width] */
  readonly forward: (parameters: Float32Array, batch: ImageBatch) => Promise<Float32Array>;
  /** ‖out_b − target_b‖² [B]; ∂L/∂parameters replaces the contents of `gradient`. */
  readonly squaredError: (
    parameters: Float32Array,
    batch: ImageBatch,
    target: ImageTarget,
    gradient: Float32Array,
  ) => Promise<Float64Array>;
  /** Frees the kernel; once. */
  readonly dispose: () => void;
}

/** A build of unet.c, or jax-js. Lengths were checked. */
export interface UnetComputation {
  readonly name: string;
  readonly evaluate: (
    parameters: Float32Array,
    batch: ImageBatch,
    output: Float32Array,
  ) => void | Promise<void>;
  readonly train: (
    parameters: Float32Array,
    batch: ImageBatch,
    target: ImageTarget,
    errors: Float64Array,
    gradient: Float32Array,
  ) => void | Promise<void>;
  readonly dispose: () => void;
}

/** Whether the kernels compute such a network: widths of whole vectors, images that halve as often as there are levels. */
export function unetIsCompiled({ height, width, channels, timeFeatures, embedding }: UnetConfig): boolean {
  const isWidth = (most: number) => (count: number) => count > 0 && count % WIDTH_UNIT === 0 && count <= most;
  const divisor = 1 << (channels.length - 1);
  return (
    channels.length <= MOST_LEVELS &&
    channels.every(isWidth(512)) &&
    [timeFeatures, embedding].every(isWidth(1024)) &&
    [height, width].every((side) => side <= 256 && side % divisor === 0)
  );
}

/** The engine around what computes. */
export function unetEngine(config: UnetConfig, kernel: UnetComputation): ImageEngine {
  const count = layoutSize(unetLayout(config));
  const pixels = config.height * config.width;
  const checked = (parameters: Float32Array, { images, features }: ImageBatch): number => {
    const B = images.length / pixels;
    checkLength("parameters", parameters, count);
    checkLength("images", images, pixels * Math.ceil(B));
    checkLength("features", features, config.timeFeatures * B);
    return B;
  };
  return {
    name: kernel.name,
    forward: async (parameters, batch) => {
      checked(parameters, batch);
      const output = new Float32Array(batch.images.length);
      await kernel.evaluate(parameters, batch, output);
      return output;
    },
    squaredError: async (parameters, batch, target, gradient) => {
      const B = checked(parameters, batch);
      checkLength("target", target.target, batch.images.length);
      checkLength("weight", target.weight, B);
      checkLength("gradient", gradient, count);
      const errors = new Float64Array(B);
      await kernel.train(parameters, batch, target, errors, gradient);
      return errors;
    },
    dispose: kernel.dispose,
  };
}

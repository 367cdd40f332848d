/**
 * The U-Net of DDPM (Ho, Jain, Abbeel 2020, appendix B): residual blocks with group normalisation (He et al. 2016; Wu &
 * He 2018) at falling and rising sizes of the image, told the time in each, with shortcuts between equal sizes. Smaller
 * than theirs: one block at each level, no attention, images halved by their mean and doubled by repetition.
 * Images are [B, height, width, channels].
 */
import { nn, np } from "../../platform/jax.ts";
import { conv3x3 } from "../layers/conv.ts";
import { silu } from "../layers/mlp.ts";
import { type Linear, linear } from "../layers/tensors.ts";
import { UNET_GROUPS, type UnetConfig } from "./unet-config.ts";

type Norm = { readonly scale: np.Array; readonly shift: np.Array };

type Block = {
  readonly norm1: Norm;
  readonly conv1: np.Array;
  readonly time: Linear;
  readonly norm2: Norm;
  readonly conv2: np.Array;
  readonly bias2: np.Array;
  readonly skip?: np.Array;
};

export type UnetParameters = {
  readonly time: readonly [Linear, Linear];
  readonly enter: Linear;
  readonly down: readonly Block[];
  readonly middle: Block;
  /** From the smallest size up. */
  readonly up: readonly Block[];
  readonly norm: Norm;
  readonly leave: Linear;
};

/** Takes ownership. weight [9 · inputs, outputs], bias [outputs] */
const convolution = (weight: np.Array, bias: np.Array, x: np.Array): np.Array =>
  conv3x3({ weight: weight.transpose(), bias }, x);

/** Zero mean and unit variance over each group of channels; then scaled and shifted; takes ownership. */
function groupNorm({ scale, shift }: Norm, x: np.Array): np.Array {
  const [B, H, W, C] = x.shape;
  const groups = x
    .reshape([B, H * W, UNET_GROUPS, C / UNET_GROUPS])
    .transpose([0, 2, 1, 3])
    .reshape([B, UNET_GROUPS, (H * W * C) / UNET_GROUPS]);
  return nn
    .standardize(groups, -1)
    .reshape([B, UNET_GROUPS, H * W, C / UNET_GROUPS])
    .transpose([0, 2, 1, 3])
    .reshape([B, H, W, C])
    .mul(scale)
    .add(shift);
}

/** x + conv₂(silu(norm₂(conv₁(silu(norm₁(x))) + W s + b))); takes ownership of the block and x. time [B, E] */
function residual(block: Block, time: np.Array, x: np.Array): np.Array {
  const [B] = x.shape;
  const outputs = block.bias2.shape[0];
  const told = linear(block.time, time).reshape([B, 1, 1, outputs]);
  const none = np.zeros([outputs], { dtype: x.dtype });
  const h = convolution(block.conv1, none, silu(groupNorm(block.norm1, x.ref))).add(told);
  const own = convolution(block.conv2, block.bias2, silu(groupNorm(block.norm2, h)));
  return own.add(block.skip ? np.matmul(x, block.skip) : x);
}

/** Means of two by two pixels; takes ownership. */
function halved(x: np.Array): np.Array {
  const [B, H, W, C] = x.shape;
  return x.reshape([B, H / 2, 2, W / 2, 2, C]).mean([2, 4]);
}

/** Each pixel four times; takes ownership. */
function doubled(x: np.Array): np.Array {
  const [B, H, W, C] = x.shape;
  return np.broadcastTo(x.reshape([B, H, 1, W, 1, C]), [B, H, 2, W, 2, C]).reshape([B, 2 * H, 2 * W, C]);
}

/** Takes ownership. x [B, height · width], features of the time [B, timeFeatures] → [B, height · width] */
export function unet(
  { height, width, channels }: UnetConfig,
  parameters: UnetParameters,
  x: np.Array,
  features: np.Array,
): np.Array {
  const [B] = x.shape;
  const { time, enter, down, middle, up, norm, leave } = parameters;
  const told = silu(linear(time[1], silu(linear(time[0], features))));
  let h = convolution(enter.weight, enter.bias, x.reshape([B, height, width, 1]));
  const skipped = down.map((block, level) => {
    h = residual(block, told.ref, level === 0 ? h : halved(h));
    return h.ref;
  });
  h = residual(middle, told.ref, h);
  up.forEach((block, k) => {
    const across = skipped[channels.length - 1 - k];
    h = residual(block, told.ref, np.concatenate([k === 0 ? h : doubled(h), across], 3));
  });
  told.dispose();
  return convolution(leave.weight, leave.bias, silu(groupNorm(norm, h))).reshape([B, height * width]);
}

/** The U-Net in native code: unet.c behind Node-API. */
import { InputError, WorkError } from "../../errors.ts";
import type { UnetConfig } from "../../nets/unet/unet-config.ts";
import { type NativeOptions, nativeAddon, nativeStatus } from "../native-addon.ts";
import { type UnetComputation, unetIsCompiled } from "./unet-kernel.ts";

/**
 * The kernel for a network, or undefined where it was not built or computes no such network.
 * @throws InputError for an instruction set that this processor lacks
 */
export function loadNativeUnet(
  config: UnetConfig,
  { threads = 1, isa = "" }: NativeOptions = {},
): UnetComputation | undefined {
  const addon = nativeAddon();
  if (addon === undefined || !unetIsCompiled(config)) return undefined;
  const { height, width, timeFeatures, embedding, channels } = config;
  const sizes = Int32Array.of(height, width, timeFeatures, embedding, threads, ...channels);
  const handle = attempt(InputError, () => addon.unet.create(sizes, isa));
  return {
    name: `native (${isa || nativeStatus().isa})`,
    evaluate: (parameters, { images, features }, output) =>
      attempt(WorkError, () => addon.unet.evaluate(handle, parameters, images, features, output)),
    train: (parameters, { images, features }, { target, weight }, errors, gradient) =>
      attempt(WorkError, () =>
        addon.unet.train(handle, parameters, images, features, target, weight, errors, gradient),
      ),
    dispose: () => addon.unet.dispose(handle),
  };
}

function attempt<T>(Problem: typeof InputError | typeof WorkError, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new Problem(`native U-Net: ${(error as Error).message}`);
  }
}

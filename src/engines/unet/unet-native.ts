/** The U-Net in native code: unet.c behind Node-API. */
import { InputError, WorkError } from "../../errors.ts";
import type { UnetConfig } from "../../nets/unet/unet-config.ts";
import { attempt, type NativeOptions, nativeAddon, nativeStatus } from "../native-addon.ts";
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
  const handle = attempt("native U-Net", InputError, () => addon.unet.create(sizes, isa));
  return {
    name: `native (${isa || nativeStatus().isa})`,
    evaluate: (parameters, { images, features }, output) =>
      attempt("native U-Net", WorkError, () =>
        addon.unet.evaluate(handle, parameters, images, features, output),
      ),
    train: (parameters, { images, features }, { target, weight }, errors, gradient) =>
      attempt("native U-Net", WorkError, () =>
        addon.unet.train(handle, parameters, images, features, target, weight, errors, gradient),
      ),
    dispose: () => addon.unet.dispose(handle),
  };
}

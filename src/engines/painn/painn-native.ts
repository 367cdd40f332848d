/** PaiNN in native code: painn.c behind Node-API. */
import { InputError, WorkError } from "../../errors.ts";
import type { GeometricConfig } from "../../nets/geometric.ts";
import { attempt, type NativeOptions, nativeAddon, nativeStatus } from "../native-addon.ts";
import { type PainnKernel, painnSizes } from "./painn-engine.ts";

/**
 * The kernel for a network, or undefined where it was not built or computes no such network.
 * @throws InputError for an instruction set that this processor lacks
 */
export function loadNativePainn(
  config: GeometricConfig,
  { threads = 1, isa = "" }: NativeOptions = {},
): PainnKernel | undefined {
  const addon = nativeAddon();
  const sizes = painnSizes(config);
  if (addon === undefined || sizes === undefined) return undefined;
  const handle = attempt("native PaiNN", InputError, () => addon.painn.create({ ...sizes, threads }, isa));
  return {
    name: `native (${isa || nativeStatus().isa})`,
    evaluate: (parameters, { sizes, species, positions }, outputs, slope) =>
      attempt("native PaiNN", WorkError, () =>
        addon.painn.evaluate(handle, parameters, sizes, species, positions, outputs, slope),
      ),
    train: (parameters, { sizes, species, positions }, coefficients, direction, gradient) =>
      attempt("native PaiNN", WorkError, () =>
        addon.painn.train(handle, parameters, sizes, species, positions, coefficients, direction, gradient),
      ),
    dispose: () => addon.painn.dispose(handle),
  };
}

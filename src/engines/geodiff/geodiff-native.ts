/** The conformer network in native code: geodiff.c behind Node-API. */
import { InputError, WorkError } from "../../errors.ts";
import type { GeoDiffConfig } from "../../nets/geodiff/geodiff.ts";
import { attempt, type NativeOptions, nativeAddon, nativeStatus } from "../native-addon.ts";
import { computesWidth, type GeoDiffKernel, type RaggedGraphs } from "./geodiff-kernel.ts";

/**
 * The kernel for a network, or undefined where it was not built or computes no such network.
 * @throws InputError for an instruction set that this processor lacks
 */
export function loadNativeGeoDiff(
  config: GeoDiffConfig,
  { threads = 1, isa = "" }: NativeOptions = {},
): GeoDiffKernel | undefined {
  const addon = nativeAddon();
  if (addon === undefined || !computesWidth(config)) return undefined;
  const { atomFeatures, hidden, localLayers, globalLayers } = config;
  const sizes = Int32Array.of(atomFeatures, hidden, localLayers, globalLayers, threads);
  const handle = attempt("native conformer network", InputError, () => addon.geodiff.create(sizes, isa));
  const inputs = (graphs: RaggedGraphs) => [
    graphs.counts,
    graphs.atoms,
    graphs.positions,
    graphs.scales,
    graphs.local,
    graphs.features,
    graphs.far,
    graphs.centres,
    graphs.signs,
  ];
  return {
    name: `native (${isa || nativeStatus().isa})`,
    evaluate: (parameters, graphs, output) =>
      attempt("native conformer network", WorkError, () =>
        addon.geodiff.evaluate(handle, parameters, ...inputs(graphs), output),
      ),
    train: (parameters, graphs, target, weight, losses, gradient) =>
      attempt("native conformer network", WorkError, () =>
        addon.geodiff.train(handle, parameters, ...inputs(graphs), target, weight, losses, gradient),
      ),
    dispose: () => addon.geodiff.dispose(handle),
  };
}

/** The conformer network in native code: geodiff.c behind Node-API. */
import { InputError, WorkError } from "../errors.ts";
import type { GeoDiffConfig } from "../nets/geodiff/geodiff.ts";
import { type NativeOptions, nativeAddon, nativeStatus } from "./native-addon.ts";

/** Molecules side by side; indices count within a molecule. */
export interface RaggedGraphs {
  /** Atoms, local edges, far edges, centres of each molecule. [M, 4] */
  readonly counts: Int32Array;
  /** [A, atomFeatures] */
  readonly atoms: Float32Array;
  /** [A, 3] */
  readonly positions: Float32Array;
  /** [M] */
  readonly scales: Float32Array;
  /** [L, 2] */
  readonly local: Int32Array;
  /** [L, edgeFeatures] */
  readonly features: Float32Array;
  /** [G, 2] */
  readonly far: Int32Array;
  /** Atom and its neighbours a, b, c, d. [C, 5] */
  readonly centres: Int32Array;
  /** [C] */
  readonly signs: Float32Array;
}

export interface GeoDiffKernel {
  /** "native (AVX-512)" */
  readonly name: string;
  /** Fills the displacement of every atom. [A, 3] */
  readonly evaluate: (parameters: Float32Array, graphs: RaggedGraphs, output: Float32Array) => void;
  /** Fills the losses [M], w_m Σ ‖Δ − target‖², and the gradient of their mean. */
  readonly train: (
    parameters: Float32Array,
    graphs: RaggedGraphs,
    target: Float32Array,
    weight: Float32Array,
    losses: Float64Array,
    gradient: Float32Array,
  ) => void;
  readonly dispose: () => void;
}

/** Widths that the kernel computes are multiples of this. */
const WIDTH = 32;

/**
 * The kernel for a network, or undefined where it was not built or computes no such network.
 * @throws InputError for an instruction set that this processor lacks
 */
export function loadNativeGeoDiff(
  config: GeoDiffConfig,
  { threads = 1, isa = "" }: NativeOptions = {},
): GeoDiffKernel | undefined {
  const addon = nativeAddon();
  if (addon === undefined || config.hidden % WIDTH !== 0) return undefined;
  const { atomFeatures, hidden, localLayers, globalLayers } = config;
  const sizes = Int32Array.of(atomFeatures, hidden, localLayers, globalLayers, threads);
  const handle = attempt(InputError, () => addon.geodiff.create(sizes, isa));
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
      attempt(WorkError, () => addon.geodiff.evaluate(handle, parameters, ...inputs(graphs), output)),
    train: (parameters, graphs, target, weight, losses, gradient) =>
      attempt(WorkError, () =>
        addon.geodiff.train(handle, parameters, ...inputs(graphs), target, weight, losses, gradient),
      ),
    dispose: () => addon.geodiff.dispose(handle),
  };
}

function attempt<T>(Problem: typeof InputError | typeof WorkError, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw new Problem(`native conformer network: ${(error as Error).message}`);
  }
}
